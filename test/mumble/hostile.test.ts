import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelId } from '../../src/ids.js';
import { encodeFrame } from '../../src/mumble/mumble-messages.js';
import { FuzzRandom } from '../fuzz/fuzz-random.js';
import { eventually } from '../support/eventually.js';
import { MumbleWorld } from './mumble-world.js';
import type { RawMumble } from './raw-mumble.js';

let world: MumbleWorld;
let lobby: ChannelId;
let foreign: ChannelId;
beforeAll(async () => {
  world = await MumbleWorld.open();
  const { organization: red, lobby: own } = await world.voice.organization('red', 'alice', 'bob');
  lobby = own;
  const { roles, system } = world.voice.services;
  const { items } = await roles.list(system, red.id, { first: 10, after: null });
  const roleIds = items.filter(({ name }) => name === 'admin').map(({ id }) => id);
  await world.voice.services.user(red, 'ruth', { roleIds });
  ({ lobby: foreign } = await world.voice.organization('blue', 'alice', 'eve'));
});
afterEach(async () => {
  await world.disconnectAll();
  expect(world.complaints).toEqual([]);
});
afterAll(() => world.close());

/** Those who are there still hear each other. */
async function expectWell(): Promise<void> {
  const [alice, bob] = [await world.loggedIn('red', 'alice'), await world.loggedIn('red', 'bob')];
  await bob.openUdp();
  alice.speak(1, '7801');
  await eventually(() => bob.heard.length === 1);
}

const LOGIN_FRAMES = [
  ['a message that is none', encodeFrame(2, Buffer.from('ffffffff', 'hex'))],
  ['a type that there is not', encodeFrame(200, Buffer.alloc(0))],
  ['a message that is too long', Buffer.from('0002000020010000', 'hex')],
  ['a length of 2^32 - 1', Buffer.from('0002ffffffff', 'hex')],
  ['voice before the login', encodeFrame(1, Buffer.from('8001027801', 'hex'))],
  ['a request before the login', encodeFrame(9, Buffer.alloc(0))],
  ['a name that is no UTF-8', encodeFrame(2, Buffer.from('0a02c328', 'hex'))],
] as const;

