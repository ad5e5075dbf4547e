import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VoiceClient } from '../../src/client/voice-client.js';
import { REST_PATH } from '../../src/rest/rest-door.js';
import type { User } from '../../src/users/user.entity.js';
import { MAX_LOGIN_FRAME_BYTES } from '../../src/voice/control-frames.js';
import { TestServer } from '../support/test-server.js';
import type { TestServices } from '../support/test-services.js';
import { VoiceWorld } from '../voice/voice-world.js';
import { type Booty, type ForgedToken, forgedTokens } from './forged-tokens.js';

/** The ids of what is made next, unlike any other number. */
const [FIRST_USER, FIRST_ORGANIZATION] = [700_001, 800_001];

/** The names of all that is forged. */
const NAMES = forgedTokens({
  ...{ userId: FIRST_USER, organizationId: FIRST_ORGANIZATION, otherOrganizationId: FIRST_ORGANIZATION + 1 },
  ...{ tokenVersion: 0, loginId: '-', otherLoginId: 'OTHER', accessToken: 'a.b.c', refreshToken: '-', apiKey: '-' },
}).map(({ name }) => name);

/** What was once good, and is not any more. */
const REVOKED = [
  'a token of a user who was removed',
  'a token from before the password was changed',
  'a token whose login has ended',
  'a token of a login that was refreshed twice by the same token',
  'an API key of a user who was removed',
  'an API key that was revoked',
  'an API key that is over',
  'the hash of an API key',
];

async function bootyOf(services: TestServices): Promise<Booty> {
  const { system, auth, apiKeys, accessTokens, test } = services;
  await test.database.write(system, async ({ em }) => {
    await em.execute(`alter sequence users_id_seq restart with ${FIRST_USER}`);
    await em.execute(`alter sequence organizations_id_seq restart with ${FIRST_ORGANIZATION}`);
  });
  const [red, blue] = [await services.organization('red'), await services.organization('blue')];
  const [anna, bert] = [await services.user(red, 'anna'), await services.user(red, 'bert')];
  const { accessToken, refreshToken } = await auth.loginAs(system, anna);
  const loginOf = (token: string) => accessTokens.read(token)?.loginId ?? '';
  return {
    userId: anna.id,
    organizationId: red.id,
    otherOrganizationId: blue.id,
    tokenVersion: anna.tokenVersion,
    loginId: loginOf(accessToken),
    otherLoginId: loginOf((await auth.loginAs(system, bert)).accessToken),
    accessToken,
    refreshToken,
    apiKey: (await apiKeys.create(services.as(anna), { name: 'tool', scopes: ['read', 'write', 'voice'] })).key,
  };
}

