import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ACL } from '@tf2pickup-org/mumble-protocol';
import type { ChannelId } from '../../src/ids.js';
import { MumblePermission } from '../../src/mumble/mumble-permissions.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { MumbleWorld } from './mumble-world.js';
import type { RawMumble } from './raw-mumble.js';

const DENIED = { text: 0, permission: 1, channelName: 3, tooLong: 4, channelFull: 9 };

let world: MumbleWorld;
let organization: Organization;
let lobby: ChannelId;
let mona: User;
beforeAll(async () => {
  world = await MumbleWorld.open();
  ({ organization, lobby } = await world.voice.organization('demo', 'alice', 'bob'));
  const { roles, system } = world.voice.services;
  const { items } = await roles.list(system, organization.id, { first: 10, after: null });
  const roleIds = items.filter(({ name }) => name === 'admin').map(({ id }) => id);
  mona = await world.voice.services.user(organization, 'mona', { roleIds });
});
afterEach(() => world.disconnectAll());
afterAll(() => world.close());

/** A channel for one test. */
async function channel(name: string, more: { readonly password?: string; readonly maxUsers?: number } = {}) {
  const { channels, system } = world.voice.services;
  return (await channels.create(system, organization.id, { name, ...more })).id;
}

async function denial(raw: RawMumble) {
  return raw.next('permissionDenied');
}

