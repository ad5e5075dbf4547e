import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import { ErrorCode } from '../../src/protocol/generated/control_pb.js';
import { eventually } from '../support/eventually.js';
import { present } from '../support/test-server.js';
import { RawControl } from '../voice/raw-control.js';
import { ClusterWorld, PASSWORD, type PlacedOrganization, START_TIMEOUT_MS } from './cluster-world.js';

/** From one packet of a talker to the next, in milliseconds. */
const FRAME_MS = 20;
/** How many packets in a row may be missed: a second of them. */
const MAX_MISSED = 1000 / FRAME_MS;

let world: ClusterWorld;
let organization: PlacedOrganization;
beforeAll(async () => {
  world = await ClusterWorld.start({ nodes: 3 });
}, START_TIMEOUT_MS);
beforeEach(async () => {
  organization = await world.organization('alice', 'bob', 'carol');
});
afterAll(() => world.stop());

interface NodeList {
  readonly clusterNodes: readonly { readonly id: string; readonly name: string; readonly draining: boolean }[];
}

async function nodes(index: number): Promise<NodeList['clusterNodes']> {
  const { data, errors } = await world.ask<NodeList, object>(
    index,
    '{ clusterNodes { id name draining } }',
    {},
    await world.adminToken(),
  );
  expect(errors).toEqual([]);
  return present(data?.clusterNodes);
}

async function setDraining(index: number, name: string, draining: boolean): Promise<void> {
  const { id } = present((await nodes(index)).find((node) => node.name === name));
  const { errors } = await world.ask(
    index,
    `mutation { drainServer(input: { nodeId: "${id}", draining: ${draining} }) { node { draining } errors { code } } }`,
    {},
    await world.adminToken(),
  );
  expect(errors).toEqual([]);
}

/** Speaks on and on. The frame number is the number of the packet, from 1. */
class Talker {
  sent = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(client: VoiceClient, channelId: number) {
    this.#timer = setInterval(() => {
      this.sent += 1;
      client.sendVoice(channelId, this.sent, Buffer.from('opus'), false);
    }, FRAME_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** The numbers of the packets that a client has heard. */
function hearing(client: VoiceClient): number[] {
  const heard: number[] = [];
  client.on('voice', ({ frameNumber }) => heard.push(frameNumber));
  return heard;
}

function longestGap(heard: readonly number[]): number {
  const sorted = [...heard].sort((left, right) => left - right);
  return sorted.slice(1).reduce((longest, frame, index) => Math.max(longest, frame - (sorted[index] ?? 0) - 1), 0);
}

describe('a node that is told to end', () => {
  it('moves those who talk to another node: they are in the channel all the time, and none hears a gap of a second', async () => {
    const { channelId } = organization;
    const [alice, bob] = [await world.enter(0, organization, 'alice'), await world.enter(1, organization, 'bob')];
    for (const client of [alice, bob]) await client.join(channelId);
    await bob.setSelfState({ muted: true, deafened: false, recording: false });
    const home = await world.homeOf(alice);
    const heard = hearing(bob);
    const talker = new Talker(alice, channelId);
    await eventually(() => heard.length > 10);
    const keys = await world.keys();
    const seen = new Set<string>();
    const look = setInterval(
      async () => seen.add((await keys.smembers(`channel_members:${channelId}`)).sort().join()),
      20,
    );
    const moved = Promise.all(
      [alice, bob].map((client) => new Promise<void>((resolve) => client.once('moved', resolve))),
    );
    const stopped = world.node(home).stop();
    await moved;
    const lastBefore = talker.sent;
    await eventually(() => (heard.at(-1) ?? 0) > lastBefore + MAX_MISSED);
    await stopped;
    talker.stop();
    clearInterval(look);
    expect(longestGap(heard)).toBeLessThan(MAX_MISSED);
    expect(new Set(heard).size).toBe(heard.length);
    const users = [alice.identity.userId, bob.identity.userId].sort((left, right) => left - right);
    expect([...seen]).toEqual([users.join()]);
    const homes = [await world.homeOf(alice), await world.homeOf(bob)];
    expect(homes).toEqual([homes[0], homes[0]]);
    expect(homes).not.toContain(home);
    // How they were goes along.
    await eventually(() => alice.sessions.get(bob.identity.sessionId)?.selfMuted === true);
    expect(alice.sessions.size).toBe(2);
    await world.restart(home);
  });

  it('has written down whatever it has acknowledged, and its users find it at another node', async () => {
    const token = await world.adminToken();
    const acknowledged: string[] = [];
    let isOver = false;
    const index = 2;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let count = 0; !isOver; count += 1) {
        const name = `channel ${writer} ${count}`;
        const mutation = `mutation { createChannel(input: { organizationId: "${organization.id}", name: "${name}" }) { channel { id } errors { code } } }`;
        const answer = await world
          .ask<{ createChannel: { channel: { id: string } | null } }, object>(index, mutation, {}, token)
          .catch(() => undefined);
        if (answer === undefined) return;
        if (answer.data?.createChannel?.channel) acknowledged.push(name);
      }
    });
    await eventually(() => acknowledged.length > 20);
    const stopped = world.node(index).stop();
    await Promise.all(writers);
    isOver = true;
    await stopped;
    expect(await world.channelNames(organization)).toEqual(expect.arrayContaining(acknowledged));
    await world.restart(index);
  });
});

