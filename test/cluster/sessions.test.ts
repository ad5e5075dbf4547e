import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import { ChannelOccupancyDocument } from '../graphql/generated/graphql.js';
import { eventually } from '../support/eventually.js';
import { Subscriber } from '../support/subscriber.js';
import { ClusterWorld, type PlacedOrganization, START_TIMEOUT_MS } from './cluster-world.js';

let world: ClusterWorld;
let organization: PlacedOrganization;
beforeAll(async () => {
  // Nobody is sent from one node to another.
  world = await ClusterWorld.start({ nodes: 2, environment: { PARLEY_CLUSTER_ADVERTISED_HOST: '' } });
}, START_TIMEOUT_MS);
beforeEach(async () => {
  organization = await world.organization('alice', 'bob', 'carol');
});
afterAll(() => world.stop());

interface Listed {
  readonly organization: {
    readonly sessions: {
      readonly nodes: readonly {
        id: string;
        user: { username: string };
        muted: boolean;
        channels: { nodes: { id: string }[] };
      }[];
    };
  };
}

async function sessionsAt(index: number) {
  const { data, errors } = await world.ask<Listed, object>(
    index,
    `{ organization(id: "${organization.id}") { sessions(first: 50) { nodes { id muted user { username } channels(first: 20) { nodes { id } } } } } }`,
    {},
    await world.adminToken(),
  );
  expect(errors).toEqual([]);
  return (data?.organization.sessions.nodes ?? []).map(({ id, user, muted, channels }) => ({
    id: Number(id),
    username: user.username,
    muted,
    channelIds: channels.nodes.map((channel) => Number(channel.id)),
  }));
}

async function mutate(index: number, mutation: string): Promise<unknown> {
  const { data, errors } = await world.ask(index, `mutation { ${mutation} }`, {}, await world.adminToken());
  expect(errors).toEqual([]);
  return data;
}

const known = (client: VoiceClient) => [...client.sessions.values()].map(({ username }) => username).sort();

it('each node, its clients and its API show the sessions of all nodes, and where they are', async () => {
  const { channelId } = organization;
  const alice = await world.enter(0, organization, 'alice');
  await alice.join(channelId);
  const bob = await world.enter(1, organization, 'bob');
  expect(known(bob)).toEqual(['alice', 'bob']);
  expect([...bob.sessions.values()].find(({ username }) => username === 'alice')?.channelIds).toEqual([channelId]);
  await bob.join(channelId);
  await eventually(() => known(alice).length === 2);
  const expected = [
    { id: alice.identity.sessionId, username: 'alice', muted: false, channelIds: [channelId] },
    { id: bob.identity.sessionId, username: 'bob', muted: false, channelIds: [channelId] },
  ].sort((left, right) => left.id - right.id);
  for (const index of [0, 1])
    await eventually(async () => JSON.stringify(await sessionsAt(index)) === JSON.stringify(expected));
  await bob.close();
  await eventually(() => known(alice).length === 1);
  await eventually(async () => (await sessionsAt(0)).length === 1);
});

it('a stream at one node tells what happens at another', async () => {
  const { channelId, tag } = organization;
  const watcher = new Subscriber(world.node(1).httpUrl, await world.token(tag, 'carol'));
  const stream = watcher.subscribe(ChannelOccupancyDocument, { channelId: `${channelId}` });
  expect((await stream.next()).channelOccupancy).toMatchObject({ __typename: 'SessionSnapshot', sessions: [] });
  const alice = await world.enter(0, organization, 'alice');
  await alice.join(channelId);
  const session = { id: `${alice.identity.sessionId}` };
  expect((await stream.next()).channelOccupancy).toMatchObject({ type: 'JOINED', session });
  await alice.setSelfState({ muted: true, deafened: false, recording: false });
  expect((await stream.next()).channelOccupancy).toMatchObject({ type: 'MUTED', session });
  await alice.close();
  expect((await stream.next()).channelOccupancy).toMatchObject({ type: 'LEFT', session });
  watcher.close();
});

