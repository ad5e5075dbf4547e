import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { sessionId } from '../../src/ids.js';
import { CryptState } from '../../src/mumble/crypt-state.js';
import { eventually } from '../support/eventually.js';
import { MumbleWorld } from './mumble-world.js';
import type { RawMumble } from './raw-mumble.js';

/** Pings are told to the gateway together, once a second. */
const PINGS_WAIT_MS = 1300;
const TENANTS = ['org0', 'org1', 'org2'];

describe.each([1, 2])('the gateway of the Mumble door, with %d workers of the relay', (workers) => {
  let world: MumbleWorld;
  beforeAll(async () => {
    world = await MumbleWorld.open({ workers });
    for (const tag of TENANTS) await world.voice.organization(tag, 'alice', 'bob', 'carol');
  });
  afterEach(() => world.disconnectAll());
  afterAll(() => world.close());

  async function pairs(): Promise<(readonly [RawMumble, RawMumble])[]> {
    const found: (readonly [RawMumble, RawMumble])[] = [];
    for (const tag of TENANTS) {
      const pair = [await world.loggedIn(tag, 'alice'), await world.loggedIn(tag, 'bob')] as const;
      await Promise.all(pair.map((raw) => raw.openUdp()));
      found.push(pair);
    }
    return found;
  }

  /** Alice says a word again and again until Bob hears one. */
  async function untilHeard([alice, bob]: readonly [RawMumble, RawMumble], way: 'udp' | 'tunnel'): Promise<void> {
    const before = bob.heard.length;
    let frame = before;
    await eventually(() => {
      frame += 1;
      alice.speak(frame, '7801', { way });
      return bob.heard.length > before;
    });
    expect(bob.heard.at(-1)?.sessionId).toBe(alice.sessionId);
  }

  it('brings voice of every organization by UDP and by the tunnel, whichever worker serves it', async () => {
    for (const pair of await pairs()) {
      await untilHeard(pair, 'udp');
      expect(pair[1].heard.at(-1)?.way).toBe('udp');
      await untilHeard(pair, 'tunnel');
      const [alice, bob] = pair;
      bob.speak(1, '7802', { way: 'udp' });
      await eventually(() => alice.heard.length > 0);
      expect(alice.heard[0]).toMatchObject({ way: 'tunnel', sessionId: bob.sessionId, opus: '7802' });
    }
  });

  it('tells each in a ping what was counted of its datagrams', async () => {
    const [first] = await pairs();
    if (first === undefined) throw new Error('there is no tenant');
    const [alice] = first;
    await untilHeard(first, 'udp');
    const goodOf = async () => {
      alice.send('ping', { timestamp: 5n });
      return (await alice.next('ping')).good ?? 0;
    };
    expect(await goodOf()).toBeGreaterThan(0);
    for (let index = 0; index < 20; index += 1) alice.speak(100 + index, '7801', { way: 'udp' });
    await eventually(async () => (await goodOf()) >= 20);
  });

  it('goes through the tunnel to whom nothing arrives, and not to whom the first words are on their way', async () => {
    const [first] = await pairs();
    if (first === undefined) throw new Error('there is no tenant');
    const [alice, bob] = first;
    const say = async (count: number) => {
      const before = bob.heard.length;
      for (let index = 0; index < count; index += 1) alice.speak(index, '7801', { way: 'udp' });
      await eventually(() => bob.heard.length >= before + count);
    };
    /** Bob says that no datagram has come but one; the gateway has heard of it once the next counters are there. */
    const complain = async () => {
      bob.send('ping', { timestamp: 1n, good: 1 });
      await bob.next('ping');
      await sleep(PINGS_WAIT_MS);
    };
    await complain();
    await say(20);
    await complain();
    await say(1);
    expect(bob.heard.at(-1)?.way).toBe('udp');
    await complain();
    await say(1);
    expect(bob.heard.at(-1)?.way).toBe('tunnel');
  });

  it('begins again where its worker has died: with new keys for all, at the same port', async () => {
    const everybody = await pairs();
    for (const pair of everybody) await untilHeard(pair, 'udp');
    const [relay] = world.voice.pool.hosts;
    const [first] = everybody;
    if (relay === undefined || first === undefined) throw new Error('there is no relay');
    const port = world.door.port;
    const setups = everybody.flat().map((raw) => raw.next('cryptSetup', ({ key }) => key !== undefined));
    // A key of the wrong length is a bug of the control plane, which the worker does not survive.
    const [key, id] = [new Uint8Array(3), sessionId(first[0].sessionId)];
    relay.update({ type: 'add_session', sessionId: id, clientKey: key, serverKey: key });
    for (const [index, setup] of (await Promise.all(setups)).entries()) {
      const [mine, theirs, ours] = [setup.key, setup.clientNonce, setup.serverNonce].map(
        (each) => each ?? new Uint8Array(),
      );
      if (mine === undefined || theirs === undefined || ours === undefined) throw new Error('a setup is cut short');
      everybody.flat()[index]?.takeKeys(new CryptState(mine, theirs, ours));
    }
    expect(world.door.port).toBe(port);
    for (const pair of everybody) await untilHeard(pair, 'udp');
    expect(world.complaints.filter((line) => !line.includes('voice relay lost'))).toEqual([]);
  });
});