describe('the Mumble door', () => {
  it.each(LOGIN_FRAMES)('cuts the connection at %s', async (_name, bytes) => {
    const raw = await world.raw();
    raw.socket.write(bytes);
    await eventually(() => raw.isClosed);
  });

  it('lets nobody log in twice over one connection at once', async () => {
    const raw = await world.raw();
    for (let turn = 0; turn < 3; turn += 1) raw.send('authenticate', { username: 'alice@red', password: 'no' });
    await eventually(() => raw.isClosed);
    await expectWell();
  });

  it('takes any frame of a client that has logged in, in every order, without a bug', async () => {
    const random = new FuzzRandom(7);
    for (let round = 0; round < 8; round += 1) {
      const raw = await world.loggedIn('red', 'alice');
      for (let index = 0; index < 40 && !raw.isClosed; index += 1) {
        raw.sendFrame(random.below(27), random.bytes(random.below(40)));
      }
      raw.send('ping', { timestamp: 9n });
      await eventually(() => raw.isClosed || raw.all('ping').length > 0);
      raw.disconnect();
    }
    await expectWell();
  });

  it('does not stop at the crashes that other servers have known', async () => {
    const raw = await world.loggedIn('red', 'alice');
    // CVE-2019-1000029 and its like: states of channels and users that refer to nothing.
    raw.send('channelState', {
      channelId: 0xffff_ffff,
      parent: 0xffff_ffff,
      linksAdd: [0xffff_ffff],
      linksRemove: [0],
    });
    raw.send('channelState', { parent: 0xffff_ffff, name: 'x' });
    raw.send('channelRemove', { channelId: 0xffff_ffff });
    raw.send('channelRemove', {});
    raw.send('userState', { session: 0xffff_ffff, channelId: 0xffff_ffff, listeningChannelAdd: [0, 0xffff_ffff] });
    raw.send('userRemove', { session: 0xffff_ffff });
    raw.send('voiceTarget', { id: 0xffff_ffff });
    raw.send('voiceTarget', { id: 1, targets: [{ channelId: 0xffff_ffff, group: '~sub,0', children: true }] });
    raw.send('acl', { channelId: 0xffff_ffff, query: true });
    raw.send('requestBlob', { sessionComment: [0xffff_ffff], channelDescription: [0xffff_ffff] });
    raw.send('userStats', { session: 0xffff_ffff });
    raw.send('cryptSetup', { clientNonce: Buffer.alloc(3) });
    raw.send('permissionQuery', { channelId: 0xffff_ffff });
    const { permissions } = await raw.next('permissionQuery');
    expect(permissions).toBe(0);
    expect(raw.isClosed).toBe(false);
    await expectWell();
  });

  it('bounds what one client can make it do, while others go on (CVE-2018-20743)', async () => {
    const [alice, bob] = [await world.loggedIn('red', 'alice'), await world.loggedIn('red', 'bob')];
    for (let index = 0; index < 500; index += 1) {
      alice.send('textMessage', { channelId: [lobby], message: `spam ${index}` });
      alice.send('channelState', { parent: 0, name: `spam ${index}` });
    }
    bob.send('ping', { timestamp: 5n });
    await eventually(() => bob.all('ping').some(({ timestamp }) => timestamp === 5n));
    alice.send('ping', { timestamp: 6n });
    await eventually(() => alice.all('ping').some(({ timestamp }) => timestamp === 6n));
    await eventually(() => alice.all('permissionDenied').length > 900);
    expect(bob.all('textMessage').length).toBeLessThan(30);
  });

  it('reads no faster than a client that does not read lets it answer', async () => {
    const raw = await world.loggedIn('red', 'alice');
    raw.socket.pause();
    const description = encodeFrame(23, Buffer.concat(Array.from({ length: 60 }, () => Buffer.from([0x18, lobby]))));
    for (let index = 0; index < 2000; index += 1) raw.socket.write(description);
    await sleep(200);
    raw.disconnect();
    await expectWell();
  });

  it('loses none of its sessions to handshakes that fail (CVE-2020-13962)', async () => {
    const [alice, bob] = [await world.loggedIn('red', 'alice'), await world.loggedIn('red', 'bob')];
    const before = (await world.door.counters()).failedHandshakes;
    const random = new FuzzRandom(5);
    const attempts = 24;
    for (let index = 0; index < attempts; index += 1) {
      const socket = connect(world.door.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.resume();
      // What looks like the hello of a client, and is none.
      socket.write(Buffer.concat([Buffer.from('16030100400100003c0303', 'hex'), random.bytes(58)]));
      await once(socket, 'close');
    }
    await eventually(async () => (await world.door.counters()).failedHandshakes >= before + attempts);
    alice.speak(1, '7801');
    await eventually(() => bob.heard.length > 0);
    expect([alice.isClosed, bob.isClosed]).toEqual([false, false]);
  });

  it('takes datagrams of every kind and length, and forwards none of them (Mumble-SA-2016-001)', async () => {
    const [alice, bob] = [await world.loggedIn('red', 'alice'), await world.loggedIn('red', 'bob')];
    await Promise.all([alice.openUdp(), bob.openUdp()]);
    const random = new FuzzRandom(3);
    const stranger = createSocket('udp4');
    stranger.bind(0, '127.0.0.1');
    await once(stranger, 'listening');
    const answers: Buffer[] = [];
    stranger.on('message', (answer) => answers.push(answer));
    const lengths = [0, 1, 2, 3, 4, 5, 11, 13, 20, 21, 36, 37, 1024, 1028, 1029, 1500, 9000, 65_507];
    const before = (await world.door.counters()).udp;
    for (const length of lengths) {
      alice.sendDatagram(random.bytes(length));
      stranger.send(random.bytes(length), world.door.port, '127.0.0.1');
      await eventually(
        async () => (await world.door.counters()).udp.received >= before.received + 2 * (lengths.indexOf(length) + 1),
      );
    }
    alice.speak(1, '7801');
    await eventually(() => bob.heard.length > 0);
    expect([bob.heard.length, answers.length]).toEqual([1, 0]);
    expect((await world.door.counters()).udp.refused - before.refused).toBe(2 * lengths.length);
    stranger.close();
  });

  it('tells whoever asks how many are here, seldom, and not at all where that is off', async () => {
    const asker = createSocket('udp4');
    asker.bind(0, '127.0.0.1');
    await once(asker, 'listening');
    const answers: Buffer[] = [];
    asker.on('message', (answer) => answers.push(answer));
    await world.loggedIn('red', 'alice');
    const before = (await world.door.counters()).udp.received;
    const question = Buffer.from('00000000aabbccdd00112233', 'hex');
    for (let index = 0; index < 100; index += 1) asker.send(question, world.door.port, '127.0.0.1');
    await eventually(async () => (await world.door.counters()).udp.received >= before + 100 && answers.length > 0);
    await sleep(50);
    expect(answers[0]?.toString('hex')).toBe('00010400aabbccdd0011223300000001000007d0000f4240');
    expect(answers.length).toBeLessThan(20);
    answers.length = 0;
    const quiet = await MumbleWorld.open({ mumble: { answerPings: false } });
    asker.send(question, quiet.door.port, '127.0.0.1');
    await eventually(async () => (await quiet.door.counters()).udp.received === 1);
    await sleep(50);
    expect(answers.length).toBeLessThan(5);
    await quiet.close();
    asker.close();
  });

  it('outlives those who break off in the middle of TLS and of a frame', async () => {
    const half = connect(world.door.port, '127.0.0.1');
    await once(half, 'connect');
    half.write(Buffer.from('1603010200', 'hex'));
    const raw = await world.loggedIn('red', 'alice');
    raw.socket.write(Buffer.from('0009000000ff08', 'hex'));
    raw.disconnect();
    half.destroy();
    await eventually(async () => (await world.door.counters()).sessions === 0);
    await expectWell();
  });
});

describe('tenants at the Mumble door', () => {
  /** Everything that names something of another organization, by its number. */
  const REACHES: readonly (readonly [string, (raw: RawMumble, other: RawMumble) => void])[] = [
    ['entering', (raw) => raw.send('userState', { session: raw.sessionId, channelId: foreign })],
    ['listening', (raw) => raw.send('userState', { session: raw.sessionId, listeningChannelAdd: [foreign] })],
    ['muting', (raw, other) => raw.send('userState', { session: other.sessionId, mute: true })],
    ['moving', (raw, other) => raw.send('userState', { session: other.sessionId, channelId: lobby })],
    ['kicking', (raw, other) => raw.send('userRemove', { session: other.sessionId })],
    ['banning', (raw, other) => raw.send('userRemove', { session: other.sessionId, ban: true })],
    ['writing to a channel', (raw) => raw.send('textMessage', { channelId: [foreign], message: 'x' })],
    ['writing to a user', (raw, other) => raw.send('textMessage', { session: [other.sessionId], message: 'x' })],
    ['shouting', (raw) => raw.send('voiceTarget', { id: 1, targets: [{ channelId: foreign }] })],
    ['renaming', (raw) => raw.send('channelState', { channelId: foreign, name: 'Mine' })],
    ['making below', (raw) => raw.send('channelState', { parent: foreign, name: 'Mine' })],
    ['removing', (raw) => raw.send('channelRemove', { channelId: foreign })],
    ['reading rights', (raw) => raw.send('acl', { channelId: foreign, query: true })],
    ['writing rights', (raw) => raw.send('acl', { channelId: foreign, inheritAcls: true })],
    ['asking for statistics', (raw, other) => raw.send('userStats', { session: other.sessionId })],
  ];

  it.each(REACHES)('are refused %s what is of another, as if it were not there', async (_name, reach) => {
    const [raw, other] = [await world.loggedIn('red', 'ruth'), await world.loggedIn('blue', 'eve')];
    const seen = other.received.length;
    reach(raw, other);
    await raw.next('permissionDenied');
    other.send('ping', { timestamp: 3n });
    await other.next('ping');
    expect(other.received.slice(seen).map(({ name }) => name)).toEqual(['ping']);
  });

  it('see only their own channels and users, and hear only each other', async () => {
    const [ours, theirs] = [await world.loggedIn('red', 'alice'), await world.loggedIn('blue', 'alice')];
    await Promise.all([ours.openUdp(), theirs.openUdp()]);
    expect(ours.all('channelState').map(({ channelId }) => channelId)).toEqual([0, lobby]);
    expect(theirs.all('channelState').map(({ channelId }) => channelId)).toEqual([0, foreign]);
    expect(new Set(ours.all('userState').map(({ session }) => session))).toEqual(new Set([ours.sessionId]));
    ours.send('queryUsers', { names: ['eve', 'alice'] });
    expect((await ours.next('queryUsers')).names).toEqual(['alice']);
    ours.speak(1, '7801');
    const bob = await world.loggedIn('red', 'bob');
    ours.speak(2, '7802');
    await eventually(() => bob.heard.length > 0);
    expect(theirs.heard).toEqual([]);
  });
});