describe('a node that is drained', () => {
  it('is shown so by every node, lets nobody in, and is opened again', async () => {
    await setDraining(0, 'node 1', true);
    for (const index of [0, 1, 2]) {
      await eventually(async () => (await nodes(index)).find(({ name }) => name === 'node 1')?.draining === true);
    }
    const password = { organizationTag: organization.tag, username: 'alice', password: PASSWORD };
    const login = {
      case: 'login',
      value: { protocolVersion: 1, clientName: 'raw', credentials: { case: 'password', value: password } },
    } as const;
    const refused = await RawControl.open(world.node(1).controlPort);
    expect(await refused.request(login)).toMatchObject({ case: 'refused', value: { code: ErrorCode.SHUTTING_DOWN } });
    const alice = await world.enter(1, organization, 'alice');
    expect(await world.homeOf(alice)).not.toBe(1);
    await alice.close();
    await setDraining(2, 'node 1', false);
    await eventually(async () => (await nodes(0)).every(({ draining }) => !draining));
    const admitted = await RawControl.open(world.node(1).controlPort);
    expect(await admitted.request(login)).toMatchObject({ case: 'welcome' });
    admitted.socket.destroy();
  });

  it('moves the sessions that it has, with their channels', async () => {
    const alice = await world.enter(0, organization, 'alice');
    const home = await world.homeOf(alice);
    await alice.join(organization.channelId);
    const moved = new Promise<void>((resolve) => alice.once('moved', resolve));
    await setDraining((home + 1) % 3, `node ${home}`, true);
    await moved;
    expect(await world.homeOf(alice)).not.toBe(home);
    const own = () => alice.sessions.get(alice.identity.sessionId)?.channelIds;
    await eventually(() => own()?.join() === `${organization.channelId}`);
    await setDraining((home + 1) % 3, `node ${home}`, false);
  });

  it('cannot be drained by who is no platform admin, nor where no other is open', async () => {
    const token = await world.token(organization.tag, 'alice');
    const mutation = 'mutation { drainServer(input: {}) { node { id } errors { code } } }';
    expect((await world.ask(0, mutation, {}, token)).errors).toMatchObject([
      { extensions: { code: 'PERMISSION_DENIED' } },
    ]);
    await setDraining(0, 'node 1', true);
    await setDraining(0, 'node 2', true);
    await eventually(async () => (await nodes(0)).filter(({ draining }) => draining).length === 2);
    const { data } = await world.ask<{ drainServer: { errors: { code: string }[] } }, object>(
      ...([0, mutation, {}, await world.adminToken()] as const),
    );
    expect(data?.drainServer.errors).toMatchObject([{ code: 'CONFLICT' }]);
    for (const name of ['node 1', 'node 2']) await setDraining(0, name, false);
    await eventually(async () => (await nodes(0)).every(({ draining }) => !draining));
  });
});
