import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { channelId } from '../../src/ids.js';
import { DeleteChannelDocument } from '../graphql/generated/graphql.js';
import { ask, present } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';
import { RestWorld, type Tenant } from './rest-world.js';
import {
  type Caller,
  createChannel,
  createOrganization,
  createUser,
  deleteChannel,
  type Place,
  same,
  TWINS,
  type Twin,
  updateChannel,
  updateOrganization,
} from './twins.js';

/** Least rights first: what is refused leaves everything as it was. */
const CALLERS = ['nobody', 'stranger', 'member', 'admin', 'owner', 'platform admin'] as const;
type CallerName = (typeof CALLERS)[number];

const NO_ID = 2 ** 31 - 1;

let world: RestWorld;
let stranger: Tenant;
/** One for each door. */
let tenants: readonly [Tenant, Tenant];
beforeAll(async () => {
  world = await RestWorld.create();
  stranger = await world.tenant();
  tenants = await twoTenants();
});
afterAll(() => world.end());

async function twoTenants(): Promise<readonly [Tenant, Tenant]> {
  return [await world.tenant(), await world.tenant()];
}

async function callerOf(name: CallerName, tenant: Tenant): Promise<Caller> {
  const { url, anonymous } = world;
  if (name === 'nobody') return { rest: anonymous, url, token: undefined };
  const users = {
    stranger: stranger.ownerUser,
    member: tenant.memberUser,
    admin: tenant.adminUser,
    owner: tenant.ownerUser,
    'platform admin': world.platformAdminUser,
  };
  const token = await world.tokenOf(users[name]);
  return { rest: anonymous.with(token), url, token };
}

let places = 0;

function placeIn({ organization, memberUser }: Tenant): Place {
  const { services } = world;
  places += 1;
  const name = `place${places}`;
  return {
    organizationId: organization.id,
    tag: organization.tag,
    unique: places,
    channel: async () => (await services.channels.create(services.system, organization.id, { name })).id,
    user: async () => (await services.user(organization, name)).id,
    refreshToken: async () => (await services.auth.loginAs(services.system, memberUser)).refreshToken,
  };
}

/** What each door answers, in its own organization. */
async function bothOf(twin: Twin, name: CallerName, alter: (place: Place, tenant: Tenant) => Place = (place) => place) {
  const [first, second] = tenants;
  return {
    rest: await twin.rest(await callerOf(name, first), alter(placeIn(first), first)),
    graphql: await twin.graphql(await callerOf(name, second), alter(placeIn(second), second)),
  };
}

