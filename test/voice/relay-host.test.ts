import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { SessionId } from '../../src/ids.js';
import { RelayHost } from '../../src/voice/relay-host.js';
import { eventually } from '../support/eventually.js';
import { buildableBackends } from './buildable-backends.js';
import { PacketWriter } from './packet-writer.js';
import { Random } from './random.js';
import { UdpPeer } from './udp-peer.js';

const CHANNEL = 42;
const OPTIONS = {
  bindAddress: '127.0.0.1',
  port: 0,
  maxBitrate: 1_000_000,
  logger: pino({ level: 'silent' }),
} as const;

describe.each(buildableBackends())('the relay host with the backend %s', (backendName) => {
  const open: { close(): Promise<void> }[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((closable) => closable.close()));
  });

  async function startHost(): Promise<RelayHost> {
    const host = await RelayHost.start({ ...OPTIONS, backend: backendName });
    open.push(host);
    return host;
  }

  /** A person whose address the relay has proven. */
  async function connect(host: RelayHost, number: number): Promise<{ writer: PacketWriter; peer: UdpPeer }> {
    const writer = new PacketWriter(number, new Random(number));
    const peer = await UdpPeer.open();
    open.push(peer);
    host.update({ type: 'add_session', ...writer.keys });
    // The update and a datagram come to the worker by different ways: the datagram may be first.
    await eventually(async () => (await host.counters()).sessions === number);
    await prove(host, { writer, peer });
    return { writer, peer };
  }

  async function prove(host: RelayHost, { writer, peer }: { writer: PacketWriter; peer: UdpPeer }): Promise<void> {
    const pongsBefore = peer.received.length;
    await peer.send(writer.ping(), host.voicePort);
    const pong = await eventually(() => peer.received[pongsBefore]);
    await peer.send(writer.ping({ token: writer.readPong(pong)?.token }), host.voicePort);
    await eventually(() => peer.received.length === pongsBefore + 2);
    peer.received.length = 0;
  }

  function setRoute(host: RelayHost, ids: readonly SessionId[]): void {
    host.update({ type: 'set_route', target: CHANNEL, epoch: 0, listeners: ids, speakers: ids });
  }

  it('relays between two people over real sockets, through a worker thread', async () => {
    const host = await startHost();
    const [alice, bob] = [await connect(host, 1), await connect(host, 2)];
    setRoute(host, [alice.writer.id, bob.writer.id]);
    await eventually(async () => (await host.counters()).routes === 1);
    const packets = Array.from({ length: 50 }, () => alice.writer.voice(CHANNEL));
    for (const packet of packets) await alice.peer.send(packet, host.voicePort);
    await eventually(() => bob.peer.received.length === packets.length);
    expect(bob.peer.received).toEqual(packets.map((packet) => packet.subarray(0, -12)));

    const { totals, routingLatency, backend, sessionTraffic } = await host.counters();
    expect(totals).toMatchObject({ voiceIn: 50, pingsIn: 4, packetsOut: 54, packetsIn: 54 });
    expect(routingLatency.count).toBe(50);
    expect(routingLatency.p99Ms).toBeGreaterThan(0);
    expect(backend?.name).toBe(backendName);
    expect(sessionTraffic).toHaveLength(2);
  });

  it('carries tunneled packets in, and hands those out that are for the tunnel', async () => {
    const host = await startHost();
    const [alice, bob] = [await connect(host, 1), await connect(host, 2)];
    setRoute(host, [alice.writer.id, bob.writer.id]);
    const tunneled: [SessionId, Uint8Array][] = [];
    host.onTunneled((sessionId, packet) => tunneled.push([sessionId, packet]));

    const pooled = Buffer.concat([Buffer.alloc(10), bob.writer.voice(CHANNEL)]).subarray(10);
    host.receiveTunneled(bob.writer.id, pooled);
    const [heard] = await eventually(() => alice.peer.received.length === 1 && alice.peer.received);
    expect(heard).toEqual(pooled.subarray(0, -12));

    const answer = alice.writer.voice(CHANNEL);
    await alice.peer.send(answer, host.voicePort);
    await eventually(() => tunneled.length === 1);
    expect(tunneled).toEqual([[bob.writer.id, new Uint8Array(answer.subarray(0, -12))]]);
  });

  it('says in one line that its port is in use', async () => {
    const squatter = createSocket('udp4');
    squatter.bind(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address();
    await expect(RelayHost.start({ ...OPTIONS, port, backend: backendName })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `UDP port ${port} at 127.0.0.1 cannot be bound: it is in use.`,
    });
    squatter.close();
  });

  it('tells when the worker has died, and begins again on the same port with what it is told', async () => {
    const host = await startHost();
    const port = host.voicePort;
    const lost = new Promise<Error>((resolve) => host.onLost(resolve));
    const bob = await connect(host, 1);
    // A key of the wrong length is a bug of the control plane, which the worker does not survive.
    const { sessionId, serverKey } = bob.writer.keys;
    host.update({ type: 'add_session', sessionId, clientKey: new Uint8Array(3), serverKey });
    expect((await lost).message).toMatch(/16 bytes/);
    await expect(host.counters()).rejects.toMatchObject({ code: 'UNAVAILABLE' });

    await host.restart();
    expect(host.voicePort).toBe(port);
    host.update({ type: 'replace_all', generation: 7, sessions: [bob.writer.keys], routes: [] });
    expect(await host.counters()).toMatchObject({ generation: 7, sessions: 1 });
    await prove(host, bob);
  });

  it('fails the start where the worker cannot be loaded', async () => {
    const workerPath = fileURLToPath(new URL('no-such-worker.js', import.meta.url));
    await expect(RelayHost.start({ ...OPTIONS, workerPath })).rejects.toThrow(/no-such-worker/);
  });

  it('frees its port when it is closed, and is not lost by that', async () => {
    const host = await startHost();
    let losses = 0;
    host.onLost(() => {
      losses += 1;
    });
    const { voicePort } = host;
    const pending = expect(host.counters()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await host.close();
    await pending;
    await host.close();
    const next = await RelayHost.start({ ...OPTIONS, port: voicePort, backend: backendName });
    open.push(next);
    expect(next.voicePort).toBe(voicePort);
    expect(losses).toBe(0);
  });
});