describe('channels at the Mumble door', () => {
  it('are entered and left by the independent client, and others see it', async () => {
    const id = await channel('Squad');
    const [alice, bob] = [await world.client('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    await eventually(() => alice.self?.channelId === lobby && alice.channels.byId(id) !== undefined);
    await alice.self?.moveToChannel(id);
    await eventually(() => bob.channelOf(alice.self?.session ?? 0) === id);
    await alice.self?.moveToChannel(0);
    await eventually(() => bob.channelOf(alice.self?.session ?? 0) === 0);
    expect(bob.stateOf(alice.self?.session ?? 0).suppress).toBe(true);
  });

  it('with a password open to an access token, told at the login or later', async () => {
    const id = await channel('Vault', { password: 'open sesame' });
    const alice = await world.loggedIn('demo', 'alice');
    expect(alice.all('channelState').find(({ channelId }) => channelId === id)).toMatchObject({
      isEnterRestricted: true,
      canEnter: false,
    });
    alice.send('userState', { session: alice.sessionId, channelId: id });
    expect(await denial(alice)).toMatchObject({ type: DENIED.permission, permission: 4, channelId: id });
    alice.send('authenticate', { tokens: ['wrong', 'open sesame'] });
    expect(await alice.next('permissionQuery')).toMatchObject({ flush: true });
    alice.send('userState', { session: alice.sessionId, channelId: id });
    await eventually(() => alice.channelOf(alice.sessionId) === id);
    const bob = await world.loggedIn('demo', 'bob', { tokens: ['open sesame'] });
    bob.send('userState', { session: bob.sessionId, channelId: id });
    await eventually(() => alice.channelOf(bob.sessionId) === id);
  });

  it('are refused when they are full, and when JOIN is lacking', async () => {
    const full = await channel('Phone box', { maxUsers: 1 });
    const [alice, bob] = [await world.loggedIn('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    alice.send('userState', { session: alice.sessionId, channelId: full });
    await eventually(() => bob.channelOf(alice.sessionId) === full);
    bob.send('userState', { session: bob.sessionId, channelId: full });
    expect(await denial(bob)).toMatchObject({ type: DENIED.channelFull, session: bob.sessionId });
    bob.send('userState', { session: bob.sessionId, channelId: 999_999 });
    expect(await denial(bob)).toMatchObject({ type: DENIED.text });
    expect(bob.channelOf(bob.sessionId)).toBe(lobby);
  });

  it('are made, renamed, moved and removed by the independent client of a manager', async () => {
    const manager = await world.client('demo', 'mona');
    const made = await manager.channels.root?.createSubChannel('Made');
    const below = await made?.createSubChannel('Below');
    expect(below).toMatchObject({ parent: made?.id, name: 'Below' });
    const raw = await world.loggedIn('demo', 'alice');
    expect(raw.all('channelState').map(({ name }) => name)).toContain('Below');
    await below?.remove();
    await eventually(() => raw.all('channelRemove').some(({ channelId }) => channelId === below?.id));
    const alice = await world.loggedIn('demo', 'alice');
    alice.send('channelState', { parent: 0, name: 'Mine' });
    expect(await denial(alice)).toMatchObject({ type: DENIED.permission, permission: MumblePermission.makeChannel });
    alice.send('channelRemove', { channelId: made?.id ?? 0 });
    expect(await denial(alice)).toMatchObject({ type: DENIED.permission, channelId: made?.id });
  });

  it('that nothing maps to are refused with a reason', async () => {
    const raw = await world.loggedIn('demo', 'mona');
    raw.send('channelState', { parent: 0, name: 'For now', temporary: true });
    expect((await denial(raw)).reason).toContain('stay until');
    raw.send('channelState', { channelId: lobby, linksAdd: [lobby] });
    expect((await denial(raw)).reason).toContain('not linked');
    raw.send('channelState', { parent: 0, name: '' });
    expect(await denial(raw)).toMatchObject({ type: DENIED.channelName });
    raw.send('channelState', { channelId: 0, name: 'Mine' });
    expect((await denial(raw)).reason).toContain('API');
  });

  it('tell a long description by its hash, and whole to whoever asks', async () => {
    const id = await channel('Rules');
    const { channels, system } = world.voice.services;
    const text = `${'Be kind. '.repeat(40)}\n<b>`;
    await channels.update(system, id, { description: text });
    const alice = await world.loggedIn('demo', 'alice');
    const state = alice.all('channelState').find(({ channelId }) => channelId === id);
    expect([state?.description, state?.descriptionHash?.length]).toEqual([undefined, 20]);
    alice.send('requestBlob', { channelDescription: [id] });
    expect((await alice.next('channelState')).description).toMatch(/kind\. <br\/>&lt;b&gt;$/);
  });

  it('have a list of rights that the independent client reads and writes', async () => {
    const id = await channel('Council');
    const manager = await world.client('demo', 'mona');
    const raw = await world.loggedIn('demo', 'alice');
    await eventually(() => manager.channels.byId(id) !== undefined);
    const council = manager.channels.byId(id);
    const before = await council?.fetchAcl();
    expect(before).toMatchObject({ inheritAcls: true });
    expect(before?.acls.every(({ inherited }) => inherited)).toBe(true);
    const grant = MumblePermission.enter | MumblePermission.traverse;
    const acls = [{ applyHere: true, applySubs: true, inherited: false, group: 'member', grant, deny: 0 }];
    await council?.saveAcl(ACL.create({ channelId: id, inheritAcls: false, acls }));
    const after = await council?.fetchAcl();
    expect(after?.inheritAcls).toBe(false);
    expect(after?.acls.map(({ group }) => group)).toEqual(['all', 'member']);
    raw.send('permissionQuery', { channelId: id });
    expect(((await raw.next('permissionQuery')).permissions ?? 0) & MumblePermission.speak).toBe(0);
    await council?.saveAcl(ACL.create({ channelId: id, inheritAcls: true, acls: [] }));
    expect((await council?.fetchAcl())?.inheritAcls).toBe(true);
    raw.send('acl', { channelId: id, query: true });
    expect(await denial(raw)).toMatchObject({ type: DENIED.permission, permission: MumblePermission.write });
  });

  it('refuse a list that the rules of Parley cannot say', async () => {
    const raw = await world.loggedIn('demo', 'mona');
    const entry = { applyHere: true, applySubs: true, group: 'member', grant: 4, deny: 0 };
    const lists = [
      { inheritAcls: true, acls: [entry] },
      { inheritAcls: false, acls: [] },
      { inheritAcls: false, acls: [{ ...entry, deny: 8 }] },
      { inheritAcls: false, acls: [{ ...entry, applySubs: false }] },
      { inheritAcls: false, acls: [{ ...entry, group: '~sub,0,1' }] },
      { inheritAcls: false, acls: [{ ...entry, group: '', userId: mona.id }] },
      { inheritAcls: false, acls: [{ ...entry, grant: MumblePermission.kick }] },
      { inheritAcls: false, acls: [entry], groups: [{ name: 'member', add: [mona.id] }] },
    ];
    for (const list of lists) {
      raw.send('acl', { channelId: lobby, ...list });
      expect(await denial(raw)).toMatchObject({ permission: MumblePermission.write });
    }
    const { acl, channels, system } = world.voice.services;
    const { entries } = await acl.entriesOf(system, [await channels.get(system, lobby)]);
    expect(entries.get(lobby)).toEqual([]);
  });
});

describe('people at the Mumble door', () => {
  it('write to channels, trees and users, in plain words, across both worlds', async () => {
    const [alice, bob] = [await world.loggedIn('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    const own = await world.voice.connect('demo', 'mona');
    await own.join(lobby);
    const texts: string[] = [];
    own.on('text', ({ text }) => texts.push(text));
    alice.send('textMessage', { channelId: [lobby], message: '<b>1 &lt; 2</b><br/>ok' });
    await eventually(() => texts.length === 1 && bob.all('textMessage').length === 1);
    expect(texts).toEqual(['1 < 2\nok']);
    expect(bob.all('textMessage')[0]).toMatchObject({
      actor: alice.sessionId,
      channelId: [lobby],
      message: '1 &lt; 2<br/>ok',
    });
    alice.send('textMessage', { session: [bob.sessionId], message: 'psst' });
    await eventually(() => bob.all('textMessage').length === 2);
    expect(bob.all('textMessage')[1]).toMatchObject({ session: [bob.sessionId], message: 'psst' });
    alice.send('textMessage', { treeId: [0], message: 'all' });
    await eventually(() => bob.all('textMessage').length === 3);
    alice.send('textMessage', { channelId: [lobby], message: 'x'.repeat(1001) });
    expect(await denial(alice)).toMatchObject({ type: DENIED.tooLong });
    expect(alice.all('textMessage')).toEqual([]);
  });

  it('are muted, deafened, moved and kicked by a manager of either world, and by nobody else', async () => {
    const [manager, alice, bob] = [
      await world.loggedIn('demo', 'mona'),
      await world.loggedIn('demo', 'alice'),
      await world.loggedIn('demo', 'bob'),
    ];
    manager.send('userState', { session: alice.sessionId, deaf: true });
    await eventually(() => bob.stateOf(alice.sessionId).deaf === true);
    expect(bob.stateOf(alice.sessionId).mute).toBe(true);
    manager.send('userState', { session: alice.sessionId, mute: false });
    await eventually(() => bob.stateOf(alice.sessionId).mute === false && bob.stateOf(alice.sessionId).deaf === false);
    manager.send('userState', { session: alice.sessionId, prioritySpeaker: true });
    await eventually(() => bob.stateOf(alice.sessionId).prioritySpeaker === true);
    const away = await channel('Away');
    manager.send('userState', { session: alice.sessionId, channelId: away });
    await eventually(() => bob.channelOf(alice.sessionId) === away);
    for (const state of [{ mute: true }, { channelId: lobby }, { selfMute: true }]) {
      bob.send('userState', { session: alice.sessionId, ...state });
      await denial(bob);
    }
    bob.send('userRemove', { session: alice.sessionId });
    expect(await denial(bob)).toMatchObject({ permission: MumblePermission.kick });
    manager.send('userRemove', { session: alice.sessionId, reason: 'Enough.' });
    await eventually(() => alice.isClosed);
    expect(alice.all('userRemove').at(-1)?.reason).toContain('Enough.');
    await eventually(() => bob.all('userRemove').length > 0);
    expect(bob.all('userRemove').at(-1)).toMatchObject({ session: alice.sessionId, reason: 'Enough.', ban: false });
    const { audit, system } = world.voice.services;
    const page = await audit.list(system, organization.id, {}, { first: 100, after: null });
    expect(page.items.filter(({ door }) => door === 'mumble').length).toBeGreaterThan(4);
  });

  it('are kept out by a ban that was made here', async () => {
    const [manager, bob] = [await world.loggedIn('demo', 'mona'), await world.loggedIn('demo', 'bob')];
    manager.send('userRemove', { session: bob.sessionId, reason: 'Spam', ban: true });
    await eventually(() => bob.isClosed);
    expect(bob.all('userRemove').at(-1)).toMatchObject({ session: bob.sessionId, ban: true });
    await expect(world.client('demo', 'bob')).rejects.toThrow();
    const { bans, system } = world.voice.services;
    const { items } = await bans.list(system, organization.id, { first: 10, after: null });
    for (const { id } of items) await bans.lift(system, id);
  });

  it('comment on themselves, ask who is who, and for how long somebody is here', async () => {
    const [alice, bob] = [await world.loggedIn('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    alice.send('userState', { session: alice.sessionId, comment: `<img src="http://x"/>${'hello '.repeat(30)}` });
    const { commentHash } = await eventually(() => {
      const state = bob.stateOf(alice.sessionId);
      return state.commentHash === undefined ? undefined : { commentHash: state.commentHash };
    });
    expect(commentHash).toHaveLength(20);
    bob.send('requestBlob', { sessionComment: [alice.sessionId] });
    expect((await bob.next('userState')).comment).toBe('hello '.repeat(30).trim());
    bob.send('queryUsers', { names: ['alice'] });
    expect(await bob.next('queryUsers')).toMatchObject({ names: ['alice'] });
    bob.send('userStats', { session: alice.sessionId });
    expect(await bob.next('userStats')).toMatchObject({ session: alice.sessionId, opus: true });
    bob.send('userState', { session: bob.sessionId, texture: Buffer.from('abc') });
    expect((await denial(bob)).reason).toContain('pictures');
  });

  it('record only where the organization allows it', async () => {
    const { organizations, system } = world.voice.services;
    const alice = await world.loggedIn('demo', 'alice');
    alice.send('userState', { session: alice.sessionId, recording: true });
    await eventually(() => alice.stateOf(alice.sessionId).recording === true);
    await organizations.update(system, organization.id, { recordingAllowed: false });
    await eventually(() => alice.isClosed);
    const again = await world.loggedIn('demo', 'alice');
    again.send('userState', { session: again.sessionId, recording: true });
    await denial(again);
    await organizations.update(system, organization.id, { recordingAllowed: true });
  });
});
