import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import { NO_SLOT, type UdpSource } from '../../src/relay/outcome.js';
import { MAX_PACKET_BYTES } from '../../src/relay/packet.js';
import type { StartUdpBackend, UdpBackend, UdpBackendHandler } from '../../src/voice/udp-backend.js';
import { eventually } from '../support/eventually.js';
import { UdpPeer } from '../voice/udp-peer.js';

/** IPv6 where the machine has it. */
const LOOPBACKS = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ internal, address }) => internal && ['127.0.0.1', '::1'].includes(address))
  .map(({ address }) => address);

/** A slot for which no endpoint is ever set. */
const EMPTY_SLOT = 1000;

/** Remembers what a backend reports. */
class Recorder implements UdpBackendHandler {
  readonly packets: { readonly bytes: Buffer; readonly length: number; readonly source: UdpSource }[] = [];
  batchCount = 0;
  sentCount = 0;
  respond: (packet: Uint8Array, source: UdpSource) => void = () => {};

  onBatch(): void {
    this.batchCount += 1;
  }

  onPacket(packet: Uint8Array, length: number, source: UdpSource): void {
    const { address, port } = source;
    this.packets.push({
      bytes: Buffer.from(packet.subarray(0, length)),
      length,
      source: { kind: 'udp', address, port },
    });
    this.respond(packet.subarray(0, length), source);
  }

  onSent(): void {
    this.sentCount += 1;
  }
}

