import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { ChannelId } from '../../src/ids.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import type { RawControl } from './raw-control.js';
import { FRAME_MS, framesHeard, gapsIn, SteadyTalk } from './steady-talk.js';
import { sayThroughTunnel } from './tunneled-word.js';
import { VoiceWorld } from './voice-world.js';

/** They fill what the system keeps for a reader who does not read: megabytes. */
const LOUD = ['loud1', 'loud2', 'loud3', 'loud4', 'loud5', 'loud6'];
const LOUD_OPUS_BYTES = 1100;
/** A second and a half of words that have been said and not heard yet: more than a busy machine takes, less than waits in the tunnel. */
const MAX_BEHIND_FRAMES = 1500 / FRAME_MS;
const DROPPED = 2000;
const LAST_WORDS = 20;

let world: VoiceWorld;
let lobby: ChannelId;
const timers: NodeJS.Timeout[] = [];
const talks: SteadyTalk[] = [];
beforeAll(async () => {
  world = await VoiceWorld.open();
  ({ lobby } = await world.organization('demo', 'alice', 'bob', 'carol', ...LOUD));
});
afterAll(async () => {
  for (const timer of timers) clearInterval(timer);
  for (const talk of talks) talk.stop();
  await world.close();
});

describe('a listener who gets voice by the tunnel and does not read', () => {
  it('delays nobody else, loses the oldest and not its session, and hears the newest when it reads again', async () => {
    const carol = await world.raw();
    const welcome = await carol.login('demo', 'carol', PASSWORD);
    await carol.request({ case: 'join', value: { channelId: lobby } });
    sayThroughTunnel(carol, welcome, lobby);
    const [alice, bob, ...loud] = await Promise.all(
      ['alice', 'bob', ...LOUD].map((username) => world.connect('demo', username)),
    );
    if (alice === undefined || bob === undefined) throw new Error('they have come');
    for (const client of [alice, bob, ...loud]) await client.join(lobby);
    const byBob = framesHeard(bob, alice);
    const talk = new SteadyTalk(alice, lobby);
    talks.push(talk);
    await eventually(() => carol.cases.includes('tunneledVoice') && byBob.length > 0);
    expect(bob.pathMode).toBe('udp');

    carol.socket.pause();
    timers.push(...loud.map((client) => noiseOf(client, lobby)));
    let behind = 0;
    await eventually(() => {
      behind = Math.max(behind, talk.lastFrame - (byBob.at(-1) ?? 0));
      return world.door.counters().droppedVoice > DROPPED;
    });
    for (const timer of timers) clearInterval(timer);
    talk.stop();
    await eventually(() => byBob.at(-1) === talk.lastFrame);
    expect(gapsIn(byBob)).toEqual([]);
    expect(behind).toBeLessThan(MAX_BEHIND_FRAMES);

    carol.socket.resume();
    const lastWords = new SteadyTalk(alice, lobby);
    talks.push(lastWords);
    const { sessionId } = alice.identity;
    await eventually(() => Math.max(...countersOf(carol, sessionId)) > talk.lastFrame + LAST_WORDS);
    lastWords.stop();
    // A part of what was dropped was hers; a few counters in between are pings.
    expect(gapsIn(countersOf(carol, sessionId)).length).toBeGreaterThan(DROPPED / 20);
    expect(carol.isClosed).toBe(false);
    await world.disconnectAll();
  });
});

/** Packets as long as they may be, as fast as steady talk. */
function noiseOf(client: VoiceClient, channelId: ChannelId): NodeJS.Timeout {
  let frame = 0;
  return setInterval(() => {
    frame += 1;
    client.sendVoice(channelId, frame, Buffer.alloc(LOUD_OPUS_BYTES), false);
  }, FRAME_MS);
}

/** The packet counters of one speaker, of the voice that came through the tunnel, in its order. */
function countersOf(listener: RawControl, sessionId: number): readonly number[] {
  return listener.received.flatMap(({ body }) => {
    if (body.case !== 'tunneledVoice') return [];
    const packet = Buffer.from(body.value.packet);
    return packet.readUInt32BE(6) === sessionId ? [packet.readUIntBE(10, 6)] : [];
  });
}
