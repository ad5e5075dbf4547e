import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { VoiceWorld } from './voice-world.js';

/** As many as fit into the file descriptors of any machine, with both ends in this process. */
const MANY = 1500;
const OWN_ADDRESS = '127.0.0.1';
const OTHER_ADDRESS = '127.0.0.2';
const MAX_PER_NETWORK = 256;
const AT_ONCE = 250;

let world: VoiceWorld;
let clientHello: Buffer;
beforeAll(async () => {
  clientHello = await recordedClientHello();
  world = await VoiceWorld.open({ handshakeTimeoutMs: 60_000 });
  await world.organization('demo', 'alice');
});
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await world.disconnectAll();
});
afterAll(() => world.close());

describe('connections that were never meant to log in', () => {
  it.each([
    ['say nothing', () => Buffer.alloc(0)],
    ['stop in the middle of their first message', () => clientHello.subarray(0, 60)],
  ])('are of a bounded number and leave a real login working, where they %s', async (_, words) => {
    await swarm(MANY, OWN_ADDRESS, words());
    expect(world.door.counters().newcomers).toBeLessThanOrEqual(MAX_PER_NETWORK);
    const raw = await world.raw();
    expect((await raw.login('demo', 'alice', PASSWORD)).case).toBe('welcome');
  });

  it('push out nobody who has come further, however many they are', async () => {
    const raw = await world.raw();
    await swarm(MANY, OWN_ADDRESS, Buffer.alloc(0));
    expect((await raw.login('demo', 'alice', PASSWORD)).case).toBe('welcome');
  });

  it('keep coming while somebody logs in, who is let in all the same', async () => {
    let isOver = false;
    const flood = (async () => {
      while (!isOver) await swarm(20, OTHER_ADDRESS, Buffer.alloc(0));
    })();
    const { sentOff } = world.door.counters();
    await eventually(() => world.door.counters().sentOff.crowded > sentOff.crowded + MAX_PER_NETWORK);
    const raw = await world.raw();
    expect((await raw.login('demo', 'alice', PASSWORD)).case).toBe('welcome');
    isOver = true;
    await flood;
  });

  it('make the server compute so many handshakes for their network, and no more', async () => {
    const strict = await VoiceWorld.open({ handshakeRate: { perSecond: 1, burst: 50 } });
    await strict.organization('strict', 'alice');
    await swarm(200, OTHER_ADDRESS, clientHello, strict);
    // A second may pass, and another.
    await eventually(() => strict.door.counters().sentOff.hasty > 100);
    expect(strict.door.counters().sentOff.hasty).toBeLessThanOrEqual(150);
    const raw = await strict.raw();
    expect((await raw.login('strict', 'alice', PASSWORD)).case).toBe('welcome');
    await strict.close();
  });
});

/** Connects so many, each of which says the same and waits. Resolves when the server has accepted them all. */
async function swarm(count: number, localAddress: string, words: Buffer, at = world): Promise<void> {
  // More at once than the system lets wait for the server would be lost on the way.
  for (let done = 0; done < count; done += AT_ONCE) {
    await swarmAtOnce(Math.min(AT_ONCE, count - done), localAddress, words, at);
  }
}

async function swarmAtOnce(count: number, localAddress: string, words: Buffer, { door }: VoiceWorld): Promise<void> {
  const { port } = door;
  const { accepted } = door.counters();
  await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ port, host: '127.0.0.1', localAddress });
      sockets.push(socket);
      socket.on('error', () => undefined);
      // What is not read hides the end.
      socket.resume();
      // Whoever is crowded out may be so before it knows that it was let in.
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
      if (words.length > 0) socket.write(words);
    }),
  );
  await eventually(() => door.counters().accepted >= accepted + count);
}

/** The first message of a TLS client, which anybody can send again and again. */
async function recordedClientHello(): Promise<Buffer> {
  const server = createServer();
  server.listen(0, OWN_ADDRESS);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  const accepted = once(server, 'connection');
  const client = connectTls({ port: address.port, host: OWN_ADDRESS });
  client.on('error', () => undefined);
  const [socket]: [Socket] = await accepted.then(([first]) => [first]);
  const [hello]: [Buffer] = await once(socket, 'data').then(([first]) => [first]);
  client.destroy();
  socket.destroy();
  server.close();
  return hello;
}