describe('REST and GraphQL', () => {
  it('have the same operations', () => {
    const routes = Object.values(world.document.paths).flatMap((item) =>
      Object.values(item).map(({ operationId }) => operationId),
    );
    expect(Object.keys(TWINS).sort()).toEqual([...routes, 'refresh'].sort());
  });

  it.each(Object.entries(TWINS))('answer everybody the same to %s', async (operation, twin) => {
    for (const name of CALLERS) {
      const { rest, graphql } = await bothOf(twin, name);
      expect([name, rest.code]).toEqual([name, graphql.code]);
      if (operation !== 'login' && operation !== 'refresh') expect(rest.code === 'OK').toBe(mayCall(name, rest.code));
      if (operation === 'deleteOrganization' && rest.code === 'OK') tenants = await twoTenants();
    }
  });

  it.each<readonly [string, Twin]>([
    ['an organization without a name', createOrganization(() => same({ name: '', tag: 'fine' }))],
    ['a tag with a space', createOrganization(() => same({ name: 'x', tag: 'not fine' }))],
    ['a tag that is taken', createOrganization(({ tag }) => same({ name: 'x', tag: tag.toUpperCase() }))],
    [
      'no place for a user',
      createOrganization(() => ({
        rest: { name: 'x', tag: 'x1', max_users: 0 },
        graphql: { name: 'x', tag: 'x1', maxUsers: 0 },
      })),
    ],
    ['an owner whom nobody knows', updateOrganization({ rest: { owner_id: NO_ID }, graphql: { ownerId: `${NO_ID}` } })],
    [
      'more channels than the server allows',
      updateOrganization({ rest: { max_channels: 101 }, graphql: { maxChannels: 101 } }),
    ],
    ['a name that a channel has', createChannel(() => same({ name: 'lobby' }))],
    ['a channel with a slash', createChannel(() => same({ name: 'a/b' }))],
    ['a description without end', createChannel(() => same({ name: 'x', description: 'y'.repeat(4001) }))],
    [
      'a channel in no channel',
      createChannel(() => ({ rest: { name: 'x', parent_id: NO_ID }, graphql: { name: 'x', parentId: `${NO_ID}` } })),
    ],
    [
      'a channel for too many',
      createChannel(() => ({ rest: { name: 'x', max_users: 51 }, graphql: { name: 'x', maxUsers: 51 } })),
    ],
    ['a channel far down', createChannel(() => same({ name: 'x', position: 1_000_001 }))],
    ['a channel in itself', updateChannel((id) => ({ rest: { parent_id: id }, graphql: { parentId: `${id}` } }))],
    ['a username that is taken', createUser(() => same({ username: 'MEMBER', password: PASSWORD }))],
    ['a username with an @', createUser(() => same({ username: 'a@b', password: PASSWORD }))],
    ['a short password', createUser(() => same({ username: 'fine', password: 'short' }))],
    ['no email address', createUser(() => same({ username: 'fine', password: PASSWORD, email: 'x' }))],
    [
      'a role of nobody',
      createUser(() => ({
        rest: { username: 'fine', password: PASSWORD, roles: [NO_ID] },
        graphql: { username: 'fine', password: PASSWORD, roleIds: [`${NO_ID}`] },
      })),
    ],
  ])('refuse %s in the same way', async (_, twin) => {
    const { rest, graphql } = await bothOf(twin, 'platform admin');
    expect(rest.code).not.toBe('OK');
    expect(rest).toEqual(graphql);
  });

  it('write down the reason in the same way', async () => {
    const { services } = world;
    const reasons: (string | null)[] = [];
    for (const [index, tenant] of tenants.entries()) {
      const { rest, url, token } = await callerOf('admin', tenant);
      const { id } = await services.channels.create(services.system, tenant.organization.id, { name: 'Doomed' });
      const reason = 'Niemand braucht ihn – 100 % sicher';
      const input = { id: `${id}`, reason };
      if (index === 0) await rest.delete(`/channels/${id}`, { 'x-audit-log-reason': encodeURIComponent(reason) });
      else await ask(url, DeleteChannelDocument, { input }, token);
      const filter = { actions: ['channel_deleted' as const], targetId: id };
      const of = [tenant.organization.id];
      const found = await services.audit.listOfMany(services.system, of, filter, { first: 1, after: null });
      reasons.push(present(found.get(tenant.organization.id)?.items[0]).reason);
    }
    expect(reasons).toEqual(['Niemand braucht ihn – 100 % sicher', 'Niemand braucht ihn – 100 % sicher']);
  });

  it.each([
    ['is too long', 'y'.repeat(513)],
    ['is no UTF-8', '%ff'],
    ['has a line break', 'one%0Atwo'],
  ])('refuse a reason that %s, and name it', async (_what, reason) => {
    const [tenant] = tenants;
    const { rest } = await callerOf('admin', tenant);
    const answer = await rest.post(
      `/orgs/${tenant.organization.id}/channels`,
      { name: 'Unmade' },
      { 'x-audit-log-reason': reason },
    );
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'INVALID_INPUT', errors: [{ field: 'X-Audit-Log-Reason' }] });
  });

  it('refuse to remove the owner in the same way', async () => {
    const ofOwner = (place: Place, { ownerUser }: Tenant) => ({ ...place, user: async () => ownerUser.id });
    const { rest, graphql } = await bothOf(present(TWINS.deleteUser), 'admin', ofOwner);
    expect([rest.code, graphql.code]).toEqual(['OWNER_REQUIRED', 'OWNER_REQUIRED']);
  });

  it.each([
    [false, 'HAS_CHILDREN'],
    [true, 'OK'],
  ])('delete what has channels below it in the same way, recursive: %p', async (recursive, code) => {
    const { services } = world;
    const withChild = (place: Place, { organization }: Tenant) => ({
      ...place,
      channel: async () => {
        const parentId = channelId(await place.channel());
        await services.channels.create(services.system, organization.id, { name: 'Below', parentId });
        return parentId;
      },
    });
    const { rest, graphql } = await bothOf(deleteChannel(recursive), 'admin', withChild);
    expect([rest.code, graphql.code]).toEqual([code, code]);
  });
});

/** Nobody and strangers may nothing, platform admins everything; for the others the doors need only agree. */
function mayCall(name: CallerName, code: string): boolean {
  switch (name) {
    case 'nobody':
    case 'stranger':
      return false;
    case 'platform admin':
      return true;
    case 'member':
    case 'admin':
    case 'owner':
      return code === 'OK';
  }
}
