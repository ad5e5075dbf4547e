import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from '@tf2pickup-org/mumble-client';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { ChannelId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { eventually } from '../support/eventually.js';
import { MumbleWorld } from './mumble-world.js';
import type { RawMumble } from './raw-mumble.js';

let world: MumbleWorld;
let organization: Organization;
let lobby: ChannelId;
let memberRole: Awaited<ReturnType<MumbleWorld['voice']['memberRole']>>;
beforeAll(async () => {
  world = await MumbleWorld.open();
  ({ organization, lobby } = await world.voice.organization('demo', 'alice', 'bob', 'carol', 'dave'));
  memberRole = await world.voice.memberRole(organization);
});
afterEach(() => world.disconnectAll());
afterAll(() => world.close());

/** What was said: frame number, end of talk, Opus. */
const WORDS = [
  [0, false, '78aabbcc'],
  [2, false, '78ddee'],
  [2 ** 31 - 1, false, `78${'0102'.repeat(400)}`],
  [5000, true, '78ff'],
  [5002, true, ''],
] as const;

function say(raw: RawMumble, way?: 'udp' | 'tunnel'): void {
  for (const [frameNumber, endOfTalk, opus] of WORDS) {
    raw.speak(frameNumber, opus, { endOfTalk, ...(way !== undefined && { way }) });
  }
}

function sayByParley(client: VoiceClient): void {
  for (const [frameNumber, endOfTalk, opus] of WORDS) {
    client.sendVoice(lobby, frameNumber, Buffer.from(opus, 'hex'), endOfTalk);
  }
}

function wordsOf(raw: RawMumble) {
  return raw.heard.map(({ frameNumber, endOfTalk, opus }) => [frameNumber, endOfTalk, opus]);
}

function byOrder(words: readonly (readonly unknown[])[]): string[] {
  return words.map((word) => JSON.stringify(word)).sort();
}

describe('voice at the Mumble door', () => {
  it('goes from one Mumble client to another by UDP: the same packets, frame numbers and ends', async () => {
    const [alice, bob] = [await world.loggedIn('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    await Promise.all([alice.openUdp(), bob.openUdp()]);
    say(alice);
    await eventually(() => bob.heard.length >= WORDS.length);
    expect(byOrder(wordsOf(bob))).toEqual(byOrder(WORDS));
    expect(bob.heard.map(({ way, context, sessionId }) => ({ way, context, sessionId }))).toEqual(
      WORDS.map(() => ({ way: 'udp', context: 0, sessionId: alice.sessionId })),
    );
    expect(alice.heard).toEqual([]);
  });

  it('goes through the tunnel where there is no UDP, and back to UDP as soon as that speaks', async () => {
    const [alice, bob] = [await world.loggedIn('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    await bob.openUdp();
    say(alice);
    await eventually(() => bob.heard.length >= WORDS.length);
    bob.speak(1, '78', { way: 'tunnel' });
    await eventually(() => alice.heard.length === 1);
    say(alice);
    await eventually(() => bob.heard.length >= 2 * WORDS.length);
    bob.speak(2, '78', { way: 'udp' });
    await eventually(() => alice.heard.length === 2);
    say(alice);
    await eventually(() => bob.heard.length >= 3 * WORDS.length);
    const ways = bob.heard.map(({ way }) => way);
    expect(ways).toEqual([...WORDS.map(() => 'udp'), ...WORDS.map(() => 'tunnel'), ...WORDS.map(() => 'udp')]);
    expect(alice.heard.map(({ way }) => way)).toEqual(['tunnel', 'tunnel']);
  });

  it("goes to Parley's own clients and back, the same for both", async () => {
    const alice = await world.loggedIn('demo', 'alice');
    await alice.openUdp();
    const bob = await world.voice.connect('demo', 'bob');
    await bob.join(lobby);
    const heard: unknown[][] = [];
    bob.on('voice', ({ sessionId, channelId, frameNumber, endOfTalk, opus }) => {
      expect([sessionId, channelId]).toEqual([alice.sessionId, lobby]);
      heard.push([frameNumber, endOfTalk, Buffer.from(opus).toString('hex')]);
    });
    say(alice);
    await eventually(() => heard.length >= WORDS.length);
    expect(byOrder(heard)).toEqual(byOrder(WORDS));
    sayByParley(bob);
    await eventually(() => alice.heard.length >= WORDS.length);
    expect(byOrder(wordsOf(alice))).toEqual(byOrder(WORDS));
    expect(alice.heard[0]).toMatchObject({ way: 'udp', context: 0, sessionId: bob.identity.sessionId });
  });

  it('goes to a client of an independent library, and back', async () => {
    const [alice, bob] = [await world.client('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    await eventually(() => alice.self?.channelId === lobby);
    const heard = heardBy(alice);
    for (let index = 0; index < 50; index += 1) bob.speak(2 * index, '7801', { endOfTalk: index === 49 });
    await eventually(() => heard.length >= 50);
    expect(heard).toEqual(Array.from({ length: 50 }, (_, index) => [bob.sessionId, 2 * index, index === 49, '7801']));
    for (let index = 0; index < 50; index += 1) {
      await alice.socket?.sendAudio({ data: Buffer.from('7802', 'hex'), isTerminator: index === 49 });
    }
    await eventually(() => bob.heard.length >= 50);
    expect(bob.heard.map(({ frameNumber }) => frameNumber)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it('comes back to whoever asks for it by target 31, and goes to nobody else', async () => {
    const [alice, bob] = [await world.loggedIn('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    alice.speak(1, '7801', { target: 31 });
    await eventually(() => alice.heard.length === 1);
    alice.speak(2, '7802');
    await eventually(() => bob.heard.length === 1);
    expect(alice.heard).toMatchObject([{ sessionId: alice.sessionId, frameNumber: 1 }]);
    expect(bob.heard).toMatchObject([{ frameNumber: 2 }]);
  });

  it('stops in mid-sentence when SPEAK is taken away, and everybody sees it', async () => {
    const [alice, bob] = [await world.loggedIn('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    const { acl, system } = world.voice.services;
    try {
      await acl.setEntry(system, lobby, memberRole, 0b0001);
      await eventually(() => bob.stateOf(alice.sessionId).suppress === true);
      alice.speak(1, '7801');
      await world.voice.relay.settled();
      await acl.removeEntry(system, lobby, memberRole);
      await eventually(() => bob.stateOf(alice.sessionId).suppress === false);
      await world.voice.relay.settled();
      alice.speak(2, '7802');
      await eventually(() => bob.heard.length > 0);
      expect(bob.heard.map(({ frameNumber }) => frameNumber)).toEqual([2]);
    } finally {
      await acl.removeEntry(system, lobby, memberRole);
    }
  });

  it('is not heard by who is deafened, nor from who is muted', async () => {
    const [alice, bob, carol] = [
      await world.loggedIn('demo', 'alice'),
      await world.loggedIn('demo', 'bob'),
      await world.loggedIn('demo', 'carol'),
    ];
    bob.send('userState', { session: bob.sessionId, selfDeaf: true });
    await eventually(() => alice.stateOf(bob.sessionId).selfDeaf === true);
    expect(alice.stateOf(bob.sessionId).selfMute).toBe(true);
    await world.voice.relay.settled();
    alice.speak(1, '7801');
    bob.speak(1, '7801');
    await eventually(() => carol.heard.length > 0);
    alice.speak(2, '7802');
    await eventually(() => carol.heard.length > 1);
    expect(carol.heard.map(({ sessionId }) => sessionId)).toEqual([alice.sessionId, alice.sessionId]);
    expect(bob.heard).toEqual([]);
  });

  it('is whispered to users and shouted to channels, and means nothing any more without receivers', async () => {
    const [alice, bob, carol] = [
      await world.loggedIn('demo', 'alice'),
      await world.loggedIn('demo', 'bob'),
      await world.loggedIn('demo', 'carol'),
    ];
    const dave = await world.voice.connect('demo', 'dave');
    await dave.join(lobby);
    const byDave: number[] = [];
    dave.on('voice', ({ frameNumber }) => byDave.push(frameNumber));
    alice.send('voiceTarget', { id: 1, targets: [{ session: [bob.sessionId] }] });
    alice.send('voiceTarget', { id: 2, targets: [{ channelId: 0, children: true }] });
    await answered(alice);
    alice.speak(1, '7801', { target: 1 });
    await eventually(() => bob.heard.length === 1);
    alice.speak(2, '7802', { target: 2 });
    await eventually(() => bob.heard.length === 2 && carol.heard.length === 1 && byDave.length === 1);
    expect([carol.heard[0]?.frameNumber, byDave[0], bob.heard[0]?.context]).toEqual([2, 2, 2]);
    alice.send('voiceTarget', { id: 1, targets: [] });
    await answered(alice);
    alice.speak(3, '7803', { target: 1 });
    alice.speak(4, '7804', { target: 9 });
    alice.speak(5, '7805', { target: 2 });
    await eventually(() => bob.heard.length === 3);
    expect(bob.heard.map(({ frameNumber }) => frameNumber)).toEqual([1, 2, 5]);
    alice.send('voiceTarget', { id: 2, targets: [{ channelId: lobby, group: 'no such role' }] });
    await alice.next('permissionDenied');
    alice.speak(6, '7806', { target: 2 });
    alice.speak(7, '7807');
    await eventually(() => bob.heard.length === 4);
    expect(bob.heard.at(-1)?.frameNumber).toBe(7);
  });

  it('is listened to from outside the channel', async () => {
    const { channels, system } = world.voice.services;
    const other = await channels.create(system, organization.id, { name: 'Other' });
    const [alice, bob] = [await world.loggedIn('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    bob.send('userState', { session: bob.sessionId, channelId: other.id, listeningChannelAdd: [lobby] });
    await eventually(() => alice.channelOf(bob.sessionId) === other.id);
    await answered(bob);
    alice.speak(1, '7801');
    await eventually(() => bob.heard.length === 1);
    expect(bob.heard[0]?.context).toBe(3);
    bob.send('userState', { session: bob.sessionId, listeningChannelRemove: [lobby] });
    await answered(bob);
    alice.speak(2, '7802');
    alice.send('userState', { session: alice.sessionId, channelId: other.id });
    await eventually(() => bob.channelOf(alice.sessionId) === other.id);
    await answered(alice);
    alice.speak(3, '7803');
    await eventually(() => bob.heard.length === 2);
    expect(bob.heard.map(({ frameNumber }) => frameNumber)).toEqual([1, 3]);
    await channels.delete(system, other.id, { recursive: true });
    await eventually(() => bob.channelOf(bob.sessionId) === 0 && bob.all('channelRemove').length > 0);
  });

  it('goes on after the datagrams of a client have got out of step', async () => {
    const [alice, bob] = [await world.loggedIn('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    await Promise.all([alice.openUdp(), bob.openUdp()]);
    for (let index = 0; index < 400; index += 1) alice.crypt.seal(Buffer.from('20', 'hex'));
    alice.speak(1, '7801');
    alice.send('cryptSetup', { clientNonce: alice.crypt.sealNonce });
    alice.send('ping', { timestamp: 1n });
    expect(await alice.next('ping')).toMatchObject({ resync: 1 });
    alice.speak(2, '7802');
    await eventually(() => bob.heard.length > 0);
    expect(bob.heard.map(({ frameNumber }) => frameNumber)).toEqual([2]);
    bob.send('cryptSetup', {});
    expect((await bob.next('cryptSetup')).serverNonce).toHaveLength(16);
  });

  it('is heard once, however often a datagram is sent, and from a new address at once', async () => {
    const [alice, bob] = [await world.loggedIn('demo', 'alice'), await world.loggedIn('demo', 'bob')];
    await alice.openUdp();
    const datagram = alice.crypt.seal(Buffer.from('8001027801', 'hex'));
    for (let index = 0; index < 5; index += 1) alice.sendDatagram(datagram);
    await eventually(() => bob.heard.length > 0);
    await alice.openUdp();
    alice.speak(2, '7802');
    await eventually(() => bob.heard.length >= 2);
    expect(bob.heard.map(({ frameNumber }) => frameNumber)).toEqual([1, 2]);
  });
});

/** Waits until the server has come to what is asked now. */
async function answered(raw: RawMumble): Promise<void> {
  raw.send('permissionQuery', { channelId: lobby });
  await raw.next('permissionQuery');
}

function heardBy(client: Client): unknown[][] {
  const heard: unknown[][] = [];
  client.socket?.fullAudioPacket.subscribe(({ source, sequence, hasTerminator, audioData }) => {
    heard.push([source, sequence, hasTerminator, audioData.toString('hex')]);
  });
  return heard;
}