it('a login at one node ends the session of the same user at another, with the reason', async () => {
  const first = await world.enter(0, organization, 'alice');
  await first.join(organization.channelId);
  const ended = new Promise<string>((resolve) => first.once('disconnect', ({ code }) => resolve(code)));
  const second = await world.enter(1, organization, 'alice');
  expect(await ended).toBe('REPLACED');
  for (const index of [0, 1]) {
    await eventually(
      async () => (await sessionsAt(index)).map(({ id }) => id).join() === `${second.identity.sessionId}`,
    );
  }
  expect((await sessionsAt(0))[0]?.channelIds).toEqual([]);
});

it('of many logins of one user at all nodes at once one session is left, and it is the same for all', async () => {
  const attempts = await Promise.allSettled(
    Array.from({ length: 8 }, (_, index) => world.enter(index % 2, organization, 'bob', { reconnectForMs: 0 })),
  );
  expect(attempts.some(({ status }) => status === 'fulfilled')).toBe(true);
  await eventually(async () => {
    const [near, far] = [await sessionsAt(0), await sessionsAt(1)];
    return near.length === 1 && far.length === 1 && near[0]?.id === far[0]?.id;
  });
});

it('moderators act by any node on sessions of any other', async () => {
  const { channelId, id } = organization;
  const { createChannel } = Object(
    await mutate(0, `createChannel(input: { organizationId: "${id}", name: "Tower" }) { channel { id } }`),
  );
  const tower = Number(createChannel.channel.id);
  const alice = await world.enter(0, organization, 'alice');
  await alice.join(channelId);
  const own = () => alice.sessions.get(alice.identity.sessionId);
  const sessionIds = `["${alice.identity.sessionId}"]`;
  await eventually(async () => (await sessionsAt(1)).length === 1);
  await mutate(1, `muteSessions(input: { sessionIds: ${sessionIds}, muted: true }) { errors { message } }`);
  await eventually(() => own()?.muted === true);
  await mutate(1, `moveSessions(input: { sessionIds: ${sessionIds}, toChannelId: "${tower}" }) { errors { message } }`);
  await eventually(() => own()?.channelIds.join() === `${tower}`);
  await eventually(async () => (await sessionsAt(1))[0]?.channelIds.join() === `${tower}`);
  const ended = new Promise<string>((resolve) => alice.once('disconnect', ({ code }) => resolve(code)));
  await mutate(1, `kickSessions(input: { sessionIds: ${sessionIds} }) { errors { message } }`);
  expect(await ended).toBe('KICKED');
  // What a moderator has decided holds for the user, wherever they come back.
  const again = await world.enter(1, organization, 'alice');
  expect(again.sessions.get(again.identity.sessionId)?.muted).toBe(true);
});

it('a text reaches who is in the channel at another node, and one user alone', async () => {
  const alice = await world.enter(0, organization, 'alice');
  const bob = await world.enter(1, organization, 'bob');
  for (const client of [alice, bob]) await client.join(organization.channelId);
  const heard: string[] = [];
  bob.on('text', ({ text, username }) => heard.push(`${username}: ${text}`));
  await eventually(
    () => [...alice.sessions.values()].every(({ channelIds }) => channelIds.length === 1) && known(alice).length === 2,
  );
  await alice.sendText({ channelId: organization.channelId }, 'to all');
  await alice.sendText({ userId: bob.identity.userId }, 'to you');
  await eventually(() => heard.length === 2);
  expect(heard).toEqual(['alice: to all', 'alice: to you']);
});

it('the sessions of a node that dies are gone everywhere, and its users may come to another', async () => {
  const third = await world.addNode();
  await world.untilAcquainted();
  const alice = await world.enter(2, organization, 'alice', { reconnectForMs: 0 });
  await alice.join(organization.channelId);
  const bob = await world.enter(1, organization, 'bob');
  expect(known(bob)).toEqual(['alice', 'bob']);
  process.kill(third.pid, 'SIGKILL');
  await eventually(() => known(bob).length === 1);
  await eventually(async () => (await sessionsAt(0)).length === 1);
});
