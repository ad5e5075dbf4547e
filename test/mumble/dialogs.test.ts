import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { certificateFingerprints } from '../../src/certificates/certificate-fingerprints.js';
import type { MumbleInit } from '../../src/mumble/mumble-messages.js';
import { MumblePermission } from '../../src/mumble/mumble-permissions.js';
import { networkToBytes } from '../../src/mumble/network-bytes.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { Permission } from '../../src/permissions/bits.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { MumbleWorld } from './mumble-world.js';
import type { RawMumble } from './raw-mumble.js';

type BanEntry = NonNullable<MumbleInit<'banList'>['bans']>[number];

const world = await MumbleWorld.open();
let count = 0;
let tag: string;
let organization: Organization;
let alice: User;
let mona: User;
beforeEach(async () => {
  count += 1;
  tag = `org${count}`;
  const made = await world.voice.organization(tag, 'alice', 'bob');
  ({ organization } = made);
  [alice = fail()] = made.users;
  const { roles, system } = world.voice.services;
  const { items } = await roles.list(system, organization.id, { first: 10, after: null });
  const roleIds = items.filter(({ name }) => name === 'admin').map(({ id }) => id);
  mona = await world.voice.services.user(organization, 'mona', { roleIds });
});
afterEach(async () => {
  await world.disconnectAll();
  expect(world.complaints).toEqual([]);
});
afterAll(() => world.close());

function fail(): never {
  throw new Error('somebody is missing');
}

/** Saves the list and returns it as the dialog shows it then, or the refusal. */
async function save(raw: RawMumble, bans: readonly BanEntry[]) {
  const refusals = raw.all('permissionDenied').length;
  raw.send('banList', { bans: [...bans] });
  raw.send('banList', { query: true });
  await raw.next('banList');
  return { bans: raw.all('banList').at(-1)?.bans ?? [], refusal: raw.all('permissionDenied').at(refusals) };
}

async function bansOf() {
  const { bans, system } = world.voice.services;
  return (await bans.list(system, organization.id, { first: 100, after: null })).items;
}

const NETWORK: BanEntry = { ...networkToBytes('192.0.2.0/24'), reason: 'Spam', duration: 3600 };

describe("the ban list of Mumble's client", () => {
  it('shows the bans in force, and saving it unchanged changes nothing', async () => {
    const { bans, system } = world.voice.services;
    await bans.create(system, organization.id, { addressRange: '192.0.2.0/24', reason: 'Spam' });
    await bans.create(system, organization.id, { addressRange: '2001:db8::/48' });
    await bans.create(system, organization.id, { userId: alice.id, expiresAt: new Date(Date.now() + 3_600_000) });
    const before = await bansOf();
    const raw = await world.loggedIn(tag, 'mona');
    raw.send('banList', { query: true });
    const { bans: shown } = await raw.next('banList');
    expect(shown).toMatchObject([
      { ...networkToBytes('192.0.2.0/24'), reason: 'Spam', duration: 0, name: '' },
      { ...networkToBytes('2001:db8::/48') },
      { name: 'alice', duration: 3600 },
    ]);
    const saved = await save(raw, shown);
    expect(saved.refusal).toBeUndefined();
    expect(await bansOf()).toEqual(before);
  });

  it('makes and lifts bans of networks, with their end and their reason', async () => {
    const raw = await world.loggedIn(tag, 'mona');
    const { bans } = await save(raw, [NETWORK]);
    expect(await bansOf()).toMatchObject([{ addressRange: '192.0.2.0/24', reason: 'Spam', issuedBy: mona.id }]);
    const [made] = await bansOf();
    expect((made?.expiresAt?.getTime() ?? 0) - (made?.createdAt.getTime() ?? 0)).toBeGreaterThan(3_500_000);
    await save(raw, [...bans, { ...networkToBytes('198.51.100.9/32') }]);
    expect((await bansOf()).map(({ addressRange }) => addressRange)).toEqual(['192.0.2.0/24', '198.51.100.9/32']);
    await save(raw, []);
    expect(await bansOf()).toEqual([]);
    const { audit, system } = world.voice.services;
    const log = await audit.list(system, organization.id, {}, { first: 100, after: null });
    const actions = log.items
      .filter(({ targetType }) => targetType === 'ban')
      .map(({ action, door }) => [action, door]);
    expect(actions.reverse()).toEqual([
      ...[
        ['ban_created', 'mumble'],
        ['ban_created', 'mumble'],
      ],
      ...[
        ['ban_lifted', 'mumble'],
        ['ban_lifted', 'mumble'],
      ],
    ]);
  });

  it('bans users by their name and by their certificate, and puts them out', async () => {
    const fingerprints = certificateFingerprints(Buffer.from('of alice'));
    await world.voice.services.certificates.bind(world.voice.services.as(alice), fingerprints);
    const [raw, bob] = [await world.loggedIn(tag, 'mona'), await world.loggedIn(tag, 'bob')];
    await save(raw, [{ name: 'bob' }, { hash: fingerprints.sha256.toUpperCase() }]);
    await eventually(() => bob.isClosed);
    const bans = await bansOf();
    expect(bans.map(({ userId }) => userId)).toContain(alice.id);
    expect(bans).toHaveLength(2);
  });

  it.each<[string, BanEntry]>([
    ['an address of four bytes', { address: Buffer.from([192, 0, 2, 1]), mask: 32 }],
    ['a mask of more bits than there are', { ...networkToBytes('192.0.2.1/32'), mask: 129 }],
    ['all of IPv4', networkToBytes('0.0.0.0/0')],
    ['a certificate that is nobody’s', { hash: 'ab'.repeat(20) }],
    ['a name that is nobody’s', { name: 'nobody' }],
    ['an entry without anything', {}],
  ])('is refused as a whole, with the reason, for %s', async (_name, entry) => {
    const raw = await world.loggedIn(tag, 'mona');
    await save(raw, [NETWORK]);
    const before = await bansOf();
    const { refusal } = await save(raw, [{ ...networkToBytes('203.0.113.0/24') }, entry]);
    expect(refusal?.reason).toMatch(/.{10}/);
    expect(await bansOf()).toEqual(before);
  });

  it('is neither shown to nor changed by whoever lacks MANAGE', async () => {
    const raw = await world.loggedIn(tag, 'bob');
    for (const message of [{ query: true }, { bans: [NETWORK] }]) {
      raw.send('banList', message);
      expect(await raw.next('permissionDenied')).toMatchObject({ permission: MumblePermission.ban, channelId: 0 });
    }
    expect(raw.all('banList')).toEqual([]);
    expect(await bansOf()).toEqual([]);
  });
});

