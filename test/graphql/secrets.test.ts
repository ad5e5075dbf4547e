import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltOrganization, present, TestServer } from '../support/test-server.js';
import {
  ChangePasswordDocument,
  CreateChannelDocument,
  CreateOrganizationDocument,
  CreateUserDocument,
  LoginDocument,
  OrganizationTreeDocument,
  UpdateChannelDocument,
  UpdateUserDocument,
  UserDocument,
} from './generated/graphql.js';

/** Found nowhere but where it was put. */
const CANARY = 'canary 7f3a91 canary';

let server: TestServer;
let red: BuiltOrganization;
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
});
afterAll(() => server.stop());

/** The text of an answer, which must not have the canary in it, nor any hash. */
function expectNoSecret(answer: unknown): void {
  const text = JSON.stringify(answer);
  expect(text).not.toContain('canary');
  expect(text).not.toContain('argon2');
}

describe('a password is in no answer', () => {
  it('of what made or changed it, nor of any query after that', async () => {
    const { id: organizationId, ownerToken, tag } = red;
    const owner = { username: 'opal', password: CANARY };
    const organization = { name: 'Canary', tag: 'nested', owner };
    expectNoSecret(await server.ask(CreateOrganizationDocument, { input: organization }, server.adminToken));
    const user = { organizationId, username: 'anna', password: CANARY };
    const made = await server.ask(CreateUserDocument, { input: user }, ownerToken);
    const { id } = present(made.data?.createUser?.user);
    const channel = { organizationId, name: 'Private', password: CANARY };
    const place = await server.ask(CreateChannelDocument, { input: channel }, ownerToken);
    const channelId = present(place.data?.createChannel?.channel).id;
    const answers = [
      made,
      place,
      await server.ask(LoginDocument, { input: { organizationTag: tag, username: 'anna', password: CANARY } }),
      await server.ask(UpdateUserDocument, { input: { id, password: `${CANARY}!` } }, ownerToken),
      await server.ask(UpdateChannelDocument, { input: { id: channelId, password: `${CANARY}!` } }, ownerToken),
      await server.ask(UserDocument, { id }, ownerToken),
      await server.ask(OrganizationTreeDocument, { id: organizationId }, ownerToken),
    ];
    for (const { errors } of answers) expect(errors).toEqual([]);
    expectNoSecret(answers);
  });

  it('of a refusal, whatever was wrong about the rest of the input or about the password itself', async () => {
    const { id: organizationId, tag, ownerToken, memberToken } = red;
    const answers = [
      await server.ask(LoginDocument, { input: { organizationTag: tag, username: 'olga', password: CANARY } }),
      await server.ask(CreateUserDocument, { input: { organizationId, username: '', password: CANARY } }, ownerToken),
      await server.ask(
        CreateUserDocument,
        { input: { organizationId, username: 'x', password: `${CANARY}\n` } },
        ownerToken,
      ),
      await server.ask(CreateUserDocument, { input: { organizationId, username: 'x', password: CANARY } }, memberToken),
      await server.ask(
        ChangePasswordDocument,
        { input: { currentPassword: CANARY, newPassword: CANARY } },
        memberToken,
      ),
    ];
    for (const { data, errors } of answers) expect([data, errors]).not.toEqual([null, []]);
    expectNoSecret(answers);
  });

  it.each([
    ['a field is missing beside it', { password: CANARY }],
    ['a field too many is beside it', { organizationTag: 'x', username: 'x', password: CANARY, passwort: 1 }],
    ['a field beside it has a wrong type', { organizationTag: 5, username: { x: 1 }, password: CANARY }],
    ['it has a wrong type', { username: 'x', password: [CANARY] }],
    ['it has a wrong type within an object', { username: 'x', password: { password: CANARY } }],
    ['it is where the whole input should be', CANARY],
  ])('where %s', async (_name, input) => {
    const document = 'mutation ($input: LoginInput!) { login(input: $input) { errors { code } } }';
    const { status, errors } = await server.ask(document, { input }, red.ownerToken);
    expect(status).toBe(400);
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expectNoSecret(errors);
  });

  it('where it stands beside a variable that turns out null', async () => {
    const document = `mutation ($name: String = "x") { login(input: { username: $name, password: "${CANARY}" }) { errors { code } } }`;
    const answer = await server.ask(document, { name: null }, red.ownerToken);
    expect(answer).toMatchObject({ status: 400, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    expectNoSecret(answer);
  });

  it('where it is written into the document in a wrong place', async () => {
    const documents = [
      `mutation { login(input: { username: 5, password: "${CANARY}" }) { errors { code } } }`,
      `mutation { login(input: { password: "${CANARY}" }) { errors { code } } }`,
      `mutation { login(input: "${CANARY}") { errors { code } } }`,
      `mutation { login(input: ["${CANARY}"]) { errors { code } } }`,
      `mutation { createRole(input: { organizationId: 1, name: "x", permissions: ["${CANARY}"] }) { errors { code } } }`,
      `mutation { login(input: { username: "x", password: "${CANARY}" } "${CANARY}") { errors { code } } }`,
      `mutation { login(input: { username: "x", password: "${CANARY}`,
    ];
    for (const document of documents) {
      const answer = await server.ask(document, {}, red.ownerToken);
      expect(answer.status).toBe(400);
      expectNoSecret(answer);
    }
  });
});

it('no token is in an answer but that of the login that gave it', async () => {
  const { tag } = red;
  const { data } = await server.ask(LoginDocument, {
    input: { organizationTag: tag, username: 'olga', password: 'a password of somebody' },
  });
  const { accessToken, refreshToken } = present(data?.login);
  const later = JSON.stringify(await server.ask(OrganizationTreeDocument, { id: red.id }, present(accessToken)));
  for (const token of [accessToken, refreshToken]) expect(later).not.toContain(present(token));
});
