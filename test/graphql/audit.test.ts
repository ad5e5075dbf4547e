import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltOrganization, present, TestServer } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';
import {
  type AuditFilterInput,
  AuditLogDocument,
  CreateChannelDocument,
  CreateOrganizationDocument,
  CreateRoleDocument,
  CreateUserDocument,
  DeleteOrganizationDocument,
  OrganizationTreeDocument,
  PlatformAuditLogDocument,
  UpdateChannelDocument,
  UpdateUserDocument,
} from './generated/graphql.js';

let server: TestServer;
let red: BuiltOrganization;
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
});
afterAll(() => server.stop());

async function entries(filter: AuditFilterInput = {}, organizationId = red.id) {
  const variables = { organizationId, filter, first: 100 };
  const { organization } = await server.execute(AuditLogDocument, variables, server.adminToken);
  return present(organization).auditLog.nodes;
}

describe('the audit log', () => {
  it('tells who did what, why, through which door, and what it changed', async () => {
    const channel = { organizationId: red.id, name: 'Arena', reason: 'a new season' };
    const { createChannel } = await server.execute(CreateChannelDocument, { input: channel }, red.ownerToken);
    const { id } = present(createChannel?.channel);
    const change = { id, name: 'Colosseum', maxUsers: 5, reason: 'it is larger' };
    await server.execute(UpdateChannelDocument, { input: change }, red.ownerToken);
    const [updated, created] = await entries({ targetType: 'CHANNEL', targetId: id });
    expect(created).toMatchObject({
      ...{ action: 'CHANNEL_CREATED', actorId: red.ownerId, actorName: 'olga', door: 'graphql', targetId: id },
      ...{ before: null, after: { name: 'Arena', hasPassword: false }, reason: 'a new season' },
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(updated).toMatchObject({
      ...{ action: 'CHANNEL_UPDATED', before: { name: 'Arena', maxUsers: 0 }, reason: 'it is larger' },
      after: { name: 'Colosseum', maxUsers: 5 },
    });
  });

  it('has the id that the caller gave to the request', async () => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', authorization: `Bearer ${red.ownerToken}`, 'x-request-id': 'trace-9' },
      },
      body: JSON.stringify({
        query: CreateRoleDocument.toString(),
        variables: { input: { organizationId: red.id, name: 'traced', permissions: [] } },
      }),
    });
    expect(response.status).toBe(200);
    expect(await entries({ actions: ['ROLE_CREATED'] })).toMatchObject([{ requestId: 'trace-9' }]);
  });

  it('is searched by actor, action, target and time, and comes in pages, the newest first', async () => {
    const input = { organizationId: red.id, username: 'zora', password: PASSWORD };
    const { createUser } = await server.execute(CreateUserDocument, { input }, red.ownerToken);
    const { id: targetId } = present(createUser?.user);
    expect(await entries({ targetType: 'USER', targetId })).toMatchObject([{ action: 'USER_CREATED' }]);
    expect(await entries({ actorId: red.memberId })).toEqual([]);
    expect((await entries({ actorId: red.ownerId })).length).toBeGreaterThan(0);
    expect(await entries({ until: '2020-01-01T00:00:00.000Z' })).toEqual([]);
    const all = await entries({ since: '2020-01-01T00:00:00.000Z' });
    const ids = all.map(({ id }) => Number(id));
    expect(ids).toEqual(ids.toSorted((left, right) => right - left));
    const page = { organizationId: red.id, first: 1 };
    const { organization } = await server.execute(AuditLogDocument, page, red.ownerToken);
    const { endCursor, hasNextPage } = present(organization).auditLog.pageInfo;
    expect(hasNextPage).toBe(true);
    const next = await server.execute(AuditLogDocument, { ...page, after: present(endCursor) }, red.ownerToken);
    expect(next.organization?.auditLog.nodes[0]?.id).toBe(all[1]?.id);
  });

  it('does not tell what was not done, nor why', async () => {
    const before = (await entries()).length;
    const channel = { organizationId: red.id, name: 'Lobby', reason: 'it is there already' };
    const { createChannel } = await server.execute(CreateChannelDocument, { input: channel }, red.ownerToken);
    expect(createChannel?.errors).toMatchObject([{ code: 'ALREADY_EXISTS' }]);
    const denied = { input: { organizationId: red.id, name: 'Denied', reason: 'to see' } };
    await server.ask(CreateChannelDocument, denied, red.memberToken);
    expect(await entries()).toHaveLength(before);
  });

  it.each(['', ' '.repeat(3), 'x'.repeat(513), 'a\u0000b'])('takes no reason like %j', async (reason) => {
    const input = { organizationId: red.id, name: 'Unreasonable', reason };
    const { createChannel } = await server.execute(CreateChannelDocument, { input }, red.ownerToken);
    expect(createChannel).toMatchObject({
      channel: null,
      errors: [{ code: 'INVALID_INPUT', path: ['input', 'reason'] }],
    });
  });

  it('of the platform tells what happened to organizations that are gone', async () => {
    const input = { name: 'Short', tag: 'short', reason: 'a trial' };
    const { createOrganization } = await server.execute(CreateOrganizationDocument, { input }, server.adminToken);
    const { id } = present(createOrganization?.organization);
    await server.execute(DeleteOrganizationDocument, { input: { id, reason: 'it is over' } }, server.adminToken);
    const { platformAuditLog } = await server.execute(PlatformAuditLogDocument, {}, server.adminToken);
    expect(platformAuditLog?.nodes[0]).toMatchObject({
      ...{ action: 'ORGANIZATION_DELETED', targetId: id, before: { tag: 'short' }, reason: 'it is over' },
    });
  });
});

