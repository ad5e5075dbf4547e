import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import { type ChannelId, channelId, sessionId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import type { RelayHost } from '../../src/voice/relay-host.js';
import { eventually } from '../support/eventually.js';
import { framesHeard, gapsIn, SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

const ENOUGH_FRAMES = 20;
const TENANTS = 3;

interface Tenant {
  readonly tag: string;
  readonly organization: Organization;
  readonly lobby: ChannelId;
  readonly side: ChannelId;
}

describe.each([1, 2, 3])('with %d workers of the relay', (workers) => {
  let world: VoiceWorld;
  const tenants: Tenant[] = [];
  const talks: SteadyTalk[] = [];
  beforeAll(async () => {
    world = await VoiceWorld.open({ workers });
    const { channels, system } = world.services;
    for (let index = 0; index < TENANTS; index += 1) {
      const tag = `org${index}`;
      const { organization, lobby } = await world.organization(tag, 'alice', 'bob', 'carol');
      const side = await channels.create(system, organization.id, { name: 'side' });
      tenants.push({ tag, organization, lobby, side: channelId(side.id) });
    }
  });
  afterEach(async () => {
    for (const talk of talks.splice(0)) talk.stop();
    await world.disconnectAll();
  });
  afterAll(() => world.close());

  function talkTo(client: VoiceClient, target: number): SteadyTalk {
    const talk = new SteadyTalk(client, target);
    talks.push(talk);
    return talk;
  }

  /** Alice and Bob of each tenant, in their lobby. */
  async function pairs(): Promise<
    { readonly tenant: Tenant; readonly alice: VoiceClient; readonly bob: VoiceClient }[]
  > {
    const found = [];
    for (const tenant of tenants) {
      const [alice, bob] = [await world.connect(tenant.tag, 'alice'), await world.connect(tenant.tag, 'bob')];
      for (const client of [alice, bob]) await client.join(tenant.lobby);
      found.push({ tenant, alice, bob });
    }
    return found;
  }

  async function hostOf(client: VoiceClient): Promise<RelayHost> {
    const id = sessionId(client.identity.sessionId);
    for (const host of world.pool.hosts) if ((await host.qualitiesOf([id])).has(id)) return host;
    throw new Error('no worker knows the session');
  }

  it('those of one channel hear each other, whichever worker serves them, and all workers serve', async () => {
    const everybody = await pairs();
    const heard = everybody.map(({ alice, bob }) => framesHeard(bob, alice));
    for (const { tenant, alice } of everybody) talkTo(alice, tenant.lobby);
    await eventually(() => heard.every((frames) => frames.length >= ENOUGH_FRAMES));
    expect(heard.flatMap((frames) => gapsIn(frames))).toEqual([]);
    for (const { alice, bob } of everybody) {
      expect([alice.pathMode, bob.pathMode]).toEqual(['udp', 'udp']);
      expect(await hostOf(alice)).toBe(await hostOf(bob));
    }
    const used = new Set(await Promise.all(everybody.map(({ alice }) => hostOf(alice))));
    expect(used.size).toBe(workers);
    const counters = await world.pool.counters();
    const knownTo = counters.map((each) => each?.sessions ?? 0);
    expect(knownTo.reduce((sum, sessions) => sum + sessions, 0)).toBe(2 * TENANTS);
    expect(Math.min(...knownTo)).toBeGreaterThan(0);
  });

  it('a whisper goes from one channel to another, also where it takes the tunnel', async () => {
    for (const { tag, organization, lobby, side } of tenants) {
      const alice = await world.connect(tag, 'alice');
      const bob = await world.connect(tag, 'bob', { udpPort: 9 });
      await alice.join(lobby);
      await bob.join(side);
      const heard = framesHeard(bob, alice);
      talkTo(alice, await alice.whispers.set({ places: [{ channelId: side }] }));
      await eventually(() => heard.length >= ENOUGH_FRAMES);
      expect([gapsIn(heard), bob.identity.organizationId]).toEqual([[], organization.id]);
    }
  });

  it('moderation reaches whoever is served by any of them, in mid-sentence', async () => {
    for (const { tenant, alice, bob } of await pairs()) {
      const heard = framesHeard(bob, alice);
      const talk = talkTo(alice, tenant.lobby);
      await eventually(() => heard.length >= ENOUGH_FRAMES);
      await world.moderation.setMuted(world.services.system, [sessionId(alice.identity.sessionId)], true);
      await eventually(() => bob.sessions.get(alice.identity.sessionId)?.muted === true);
      await silence(talk, heard);
      await world.moderation.setMuted(world.services.system, [sessionId(alice.identity.sessionId)], false);
      await eventually(() => heard.at(-1) === talk.lastFrame);
    }
  });

  it('the resync mends what each of them has lost', async () => {
    const everybody = await pairs();
    const heard = everybody.map(({ alice, bob }) => framesHeard(bob, alice));
    const said = everybody.map(({ tenant, alice }) => talkTo(alice, tenant.lobby));
    await eventually(() => heard.every((frames) => frames.length >= ENOUGH_FRAMES));
    for (const host of world.pool.hosts) {
      for (const { lobby } of tenants) host.update({ type: 'remove_route', target: lobby });
    }
    await eventually(() => said.every((talk, index) => (heard[index]?.at(-1) ?? 0) < talk.lastFrame - ENOUGH_FRAMES));
    await eventually(() => said.every((talk, index) => heard[index]?.at(-1) === talk.lastFrame));
  });

  it('one that dies begins again with those whom it serves, and others hear no gap', async () => {
    const everybody = await pairs();
    const [first] = everybody;
    if (first === undefined) throw new Error('there is no tenant');
    const dying = await hostOf(first.alice);
    const hosts = await Promise.all(everybody.map(({ alice }) => hostOf(alice)));
    const heard = everybody.map(({ alice, bob }) => framesHeard(bob, alice));
    const said = everybody.map(({ tenant, alice }) => talkTo(alice, tenant.lobby));
    await eventually(() => heard.every((frames) => frames.length >= ENOUGH_FRAMES));
    const lost = new Promise((resolve) => dying.onLost(resolve));
    // A key of the wrong length is a bug of the control plane, which the worker does not survive.
    const [key, id] = [new Uint8Array(3), sessionId(first.alice.identity.sessionId)];
    dying.update({ type: 'add_session', sessionId: id, clientKey: key, serverKey: key });
    await lost;
    expect((await world.pool.counters()).filter((each) => each === null)).toHaveLength(1);
    await expect(world.pool.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const saidThen = said.map(({ lastFrame }) => lastFrame);
    await eventually(() =>
      heard.every((frames, index) => (frames.at(-1) ?? 0) > (saidThen[index] ?? 0) + ENOUGH_FRAMES),
    );
    for (const [index, host] of hosts.entries()) if (host !== dying) expect(gapsIn(heard[index] ?? [])).toEqual([]);
    await world.pool.check();
  });
});

async function silence(talk: SteadyTalk, heard: readonly number[]): Promise<void> {
  const heardAtEnd = heard.length;
  const saidAtEnd = talk.lastFrame;
  await eventually(() => talk.lastFrame > saidAtEnd + ENOUGH_FRAMES);
  expect(heard.length - heardAtEnd).toBeLessThanOrEqual(1);
}
