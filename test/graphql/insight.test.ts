import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltOrganization, present, TestServer } from '../support/test-server.js';
import {
  CreateChannelDocument,
  ExplainPermissionsDocument,
  SetChannelAclEntryDocument,
  SimulateAclDocument,
  SimulateRoleDocument,
} from './generated/graphql.js';

let server: TestServer;
let red: BuiltOrganization;
let stage: string;
let wings: string;
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
  stage = await channel('Stage');
  wings = await channel('Wings', stage);
  const entry = { channelId: stage, roleId: red.memberRoleId, permissions: ['JOIN' as const] };
  await server.execute(SetChannelAclEntryDocument, { input: entry }, red.ownerToken);
});
afterAll(() => server.stop());

async function channel(name: string, parentId?: string): Promise<string> {
  const input = { organizationId: red.id, name, parentId };
  const { createChannel } = await server.execute(CreateChannelDocument, { input }, red.ownerToken);
  return present(createChannel?.channel).id;
}

const codesOf = async (answer: Promise<{ readonly errors: readonly { extensions: { code: string } }[] }>) =>
  (await answer).errors.map(({ extensions }) => extensions.code);

describe('explainPermissions', () => {
  it('tells the channel that governs, what each role gives, and what would grant what is missing', async () => {
    const variables = { userId: red.memberId, channelId: wings };
    const { explainPermissions } = await server.execute(ExplainPermissionsDocument, variables, red.ownerToken);
    expect(explainPermissions).toMatchObject({
      permissions: ['JOIN'],
      basis: 'ACL',
      governingChannel: { name: 'Stage' },
      roles: [{ role: { name: 'member' }, source: 'ACL_ENTRY', permissions: ['JOIN'] }],
      manageGrants: [],
    });
    const missing = present(explainPermissions).missing;
    expect(missing.map(({ permission }) => permission)).toEqual(['SPEAK', 'WHISPER', 'MANAGE']);
    for (const { suggestions } of missing) expect(suggestions.length).toBeGreaterThan(0);
    expect(missing[0]?.suggestions[0]).toMatchObject({ role: { name: 'member' }, channel: { name: 'Stage' } });
  });

  it('is for oneself without any right, and of others refused', async () => {
    const { memberId, ownerId, memberToken } = red;
    const self = await server.execute(ExplainPermissionsDocument, { userId: memberId, channelId: stage }, memberToken);
    expect(self.explainPermissions?.permissions).toEqual(['JOIN']);
    const ask = (userId: string, channelId: string) =>
      codesOf(server.ask(ExplainPermissionsDocument, { userId, channelId }, memberToken));
    expect(await ask(ownerId, stage)).toEqual(['PERMISSION_DENIED']);
    expect(await ask(memberId, '2000000000')).toEqual(['NOT_FOUND']);
  });
});

describe('simulateAcl', () => {
  it('tells who would gain and lose what, in the channel and below it, and changes nothing', async () => {
    const acl = [{ roleId: red.memberRoleId, permissions: ['SPEAK' as const] }];
    const { simulateAcl } = await server.execute(SimulateAclDocument, { channelId: stage, acl }, red.ownerToken);
    const change = { user: { username: 'mike' }, gained: ['SPEAK'], lost: ['JOIN'] };
    expect(simulateAcl?.nodes).toEqual([
      { ...change, channel: { name: 'Stage' } },
      { ...change, channel: { name: 'Wings' } },
    ]);
    const after = { userId: red.memberId, channelId: stage };
    const { explainPermissions } = await server.execute(ExplainPermissionsDocument, after, red.ownerToken);
    expect(explainPermissions?.permissions).toEqual(['JOIN']);
  });

  it('comes in pages', async () => {
    const page = { channelId: stage, acl: [], first: 1 };
    const { simulateAcl: first } = await server.execute(SimulateAclDocument, page, red.ownerToken);
    expect(first?.pageInfo.hasNextPage).toBe(true);
    const after = present(first?.pageInfo.endCursor);
    const { simulateAcl: second } = await server.execute(SimulateAclDocument, { ...page, after }, red.ownerToken);
    expect([first?.nodes[0]?.channel?.name, second?.nodes[0]?.channel?.name]).toEqual(['Stage', 'Wings']);
  });

  it('refuses a role that stands there twice, and one that there is not', async () => {
    const line = { roleId: red.memberRoleId, permissions: [] };
    const ask = (acl: readonly (typeof line)[]) =>
      codesOf(server.ask(SimulateAclDocument, { channelId: stage, acl: [...acl] }, red.ownerToken));
    expect(await ask([line, line])).toEqual(['INVALID_INPUT']);
    expect(await ask([{ ...line, roleId: '2000000000' }])).toEqual(['NOT_FOUND']);
  });
});

describe('simulateRole', () => {
  it('tells what a role would do to everybody who holds it', async () => {
    const variables = { roleId: red.memberRoleId, permissions: ['JOIN' as const, 'WHISPER' as const] };
    const { simulateRole } = await server.execute(SimulateRoleDocument, variables, red.ownerToken);
    expect(simulateRole?.nodes).toEqual([
      { user: { username: 'mike' }, channel: { name: 'Lobby' }, gained: [], lost: ['SPEAK'] },
    ]);
    const denied = codesOf(server.ask(SimulateRoleDocument, variables, red.memberToken));
    expect(await denied).toEqual(['PERMISSION_DENIED']);
  });
});