/** What every UDP backend does, over real sockets. */
export function describeUdpBackend(name: string, start: StartUdpBackend): void {
  describe(`the UDP backend ${name}`, () => {
    const open: { close(): Promise<void> }[] = [];
    const track = <Closable extends { close(): Promise<void> }>(closable: Closable): Closable => {
      open.push(closable);
      return closable;
    };
    const startBackend = async (handler: UdpBackendHandler, bindAddress = '127.0.0.1', port = 0): Promise<UdpBackend> =>
      track(await start({ bindAddress, port }, handler));
    const openPeers = async (count: number, address?: string): Promise<UdpPeer[]> =>
      Promise.all(Array.from({ length: count }, async () => track(await UdpPeer.open(address))));

    afterEach(async () => {
      await Promise.all(open.splice(0).map((closable) => closable.close()));
    });

    it.each(LOOPBACKS)(
      'gives each datagram with the address that it came from, and answers there, at %s',
      async (address) => {
        const recorder = new Recorder();
        const backend = await startBackend(recorder, address);
        const [peer] = await openPeers(1, address);
        recorder.respond = (_packet, source) => backend.sendTo(Buffer.from('answer'), source.address, source.port);
        await peer?.send(Buffer.from('question'), backend.port);
        await eventually(() => peer?.received.length === 1);
        expect(recorder.packets).toEqual([
          { bytes: Buffer.from('question'), length: 8, source: { kind: 'udp', address, port: peer?.port } },
        ]);
        expect(peer?.received).toEqual([Buffer.from('answer')]);
      },
    );

    it('serves IPv4 and IPv6 at ::', async () => {
      const recorder = new Recorder();
      const backend = await startBackend(recorder, '::');
      const peers = await Promise.all(LOOPBACKS.map(async (address) => track(await UdpPeer.open(address))));
      recorder.respond = (packet, { address, port }) => {
        backend.setEndpoint(1, address, port);
        backend.send(packet, 0, packet.length, Uint32Array.of(1), 1, NO_SLOT);
      };
      for (const [number, peer] of peers.entries()) {
        await peer.send(Buffer.from([number]), backend.port);
        await eventually(() => peer.received.length === 1);
      }
      expect(peers.map(({ received }) => received)).toEqual(peers.map((_, number) => [Buffer.from([number])]));
      expect(recorder.packets.map(({ source }) => source.address)).toEqual(
        LOOPBACKS.map((address) => (address.includes(':') ? address : `::ffff:${address}`)),
      );
    });

    it('tells many sources apart, and announces each batch', async () => {
      const recorder = new Recorder();
      const backend = await startBackend(recorder);
      const peers = await openPeers(30);
      for (let round = 0; round < 5; round += 1) {
        await Promise.all(peers.map((peer) => peer.send(Buffer.from(`${peer.port}`), backend.port)));
      }
      await eventually(() => recorder.packets.length === 5 * peers.length);
      const misattributed = recorder.packets.filter(({ bytes, source }) => String(bytes) !== `${source.port}`);
      expect(misattributed).toEqual([]);
      expect(recorder.batchCount).toBeGreaterThan(0);
      expect(recorder.batchCount).toBeLessThanOrEqual(recorder.packets.length);
    });

    it('gives datagrams of any length, the empty one too, and at least the bytes that a packet can have', async () => {
      const recorder = new Recorder();
      const backend = await startBackend(recorder);
      const [peer] = await openPeers(1);
      const lengths = [0, 1, 44, 1200, 1500, 9000, 65_507];
      for (const length of lengths) await peer?.send(Buffer.alloc(length, length), backend.port);
      await eventually(() => recorder.packets.length === lengths.length);
      expect(recorder.packets.map(({ length }) => length)).toEqual(lengths);
      for (const { bytes, length } of recorder.packets) {
        expect(bytes.length).toBeGreaterThanOrEqual(Math.min(length, MAX_PACKET_BYTES));
        expect(bytes).toEqual(Buffer.alloc(bytes.length, length));
      }
    });

    it('sends the named bytes to each slot, not to the excepted one and not to one without an endpoint', async () => {
      const backend = await startBackend(new Recorder());
      const peers = await openPeers(4);
      for (const [slot, peer] of peers.entries()) backend.setEndpoint(slot, peer.address, peer.port);
      const [first, excepted, second, beyond] = peers;
      backend.send(Buffer.from('..voice..'), 2, 5, Uint32Array.of(0, 1, EMPTY_SLOT, 2, 3), 4, 1);
      await eventually(() => first?.received.length === 1 && second?.received.length === 1);
      backend.sendTo(Buffer.from('last'), '127.0.0.1', excepted?.port ?? 0);
      backend.sendTo(Buffer.from('last'), '127.0.0.1', beyond?.port ?? 0);
      await eventually(() => excepted?.received.length === 1 && beyond?.received.length === 1);
      expect(peers.map(({ received }) => received.map(String))).toEqual([['voice'], ['last'], ['voice'], ['last']]);
    });

    it('sends to the newest endpoint of a slot', async () => {
      const backend = await startBackend(new Recorder());
      const [former, present] = await openPeers(2);
      for (const peer of [former, present]) backend.setEndpoint(5, '127.0.0.1', peer?.port ?? 0);
      backend.send(Buffer.from('voice'), 0, 5, Uint32Array.of(5), 1, NO_SLOT);
      await eventually(() => present?.received.length === 1);
      expect(former?.received).toEqual([]);
    });

    it('forwards what it received without changing it, to many, and says when it has', async () => {
      const recorder = new Recorder();
      const backend = await startBackend(recorder);
      const [speaker, ...listeners] = await openPeers(51);
      for (const [slot, listener] of listeners.entries()) backend.setEndpoint(slot, listener.address, listener.port);
      const slots = Uint32Array.from(listeners.keys());
      recorder.respond = (packet) => backend.send(packet, 0, packet.length - 12, slots, slots.length, NO_SLOT);
      const packets = Array.from({ length: 20 }, (_, index) => Buffer.alloc(140, index));
      for (const packet of packets) await speaker?.send(packet, backend.port);
      await eventually(() => listeners.every(({ received }) => received.length === packets.length));
      const expected = packets.map((packet) => packet.subarray(0, 128));
      expect(listeners.map(({ received }) => received)).toEqual(listeners.map(() => expected));
      expect(recorder.sentCount).toBeGreaterThan(0);
    });

    it('goes on after sending where nobody is, where it is not allowed, and what is too long', async () => {
      const recorder = new Recorder();
      const backend = await startBackend(recorder);
      const [peer, gone] = await openPeers(2);
      backend.setEndpoint(0, '127.0.0.1', gone?.port ?? 0);
      backend.setEndpoint(1, '255.255.255.255', 9);
      await gone?.close();
      open.splice(open.indexOf(gone ?? { close: async () => {} }), 1);
      for (let round = 0; round < 10; round += 1) {
        backend.send(Buffer.alloc(100), 0, 100, Uint32Array.of(0, 1), 2, NO_SLOT);
        backend.sendTo(Buffer.alloc(70_000), '127.0.0.1', 9);
      }
      await eventually(() => backend.counters().errors >= 10);
      await peer?.send(Buffer.from('still there'), backend.port);
      await eventually(() => recorder.packets.length === 1);
    });

    it('says with EADDRINUSE that its port is taken', async () => {
      const first = await startBackend(new Recorder());
      await expect(start({ bindAddress: '127.0.0.1', port: first.port }, new Recorder())).rejects.toMatchObject({
        code: 'EADDRINUSE',
      });
    });

    it('frees its port, and does nothing afterwards', async () => {
      const recorder = new Recorder();
      const first = await startBackend(recorder);
      const { port } = first;
      await first.close();
      await first.close();
      first.setEndpoint(0, '127.0.0.1', 9);
      first.send(Buffer.alloc(10), 0, 10, Uint32Array.of(0), 1, NO_SLOT);
      first.sendTo(Buffer.alloc(10), '127.0.0.1', 9);
      expect(first.counters().name).toBe(name);
      const second = await startBackend(new Recorder(), '127.0.0.1', port);
      expect(second.port).toBe(port);
    });

    it('has room for what arrives while it is busy', async () => {
      const backend = await startBackend(new Recorder());
      expect(backend.counters().receiveBufferBytes).toBeGreaterThan(100_000);
    });
  });
}
