import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { everyItem } from '../../src/every-item.js';
import { MumbleImport } from '../../src/import-mumble/mumble-import.js';
import { readMurmurDatabase } from '../../src/import-mumble/murmur-database.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { ALL_PERMISSIONS, Permission } from '../../src/permissions/bits.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { TestServices } from '../support/test-services.js';
import { murmurDatabase } from './murmur-fixture.js';

const { JOIN, SPEAK, WHISPER, MANAGE } = Permission;

let services: TestServices;
let folder: TemporaryFolder;
let organization: Organization;
let count = 0;
beforeAll(async () => {
  services = await TestServices.create();
  folder = await TemporaryFolder.make();
});
beforeEach(async () => {
  count += 1;
  organization = await services.organization(`org${count}`);
});
afterAll(async () => {
  await services.drop();
  await folder[Symbol.asyncDispose]();
});

function run(file: string, isDryRun = false) {
  const request = { organizationTag: organization.tag, isDryRun, maxUsersPerChannel: 50 };
  return new MumbleImport(services.test.database, services).run(readMurmurDatabase(file, undefined), request);
}

/** All that an organization has, by the names that people know. */
async function present() {
  const { system, users, roles, channels, acl, bans, certificates } = services;
  const { id } = organization;
  const tree = await channels.tree(system, id);
  const allRoles = await everyItem((page) => roles.list(system, id, page));
  const allUsers = (await users.listOfMany(system, [id], { first: 100, after: null })).get(id)?.items ?? [];
  const roleName = new Map(allRoles.map((role) => [role.id, role.name]));
  const { entries } = await acl.entriesOf(system, tree);
  const held = await roles.rolesOf(
    system,
    allUsers.map((user) => user.id),
  );
  const page = { first: 10, after: null };
  return {
    channels: tree.map(({ name, parentId, maxUsers, position, passwordHash, description }) => ({
      ...{ name, maxUsers, position, description, hasPassword: passwordHash !== null },
      below: tree.find(({ id: other }) => other === parentId)?.name ?? null,
    })),
    acl: Object.fromEntries(
      tree.flatMap(({ id: channel, name }) => {
        const list = entries.get(channel) ?? [];
        const named = list.map(({ roleId, permissions }) => [roleName.get(roleId), permissions]);
        return list.length === 0 ? [] : [[name, Object.fromEntries(named)]];
      }),
    ),
    roles: Object.fromEntries(allRoles.map(({ name, permissions }) => [name, permissions])),
    users: Object.fromEntries(
      allUsers.map(({ id: user, username }) => [username, (held.get(user) ?? []).map(({ name }) => name).sort()]),
    ),
    certificates: await Promise.all(
      allUsers.map(async ({ id: user }) => (await certificates.list(system, user, page)).items[0]?.fingerprint),
    ),
    bans: (await bans.list(system, id, page)).items.map(({ addressRange, reason, expiresAt }) => ({
      ...{ addressRange, reason, ends: expiresAt !== null },
    })),
  };
}