async function revokedTokens(services: TestServices): Promise<ForgedToken[]> {
  const { system, auth, users, apiKeys, test } = services;
  const green = await services.organization('green');
  const scopes = ['read', 'write', 'voice'] as const;
  const keyOf = async (user: User) => apiKeys.create(services.as(user), { name: 'tool', scopes });
  const [carl, dora, emil] = [
    await services.user(green, 'carl'),
    await services.user(green, 'dora'),
    await services.user(green, 'emil'),
  ];
  const removed = [(await auth.loginAs(system, carl)).accessToken, (await keyOf(carl)).key];
  await users.delete(system, carl.id);
  const beforeChange = (await auth.loginAs(system, dora)).accessToken;
  await users.update(system, dora.id, { password: 'another password' });
  const ended = (await auth.loginAs(system, emil)).accessToken;
  await auth.logout({ ...services.as(emil), actor: await auth.authenticate(ended, null) });
  const { refreshToken } = await auth.loginAs(system, emil);
  const refreshed = (await auth.refresh(system, refreshToken)).accessToken;
  await expect(auth.refresh(system, refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const [revoked, over, good] = [await keyOf(emil), await keyOf(emil), await keyOf(emil)];
  await apiKeys.revoke(services.as(emil), revoked.apiKey.id);
  await test.database.write(system, ({ em }) =>
    em.execute("update api_keys set expires_at = localtimestamp - interval '1 second' where id = ?", [over.apiKey.id]),
  );
  const hash = createHash('sha256').update(good.key).digest('hex');
  const tokens = [removed[0], beforeChange, ended, refreshed, removed[1], revoked.key, over.key, `parley_${hash}`];
  return REVOKED.map((name, index) => ({ name, token: tokens[index] ?? '' }));
}

describe('a forged token', () => {
  let server: TestServer;
  let booty: Booty;
  let tokens: ReadonlyMap<string, string>;
  beforeAll(async () => {
    server = await TestServer.start();
    booty = await bootyOf(server.services);
    const all = [...forgedTokens(booty), ...(await revokedTokens(server.services))];
    tokens = new Map(all.map(({ name, token }) => [name, token]));
  });
  afterAll(() => server.stop());

  /** What the HTTP doors answer: the status of each, and of GraphQL the code. */
  async function knock(headers: Readonly<Record<string, string>>) {
    const body = JSON.stringify({ query: '{ me { username } }' });
    const graphql = await fetch(`${server.url}/graphql`, {
      ...{ method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body },
    });
    const rest = await fetch(`${server.url}${REST_PATH}/orgs/${booty.organizationId}`, { headers });
    const [asked, got] = [Object(await graphql.json()), Object(await rest.json())];
    return {
      statuses: [graphql.status, rest.status],
      codes: [asked.errors?.[0]?.extensions?.code ?? 'OK', got.code ?? 'OK'],
      text: JSON.stringify([asked, got]),
    };
  }

  it('is one of more than 100, all different', () => {
    expect(NAMES.length).toBeGreaterThanOrEqual(100);
    expect([...tokens.keys()].sort()).toEqual([...NAMES, ...REVOKED].sort());
    expect(new Set(tokens.values()).size).toBe(tokens.size);
  });

  it('is not like a good one, which opens both doors', async () => {
    const { accessToken, apiKey } = booty;
    const good: readonly Readonly<Record<string, string>>[] = [
      { authorization: `Bearer ${accessToken}` },
      { authorization: `Bearer ${apiKey}` },
      { 'x-api-key': apiKey },
    ];
    for (const headers of good) {
      expect(await knock(headers)).toMatchObject({ statuses: [200, 200], codes: ['OK', 'OK'] });
    }
  });

  it.each([...NAMES, ...REVOKED])('is refused at GraphQL and REST in both headers: %s', async (name) => {
    const token = tokens.get(name) ?? '';
    const refusals = [await knock({ authorization: `Bearer ${token}` }), await knock({ 'x-api-key': token })];
    for (const { statuses, codes, text } of refusals) {
      expect([name, statuses, codes]).toEqual([name, [401, 401], ['UNAUTHENTICATED', 'UNAUTHENTICATED']]);
      expect(text).not.toContain('anna');
    }
  });

  it.each([
    'Bearer',
    'Bearer ',
    'bearer',
    'Basic YTpi',
    'Token x',
    'Bearer a b',
    'Bearer a,b',
    ', Bearer a',
    '\u00a0Bearer a',
  ])('is refused where the header is %j', async (authorization) => {
    expect((await knock({ authorization })).statuses).toEqual([401, 401]);
  });

  it('is refused beside a good one', async () => {
    const { accessToken, apiKey } = booty;
    const both = { authorization: `Bearer ${accessToken}`, 'x-api-key': apiKey };
    expect((await knock(both)).statuses).toEqual([401, 401]);
  });
});

describe('a forged token at the voice door', () => {
  let world: VoiceWorld;
  let tokens: ReadonlyMap<string, string>;
  let booty: Booty;
  beforeAll(async () => {
    world = await VoiceWorld.open();
    booty = await bootyOf(world.services);
    const all = [...forgedTokens(booty), ...(await revokedTokens(world.services))];
    tokens = new Map(all.map(({ name, token }) => [name, token]));
  });
  afterAll(() => world.close());

  function connect(accessToken: string): Promise<VoiceClient> {
    const credentials = { accessToken };
    return VoiceClient.connect({
      ...{ host: '127.0.0.1', port: world.door.port, insecure: true, clientName: 'test', credentials },
    });
  }

  it('is not like a good one, which lets in', async () => {
    for (const token of [booty.accessToken, booty.apiKey]) await (await connect(token)).close();
  });

  it.each([...NAMES, ...REVOKED])('is refused: %s', async (name) => {
    const token = tokens.get(name) ?? '';
    // What is too long for a first message is not even read.
    const code = token.length > MAX_LOGIN_FRAME_BYTES ? 'TOO_LARGE' : 'UNAUTHENTICATED';
    await expect(connect(token)).rejects.toMatchObject({ code });
    expect(world.registry.size).toBe(0);
  });
});