describe("the user list of Mumble's client", () => {
  it('shows, renames and removes users', async () => {
    const [raw, bob] = [await world.loggedIn(tag, 'mona'), await world.loggedIn(tag, 'bob')];
    raw.send('userList', {});
    const { users } = await raw.next('userList');
    expect(users.map(({ name }) => name)).toEqual(['alice', 'bob', 'mona']);
    raw.send('userList', { users: [{ userId: alice.id, name: 'alicia' }] });
    const bobId = users.find(({ name }) => name === 'bob')?.userId ?? fail();
    raw.send('userList', { users: [{ userId: bobId }] });
    await eventually(() => bob.isClosed);
    raw.send('userList', {});
    expect((await raw.next('userList')).users.map(({ name }) => name)).toEqual(['alicia', 'mona']);
  });

  it('refuses what the services refuse, what is of others, and whoever lacks MANAGE', async () => {
    const other = await world.voice.organization(`other${count}`, 'eve');
    const [raw, bob] = [await world.loggedIn(tag, 'mona'), await world.loggedIn(tag, 'bob')];
    for (const user of [{ userId: other.users[0]?.id ?? fail() }, { userId: alice.id, name: 'bob' }, { userId: 0 }]) {
      raw.send('userList', { users: [user] });
      await raw.next('permissionDenied');
    }
    bob.send('userList', {});
    expect(await bob.next('permissionDenied')).toMatchObject({ permission: MumblePermission.register });
    const { users, system } = world.voice.services;
    expect((await users.getMany(system, [alice.id]))[0]?.username).toBe('alice');
  });
});

describe("the ACL dialog of Mumble's client", () => {
  it('saves a list as a whole or not at all', async () => {
    const { channels, roles, acl, system } = world.voice.services;
    const { items } = await roles.list(system, organization.id, { first: 10, after: null });
    const member = items.find(({ name }) => name === 'member') ?? fail();
    const { id } = await channels.create(system, organization.id, { name: 'Squad' });
    const keepers = await roles.create(system, organization.id, { name: 'keepers', permissions: 0 });
    await roles.assign(system, keepers.id, alice.id);
    await acl.setEntry(system, id, keepers.id, Permission.JOIN | Permission.MANAGE);
    const before = await acl.entriesOf(system, [await channels.get(system, id)]);
    const raw = await world.loggedIn(tag, 'alice');
    const { enter, speak, write } = MumblePermission;
    const entry = (group: string, grant: number) => ({ group, grant, applyHere: true, applySubs: true });
    // The second one grants what a keeper does not hold.
    raw.send('acl', {
      ...{ channelId: id, inheritAcls: false },
      acls: [entry('keepers', enter | write), entry('member', enter | speak)],
    });
    await raw.next('permissionDenied');
    expect((await acl.entriesOf(system, [await channels.get(system, id)])).entries).toEqual(before.entries);
    raw.send('acl', {
      ...{ channelId: id, inheritAcls: false },
      acls: [entry('keepers', enter | write), entry('member', enter)],
    });
    await eventually(async () => {
      const { entries } = await acl.entriesOf(system, [await channels.get(system, id)]);
      return entries
        .get(id)
        ?.some(({ roleId, permissions }) => roleId === member.id && permissions === Permission.JOIN);
    });
  });
});