describe('an idempotency key', () => {
  const channels = async () => {
    const { organization } = await server.execute(OrganizationTreeDocument, { id: red.id }, red.ownerToken);
    return present(organization).channels.nodes.length;
  };

  it('makes one object, however often the request comes', async () => {
    const before = await channels();
    const input = { organizationId: red.id, name: 'Once', idempotencyKey: 'once-1' };
    const make = async () => (await server.execute(CreateChannelDocument, { input }, red.ownerToken)).createChannel;
    const first = await make();
    expect(first?.errors).toEqual([]);
    const later = await Promise.all([make(), make(), make()]);
    for (const answer of later) expect(answer?.channel?.id).toBe(present(first?.channel).id);
    expect(await channels()).toBe(before + 1);
    expect(await entries({ targetType: 'CHANNEL', targetId: present(first?.channel).id })).toHaveLength(1);
  });

  it('that was used for something else is a CONFLICT, and of another user has nothing to do with it', async () => {
    const role = { organizationId: red.id, name: 'unlike', permissions: [], idempotencyKey: 'shared' };
    await server.execute(CreateRoleDocument, { input: role }, red.ownerToken);
    const other = { input: { ...role, name: 'unlike it' } };
    const { createRole } = await server.execute(CreateRoleDocument, other, red.ownerToken);
    expect(createRole).toMatchObject({ role: null, errors: [{ code: 'CONFLICT', path: ['input', 'idempotencyKey'] }] });
    const { createRole: another } = await server.execute(CreateRoleDocument, other, server.adminToken);
    expect(another?.errors).toEqual([]);
  });

  it.each(['', 'a b', 'x'.repeat(129), '\u00fc'])('like %j is refused', async (idempotencyKey) => {
    const input = { organizationId: red.id, name: 'Keyed', idempotencyKey };
    const { createChannel } = await server.execute(CreateChannelDocument, { input }, red.ownerToken);
    expect(createChannel?.errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['input', 'idempotencyKey'] }]);
  });
});

it('an edit by oneself is written down as one', async () => {
  await server.execute(UpdateUserDocument, { input: { id: red.memberId, email: 'm@example.org' } }, red.memberToken);
  expect(await entries({ actorId: red.memberId })).toMatchObject([
    { action: 'USER_UPDATED', after: { email: 'm@example.org' }, targetId: red.memberId },
  ]);
});
