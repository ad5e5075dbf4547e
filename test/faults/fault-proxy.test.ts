import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { FaultProxy } from '../support/fault-proxy.js';

describe('the proxy of the faults', () => {
  const closers: (() => void | Promise<void>)[] = [];

  /** What came to the other end, and a way there. */
  async function way(random?: () => number) {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen');
    let received = '';
    let ended = 0;
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString();
      });
      socket.on('close', () => {
        ended += 1;
      });
    });
    const proxy = await FaultProxy.start({ port: address.port }, random);
    const client = connect({ host: '127.0.0.1', port: proxy.port, noDelay: true });
    client.on('error', () => undefined);
    closers.push(
      () => void client.destroy(),
      () => proxy.close(),
      () => void server.close(),
    );
    await once(client, 'connect');
    return { proxy, client, received: () => received, ended: () => ended };
  }

  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  it('keeps the order of bytes, whatever the weather', async () => {
    const { proxy, client, received } = await way();
    proxy.weather = { latencyMs: 5, jitterMs: 20, resetRate: 0 };
    let sent = '';
    for (let index = 0; index < 300; index += 1) {
      sent += `${index} `;
      client.write(`${index} `);
      await sleep(index % 3);
    }
    await eventually(() => received().length === sent.length);
    expect(received()).toBe(sent);
  });

  it('still delivers what was on its way when the connection of who sent it broke', async () => {
    const { proxy, client, received, ended } = await way();
    proxy.weather = { latencyMs: 300, jitterMs: 0, resetRate: 0 };
    client.write('late');
    await sleep(100);
    proxy.breakAll();
    await eventually(() => client.destroyed);
    expect(received()).toBe('');
    await eventually(() => ended() === 1);
    expect(received()).toBe('late');
  });
});
