import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DomainEvent } from '../../src/events/domain-event.js';
import type { ChannelId, SessionId } from '../../src/ids.js';
import { MemoryOccupancy } from '../../src/occupancy/memory-occupancy.js';
import { MAX_LISTENERS_OF_CHANNEL, OccupancyService } from '../../src/occupancy/occupancy.service.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import type { RequestContext } from '../../src/request-context.js';
import { SessionService } from '../../src/sessions/session.service.js';
import { SessionIds } from '../../src/sessions/session-ids.js';
import { SessionRegistry } from '../../src/sessions/session-registry.js';
import { User } from '../../src/users/user.entity.js';
import { TestServices } from '../support/test-services.js';

const CROWD = 1000;
const PLACES = 50;

let services: TestServices;
let sessions: SessionService;
let occupancy: OccupancyService;
let organization: Organization;
let lobby: ChannelId;
const store = new MemoryOccupancy();
const events: DomainEvent[] = [];
beforeAll(async () => {
  services = await TestServices.create();
  const { channels, permissions, system, test } = services;
  const registry = new SessionRegistry();
  sessions = new SessionService(registry, new SessionIds(1), store, permissions, test.events, {
    maxConnections: CROWD,
  });
  occupancy = new OccupancyService(channels, permissions, registry, store, test.events, {
    maxUsersPerChannel: PLACES,
    maxJoinedChannels: 2,
  });
  test.events.subscribe((event) => events.push(event));
  organization = await services.organization('crowd');
  const [first] = await channels.tree(system, organization.id);
  if (first === undefined) throw new Error('an organization is born with a channel');
  lobby = first.id;
});
afterAll(() => services.drop());

describe('a thousand sessions', () => {
  it('that join at once leave exactly as many in as fit', async () => {
    const people = await crowd();
    const outcomes = await Promise.allSettled(
      people.map(({ ctx, sessionId }) => occupancy.join(ctx, sessionId, lobby, '')),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(PLACES);
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
    expect(refusals).toEqual(Array(CROWD - PLACES).fill('CHANNEL_FULL'));
    expect(await store.members(lobby)).toHaveLength(PLACES);
    expect(events.filter(({ type }) => type === 'channel_joined')).toHaveLength(PLACES);
  });

  it('that listen at once leave exactly as many listening as may, and take no place', async () => {
    const hall = await services.channels.create(services.system, organization.id, { name: 'Hall', maxUsers: 1 });
    const people = sessions.allOf(services.system, organization.id);
    const outcomes = await Promise.allSettled(
      people.map(async ({ id, userId }) => {
        const user = await services.users.get(services.system, userId);
        await occupancy.listen(services.as(user), id, hall.id, '');
      }),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(MAX_LISTENERS_OF_CHANNEL);
    const listening = sessions
      .allOf(services.system, organization.id)
      .filter(({ listeningChannelIds }) => listeningChannelIds.includes(hall.id));
    expect(listening).toHaveLength(MAX_LISTENERS_OF_CHANNEL);
    expect(await store.members(hall.id)).toEqual([]);
  });

  it('leave nothing behind when they end', async () => {
    await sessions.closeOfOrganization(services.system, organization.id, 'shutting_down');
    expect(await store.members(lobby)).toEqual([]);
    expect(sessions.allOf(services.system, organization.id)).toEqual([]);
  });
});

describe('somebody', () => {
  let home: Organization;
  let hall: ChannelId;
  beforeAll(async () => {
    home = await services.organization('home');
    const [first] = await services.channels.tree(services.system, home.id);
    hall = first?.id ?? lobby;
  });

  it('cannot use the session of another user', async () => {
    const [alice, bob] = [await services.user(home, 'alice'), await services.user(home, 'bob')];
    const theirs = await sessions.open(services.as(alice), { clientName: '' });
    const foreign = services.as(bob);
    await expect(occupancy.join(foreign, theirs.id, hall, '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(occupancy.leave(foreign, theirs.id, hall)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const state = { muted: true, deafened: true, recording: false };
    await expect(sessions.setSelfState(foreign, theirs.id, state)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(occupancy.listen(foreign, theirs.id, hall, '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(() => occupancy.unlisten(foreign, theirs.id, hall)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    await expect(sessions.close(foreign, theirs.id, 'left')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const stranger = services.as(await services.user(await services.organization('other'), 'mallory'));
    expect(() => sessions.get(stranger, theirs.id)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    await expect(sessions.close(stranger, theirs.id, 'left')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(occupancy.membersOf(stranger, home.id, [hall])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await sessions.close(services.as(alice), theirs.id, 'left');
    expect(sessions.isOpen(theirs.id)).toBe(false);
  });

  it('does not do what only the server does', async () => {
    const ctx = services.as(await services.user(home, 'carol'));
    const { id } = home;
    const loaded = await services.permissions.policyOf(ctx, id, []);
    await expect(occupancy.reconcile(ctx, id, loaded)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(sessions.closeOfOrganization(ctx, id, 'kicked')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('whose session ends while it joins is not in the channel', async () => {
    const ctx = services.as(await services.user(home, 'dave'));
    const session = await sessions.open(ctx, { clientName: '' });
    const joining = occupancy.join(ctx, session.id, hall, '');
    await sessions.close(ctx, session.id, 'left');
    await expect(joining).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.members(hall)).toEqual([]);
  });
});

/** Sessions of as many users of the organization. */
async function crowd(): Promise<readonly { readonly ctx: RequestContext; readonly sessionId: SessionId }[]> {
  const { test, system } = services;
  const users = await test.database.write(system, async ({ em }) => {
    await em.execute(
      `insert into users (org_id, username, username_key)
       select ?, 'user' || n, 'user' || n from generate_series(1, ?) as n`,
      [organization.id, CROWD],
    );
    await em.execute(
      `insert into user_roles (user_id, role_id)
       select u.id, r.id from users u join roles r on r.org_id = u.org_id and r.name = 'member' where u.org_id = ?`,
      [organization.id],
    );
    return em.find(User, { organizationId: organization.id });
  });
  return Promise.all(
    users.map(async (user) => {
      const ctx = services.as(user);
      return { ctx, sessionId: (await sessions.open(ctx, { clientName: 'crowd' })).id };
    }),
  );
}
