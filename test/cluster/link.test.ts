import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import { eventually } from '../support/eventually.js';
import { ClusterWorld, type PlacedOrganization, START_TIMEOUT_MS } from './cluster-world.js';

let world: ClusterWorld;
let organization: PlacedOrganization;
beforeAll(async () => {
  world = await ClusterWorld.start({
    nodes: 2,
    // Nobody is sent from one node to another: the channel spans both.
    environment: { PARLEY_CLUSTER_ADVERTISED_HOST: '', PARLEY_CLUSTER_LINK_HOST: '127.0.0.1' },
  });
}, START_TIMEOUT_MS);
beforeEach(async () => {
  organization = await world.organization('alice', 'bob', 'carol', 'dave');
});
afterAll(() => world.stop());

async function enter(index: number, username: string): Promise<VoiceClient> {
  const client = await world.enter(index, organization, username);
  await client.join(organization.channelId);
  return client;
}

/** The packets of a speaker that a client has heard, by their numbers. */
function hearing(client: VoiceClient, speaker: VoiceClient): Set<number> {
  const heard = new Set<number>();
  client.on('voice', ({ sessionId, frameNumber }) => {
    if (sessionId === speaker.identity.sessionId) heard.add(frameNumber);
  });
  return heard;
}

/** Speaks until the other has heard something of it that is newer than this. */
async function untilHeard(speaker: VoiceClient, heard: ReadonlySet<number>): Promise<void> {
  const before = Math.max(0, ...heard);
  let frame = before;
  await eventually(() => {
    frame += 1;
    speaker.sendVoice(organization.channelId, frame, Buffer.from('opus'), false);
    return Math.max(0, ...heard) > before;
  });
}

async function metric(index: number, pattern: RegExp): Promise<number> {
  const text = await (await fetch(world.node(index).metricsUrl)).text();
  return text
    .split('\n')
    .filter((line) => pattern.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('who is in a channel at several nodes', () => {
  it('hears each other in both directions, over changes of the key at either node', async () => {
    const [alice, bob] = [await enter(0, 'alice'), await enter(1, 'bob')];
    const [byBob, byAlice] = [hearing(bob, alice), hearing(alice, bob)];
    await untilHeard(alice, byBob);
    await untilHeard(bob, byAlice);
    for (const index of [0, 1, 0]) {
      const carol = await enter(index, 'carol');
      const byCarol = hearing(carol, alice);
      await untilHeard(alice, byCarol);
      await carol.close();
      await eventually(() => alice.sessions.size === 2 && bob.sessions.size === 2);
      await untilHeard(alice, byBob);
      await untilHeard(bob, byAlice);
    }
  });

  it('gets one copy for each node, however many hear it there', async () => {
    const alice = await enter(0, 'alice');
    const others = [await enter(1, 'bob'), await enter(1, 'carol'), await enter(1, 'dave')];
    const heard = others.map((client) => hearing(client, alice));
    for (const each of heard) await untilHeard(alice, each);
    const sentBefore = await metric(0, /^parley_link_packets_total\{.*direction="out"/);
    const from = Math.max(...heard.map((each) => Math.max(...each))) + 1000;
    for (let frame = from; frame < from + 20; frame += 1) {
      alice.sendVoice(organization.channelId, frame, Buffer.from('opus'), false);
    }
    await eventually(() =>
      heard.every((each) => Array.from({ length: 20 }, (_, i) => each.has(from + i)).every(Boolean)),
    );
    expect((await metric(0, /^parley_link_packets_total\{.*direction="out"/)) - sentBefore).toBe(20);
  });

  it('is cut off everywhere when a moderator mutes them at another node', async () => {
    const [alice, bob] = [await enter(0, 'alice'), await enter(1, 'bob')];
    const heard = hearing(bob, alice);
    await untilHeard(alice, heard);
    const { errors } = await world.ask(
      1,
      `mutation { muteSessions(input: { sessionIds: ["${alice.identity.sessionId}"] }) { errors { code } } }`,
      {},
      await world.adminToken(),
    );
    expect(errors).toEqual([]);
    await eventually(() => alice.sessions.get(alice.identity.sessionId)?.muted === true);
    const before = heard.size;
    alice.sendVoice(organization.channelId, 1_000_000, Buffer.from('opus'), false);
    await untilHeard(bob, hearing(alice, bob));
    expect(heard.size).toBe(before);
  });

  it('goes on when the other node has died and come back, over a new link', async () => {
    const alice = await enter(0, 'alice');
    process.kill(world.node(1).pid, 'SIGKILL');
    await world.restart(1);
    const bob = await enter(1, 'bob');
    const [byBob, byAlice] = [hearing(bob, alice), hearing(alice, bob)];
    await untilHeard(alice, byBob);
    await untilHeard(bob, byAlice);
    await eventually(async () => (await metric(0, /^parley_link_up\{.*node="node 1"/)) === 1);
    expect(await metric(0, /^parley_link_round_trip_seconds\{.*node="node 1"/)).toBeGreaterThan(0);
  });
});