describe('the import of a database that a Mumble server has made', () => {
  it('brings channels, users, groups, rights and bans, and tells what it leaves out', async () => {
    const report = await run(murmurDatabase(folder.path, 'whole'));
    const now = await present();
    expect(now.channels.filter(({ name }) => name !== 'Lobby')).toEqual([
      { name: 'AFK', maxUsers: 0, position: -1, description: '', hasPassword: false, below: null },
      { name: 'Vault', maxUsers: 0, position: 0, description: '', hasPassword: true, below: null },
      { name: 'Odd', maxUsers: 0, position: 0, description: '', hasPassword: false, below: null },
      { name: 'Stage', maxUsers: 0, position: 0, description: '', hasPassword: false, below: null },
      {
        ...{ name: 'Games', maxUsers: 0, position: 10, hasPassword: false, below: null },
        description: 'Play here.\nBe nice & fair.',
      },
      { name: 'Alpha', maxUsers: 5, position: 1, description: '', hasPassword: false, below: 'Games' },
      { name: 'Beta', maxUsers: 0, position: 2, description: '', hasPassword: false, below: 'Games' },
      { name: 'Staff', maxUsers: 0, position: 20, description: '', hasPassword: false, below: null },
    ]);
    expect(now.acl).toEqual({
      Staff: { staff: JOIN | SPEAK | WHISPER },
      AFK: { member: JOIN | WHISPER },
      Odd: { member: JOIN | WHISPER },
      Stage: { member: JOIN | WHISPER, speakers: SPEAK },
    });
    expect(now.roles).toEqual({
      ...{ admin: ALL_PERMISSIONS, member: JOIN | SPEAK | WHISPER },
      ...{ staff: 0, speakers: 0, locals: 0 },
    });
    expect(now.users).toEqual({
      alice: ['admin', 'member', 'staff'],
      bob: ['locals', 'member', 'staff'],
      carol: ['member', 'speakers'],
      Dave_Smith: ['member'],
    });
    expect(now.certificates[0]).toBe('3b7a3cfcc38aec4f0d09839e175619e07c41fa41');
    expect(now.bans).toEqual([
      { addressRange: '192.0.2.0/24', reason: 'Spam', ends: false },
      { addressRange: '2001:db8::/48', reason: null, ends: false },
      { addressRange: '203.0.113.9/32', reason: 'Cheating', ends: true },
    ]);
    const { leftOut, ...counts } = report;
    expect(counts).toEqual({ channels: 8, users: 4, certificates: 4, roles: 4, acls: 4, bans: 3 });
    expect([...leftOut].sort()).toEqual(
      [
        'The entry in the channel "Odd" that grants something to the user "carol".',
        'The entry in the channel "Odd" that grants something to "~sub,0,1".',
        'The comment or picture of the user "alice".',
        'The ban of 198.51.100.7/32 ("late"), which is over.',
        'The ban of a certificate of nobody who is registered ("mallory").',
        '1 links between channels.',
      ].sort(),
    );
  });

  it('lets its users in by the certificates that they have', async () => {
    const file = murmurDatabase(folder.path, 'certificates');
    await run(file);
    const [alice] = readMurmurDatabase(file, undefined).users;
    const ctx = { ...services.system, remoteAddress: '127.0.0.1' };
    const who = { organizationTag: organization.tag, username: 'alice' };
    const fingerprints = { sha256: '0'.repeat(64), sha1: alice?.certificateHash ?? '' };
    expect(await services.auth.verifyCertificate(ctx, who, fingerprints)).toMatchObject({ username: 'alice' });
  });

  it('writes nothing where it is only tried, and tells the same', async () => {
    const file = murmurDatabase(folder.path, 'dry');
    const before = await present();
    const told: string[] = [];
    const unsubscribe = services.test.events.subscribe(({ type }) => told.push(type));
    const tried = await run(file, true);
    unsubscribe();
    expect(await present()).toEqual(before);
    expect(told).toEqual([]);
    expect(await run(file)).toEqual(tried);
  });

  it('is refused the second time, and changes nothing then', async () => {
    const file = murmurDatabase(folder.path, 'twice');
    await run(file);
    const before = await present();
    await expect(run(file)).rejects.toThrow(/The user "alice" cannot be imported: .* Nothing was changed\./);
    expect(await present()).toEqual(before);
  });

  it('leaves nothing behind where something cannot be made', async () => {
    const before = await present();
    const file = murmurDatabase(folder.path, 'bad', "update channels set name = 'a' || char(7) where channel_id = 8");
    await expect(run(file)).rejects.toThrow(/The channel "a.*" cannot be imported/);
    expect(await present()).toEqual(before);
  });

  it('carries rights over by what they come to', async () => {
    const statements = `
      insert into "groups"(server_id, name, channel_id, inherit, inheritable) values (1, 'keepers', 0, 1, 1);
      insert into group_members select group_id, 1, 3, 1 from "groups" where name = 'keepers';
      insert into acl values (1, 1, 20, null, 'keepers', 1, 1, 1, 0), (1, 3, 21, null, 'all', 1, 1, 0, 2);
      insert into acl values (1, 2, 22, null, 'staff', 1, 1, 0, 8);
      update channels set inheritacl = 0 where channel_id = 6;`;
    const report = await run(murmurDatabase(folder.path, 'rights', statements));
    const { acl, roles } = await present();
    const member = JOIN | SPEAK | WHISPER;
    // Keepers manage Games and what is below; nobody else passes into Beta.
    expect(acl).toMatchObject({ Games: { member, keepers: member | MANAGE }, Beta: { keepers: expect.any(Number) } });
    expect(acl.Beta).not.toHaveProperty('member');
    expect(roles.keepers).toBe(0);
    expect(report.leftOut).toContain(
      'That the group "staff" may do less than everybody in the channel "Games / Alpha".',
    );
  });

  it.each([
    ['no database', (file: string) => writeFileSync(file, 'nothing of the kind, but long enough to be read as a page')],
    ['another database', (file: string) => writeFileSync(file, '')],
  ])('refuses what is %s', (_name, write) => {
    const file = join(folder.path, `other${count}.sqlite`);
    write(file);
    expect(() => readMurmurDatabase(file, undefined)).toThrow(/database of a Mumble server|table/);
    expect(() => readMurmurDatabase(join(folder.path, 'nowhere'), undefined)).toThrow(/There is no file/);
  });

  it('asks which server is meant where there are several', () => {
    const file = murmurDatabase(folder.path, 'several', 'insert into servers values (2)');
    expect(() => readMurmurDatabase(file, undefined)).toThrow('--server: 1, 2.');
    expect(readMurmurDatabase(file, 2).channels).toEqual([]);
    expect(readMurmurDatabase(file, 1).users).toHaveLength(4);
  });
});
