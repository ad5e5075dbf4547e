import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Channel } from '../../src/channels/channel.entity.js';
import { MAX_CHANNEL_DEPTH } from '../../src/channels/channel.service.js';
import type { DomainEvent } from '../../src/events/domain-event.js';
import type { ChannelId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { Permission } from '../../src/permissions/bits.js';
import type { RequestContext } from '../../src/request-context.js';
import { TestServices } from '../support/test-services.js';

let services: TestServices;
const events: DomainEvent[] = [];
beforeAll(async () => {
  services = await TestServices.create();
  services.test.events.subscribe((event) => events.push(event));
});
afterAll(() => services.drop());

let organizations = 0;

/** An organization with an admin and a plain member. */
async function furnish(): Promise<{ red: Organization; admin: RequestContext; member: RequestContext }> {
  organizations += 1;
  const red = await services.organization(`red${organizations}`);
  const { items: roles } = await services.roles.list(services.system, red.id, { first: 100, after: null });
  const adminRoleIds = roles.filter(({ name }) => name === 'admin').map(({ id }) => id);
  const admin = services.as(await services.user(red, 'admin', { roleIds: adminRoleIds }));
  const member = services.as(await services.user(red, 'member'));
  return { red, admin, member };
}

describe('channels', () => {
  it('are made, renamed, described, moved and deleted by an admin of the organization', async () => {
    const { red, admin } = await furnish();
    const games = await services.channels.create(admin, red.id, { name: 'Games', description: 'All of them.' });
    const squad = await services.channels.create(admin, red.id, { name: 'Squad', password: 'sesame' });
    expect(await services.channels.verifyPassword(squad, 'sesame')).toBe(true);
    expect(await services.channels.verifyPassword(squad, 'Sesame')).toBe(false);
    const moved = await services.channels.update(admin, squad.id, {
      name: 'Squad 1',
      parentId: games.id,
      password: null,
    });
    expect(moved).toMatchObject({ name: 'Squad 1', parentId: games.id, passwordHash: null });
    const tree = await services.channels.tree(admin, red.id);
    expect(tree.map(({ name }) => name)).toEqual(['Lobby', 'Games', 'Squad 1']);
    await services.channels.delete(admin, games.id, { recursive: true });
    expect((await services.channels.tree(admin, red.id)).map(({ name }) => name)).toEqual(['Lobby']);
    const told = events.filter(({ organizationId }) => organizationId === red.id).map(({ type }) => type);
    expect(told.filter((type) => type.startsWith('channel_'))).toEqual([
      'channel_created',
      'channel_created',
      'channel_updated',
      'channel_deleted',
      'channel_deleted',
    ]);
  });

  it('are not for a member without MANAGE to make, change or delete', async () => {
    const { red, admin, member } = await furnish();
    const games = await services.channels.create(admin, red.id, { name: 'Games' });
    const refusals = await Promise.all(
      [
        services.channels.create(member, red.id, { name: 'Mine' }),
        services.channels.create(member, red.id, { name: 'Mine', parentId: games.id }),
        services.channels.update(member, games.id, { name: 'Mine' }),
        services.channels.delete(member, games.id, { recursive: true }),
      ].map((attempt) => attempt.catch((error: Error) => error)),
    );
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('are managed below a channel by whoever holds MANAGE there, and nowhere else', async () => {
    const { red, admin, member } = await furnish();
    const games = await services.channels.create(admin, red.id, { name: 'Games' });
    const { items: roles } = await services.roles.list(admin, red.id, { first: 100, after: null });
    const [memberRole] = roles.filter(({ name }) => name === 'member');
    if (memberRole === undefined) throw new Error('no member role');
    await services.acl.setEntry(admin, games.id, memberRole.id, Permission.JOIN | Permission.MANAGE);
    const squad = await services.channels.create(member, red.id, { name: 'Squad', parentId: games.id });
    await services.channels.update(member, squad.id, { name: 'Squad 2' });
    await expect(services.channels.update(member, squad.id, { parentId: null })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(services.channels.create(member, red.id, { name: 'Top' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(
      services.acl.setEntry(member, squad.id, memberRole.id, Permission.JOIN | Permission.SPEAK),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED', params: { permission: 'SPEAK' } });
    await services.acl.setEntry(member, squad.id, memberRole.id, Permission.JOIN);
  });

  it('of another organization are as if they did not exist', async () => {
    const [ours, theirs] = [await furnish(), await furnish()];
    const foreign = await services.channels.create(theirs.admin, theirs.red.id, { name: 'Secret' });
    const absent = 999_999 as ChannelId;
    const refusals = await Promise.all(
      [foreign.id, absent].flatMap((id) => [
        services.channels.get(ours.admin, id).catch((error: Error) => error),
        services.channels.update(ours.admin, id, { name: 'Mine' }).catch((error: Error) => error),
        services.channels.delete(ours.admin, id, { recursive: true }).catch((error: Error) => error),
        services.channels.create(ours.admin, ours.red.id, { name: 'x', parentId: id }).catch((error: Error) => error),
      ]),
    );
    expect(refusals.slice(0, 4)).toEqual(refusals.slice(4));
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('never become a circle, also when two are moved into each other at once', async () => {
    const { red, admin } = await furnish();
    const [a, b] = [
      await services.channels.create(admin, red.id, { name: 'A' }),
      await services.channels.create(admin, red.id, { name: 'B' }),
    ];
    await expect(services.channels.update(admin, a.id, { parentId: a.id })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      path: ['input', 'parentId'],
    });
    const moves = await Promise.allSettled([
      services.channels.update(admin, a.id, { parentId: b.id }),
      services.channels.update(admin, b.id, { parentId: a.id }),
    ]);
    expect(moves.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await services.channels.tree(admin, red.id)).toHaveLength(3);
  });

  it('are nested so deep and no deeper', async () => {
    const { red, admin } = await furnish();
    let deepest: Channel | undefined;
    for (let depth = 1; depth <= MAX_CHANNEL_DEPTH; depth += 1) {
      deepest = await services.channels.create(admin, red.id, { name: `level ${depth}`, parentId: deepest?.id });
    }
    await expect(
      services.channels.create(admin, red.id, { name: 'too deep', parentId: deepest?.id }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    const [lobby] = await services.channels.tree(admin, red.id);
    await expect(
      services.channels.update(admin, lobby?.id ?? (0 as ChannelId), { parentId: deepest?.id }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('have names of their own among their siblings, also by looks', async () => {
    const { red, admin } = await furnish();
    const games = await services.channels.create(admin, red.id, { name: 'Games' });
    for (const name of ['Games', 'games', 'Ｇames']) {
      await expect(services.channels.create(admin, red.id, { name })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    }
    await services.channels.create(admin, red.id, { name: 'Games', parentId: games.id });
  });

  it('with children are deleted only when that is asked for', async () => {
    const { red, admin } = await furnish();
    const games = await services.channels.create(admin, red.id, { name: 'Games' });
    await services.channels.create(admin, red.id, { name: 'Squad', parentId: games.id });
    await expect(services.channels.delete(admin, games.id, { recursive: false })).rejects.toMatchObject({
      code: 'HAS_CHILDREN',
      params: { channels: 1 },
    });
  });

  it('refuse an edit of what has changed, with the present version', async () => {
    const { red, admin } = await furnish();
    const games = await services.channels.create(admin, red.id, { name: 'Games' });
    const edited = await services.channels.update(admin, games.id, { name: 'Games 2', expectedVersion: 1 });
    expect(edited.version).toBe(2);
    await expect(
      services.channels.update(admin, games.id, { name: 'Games 3', expectedVersion: 1 }),
    ).rejects.toMatchObject({ code: 'CONFLICT', params: { currentVersion: 2, expectedVersion: 1 } });
  });

  it('made at once into the last places leave exactly the maximum', async () => {
    const { red, admin } = await furnish();
    await services.organizations.update(services.system, red.id, { maxChannels: 11 });
    const made = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) => services.channels.create(admin, red.id, { name: `channel ${index}` })),
    );
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    const refusals = made.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'QUOTA_EXCEEDED', params: { max: 11 } });
    expect(await services.channels.tree(admin, red.id)).toHaveLength(11);
  });

  it('are not opened to all by deleting the one role that their ACL names', async () => {
    const { red, admin } = await furnish();
    const staff = await services.roles.create(admin, red.id, { name: 'staff', permissions: 0 });
    const vault = await services.channels.create(admin, red.id, { name: 'Vault' });
    await services.acl.setEntry(admin, vault.id, staff.id, Permission.JOIN);
    await expect(services.roles.delete(admin, staff.id)).rejects.toMatchObject({
      code: 'ROLE_IN_USE',
      params: { channelId: vault.id },
    });
    await services.acl.removeEntry(admin, vault.id, staff.id);
    await services.roles.delete(admin, staff.id);
  });
});
