import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Metrics } from '../../src/metrics/metrics.js';
import type { RelayCounters } from '../../src/voice/relay-messages.js';
import { RelayPool } from '../../src/voice/relay-pool.js';
import { QUIET_SOURCES } from '../support/quiet-metrics.js';
import { RelayWorld } from './relay-world.js';

const OPTIONS = { bindAddress: '127.0.0.1', maxBitrate: 1_000_000, logger: pino({ level: 'silent' }) };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

describe('several workers of the relay', () => {
  it('take the ports that follow each other', async () => {
    const first = await freePort();
    const pool = await RelayPool.start({ ...OPTIONS, port: first, workers: 3 });
    open.push(pool);
    expect(pool.voicePorts).toEqual([first, first + 1, first + 2]);
  });

  it('leave no port bound where one of them cannot be', async () => {
    const first = await freePort();
    const squatter = createSocket('udp4').bind(first + 1, '127.0.0.1');
    await once(squatter, 'listening');
    const starting = RelayPool.start({ ...OPTIONS, port: first, workers: 3 });
    await expect(starting).rejects.toMatchObject({ code: 'UNAVAILABLE', params: { port: first + 1 } });
    const next = createSocket('udp4').bind(first, '127.0.0.1');
    await once(next, 'listening');
    for (const socket of [squatter, next]) socket.close();
  });
});

describe('the metrics of several workers', () => {
  it('are summed, and do not fall where a worker is away or begins again', async () => {
    const parts: (RelayCounters | null)[] = [countersAfter(10), countersAfter(5)];
    const metrics = new Metrics({ ...QUIET_SOURCES, relays: async () => parts });
    const read = async (name: string) =>
      Number(new RegExp(`^parley_${name} (\\S+)$`, 'm').exec(await metrics.text())?.[1]);
    expect(await read('relay_voice_packets_accepted_total')).toBe(15);
    expect([await read('relay_sessions'), await read('relay_workers'), await read('relay_up')]).toEqual([4, 2, 1]);
    parts[1] = null;
    expect(await read('relay_voice_packets_accepted_total')).toBe(15);
    expect([await read('relay_sessions'), await read('relay_workers'), await read('relay_up')]).toEqual([2, 1, 0]);
    parts[1] = countersAfter(3);
    expect(await read('relay_voice_packets_accepted_total')).toBe(18);
    parts.fill(null);
    expect([await read('relay_workers'), await read('relay_up')]).toEqual([0, 0]);
  });
});

/** What a relay has counted through which so many packets have gone. */
function countersAfter(packets: number): RelayCounters {
  const world = new RelayWorld();
  const [alice, bob] = [world.connectClient(), world.connectClient()];
  world.setRoute([alice, bob], [alice, bob]);
  for (let packet = 0; packet < packets; packet += 1) alice.say();
  world.network.advance(0);
  return world.relay.counters();
}

/** The first of three ports that were free a moment ago. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return Math.min(port, 65_000);
}
