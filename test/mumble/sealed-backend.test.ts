import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CryptState } from '../../src/mumble/crypt-state.js';
import type { CryptSetup } from '../../src/mumble/gateway-messages.js';
import { chooseMumblePath } from '../../src/mumble/mumble-path.js';
import { NativeSealedBackend } from '../../src/mumble/native-sealed-backend.js';
import { MAX_SEALED_BYTES, type SealedBackend, type StartSealedBackend } from '../../src/mumble/sealed-backend.js';
import { NO_SLOT } from '../../src/relay/outcome.js';
import { eventually } from '../support/eventually.js';
import { buildableBackends } from '../voice/buildable-backends.js';
import { requiredAddon } from '../voice/required-addon.js';

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
/** The nonce before that of the published vector, which is the same as its key. */
const BEFORE_VECTOR = Uint8Array.from([0xff, 0, ...KEY.subarray(2)]);
/** From draft-krovetz-ocb-00, appendix A: the lowest byte of the nonce, three of the tag, and what is sealed. */
const VECTOR = {
  packet: Uint8Array.from({ length: 40 }, (_, index) => index),
  datagram: '009db0cdf75d6bc8b4dc8d66b836a2b08b32a6369f1cd3c5228d79fd6c267f5f6aa7b231c7dfb9d59951ae9c',
};
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** A client: a socket, and the other side of a slot's seal. */
interface Peer {
  readonly socket: Socket;
  readonly crypt: CryptState;
  readonly received: Buffer[];
}

/** By the addon with the processor's own AES where it has it, and without it. */
const KINDS = buildableBackends().flatMap((backend) =>
  backend === 'native' ? ['native', 'native, plain'] : [backend],
);

const startOf = (kind: string): StartSealedBackend =>
  kind === 'dgram'
    ? chooseMumblePath('dgram').startBackend
    : (options, handler) => NativeSealedBackend.start(requiredAddon(), options, handler, kind === 'native, plain');

describe.each(KINDS)('sealed datagrams by %s', (kind) => {
  let backend: SealedBackend;
  let arrived: Buffer[];
  const peers: Peer[] = [];
  beforeEach(async () => {
    arrived = [];
    backend = await startOf(kind)(
      { bindAddress: '127.0.0.1', port: 0 },
      {
        onBatch() {},
        onPacket: (packet, length) => void arrived.push(Buffer.from(packet.subarray(0, length))),
        onSent() {},
      },
    );
  });
  afterEach(async () => {
    for (const { socket } of peers.splice(0)) socket.close();
    await backend.close();
  });

  async function peerAt(slot: number, setup: CryptSetup = randomSetup(slot)): Promise<Peer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const received: Buffer[] = [];
    socket.on('message', (datagram) => received.push(datagram));
    backend.setSeal(slot, setup);
    backend.setEndpoint(slot, '127.0.0.1', socket.address().port);
    const peer = { socket, received, crypt: new CryptState(setup.key, setup.clientNonce, setup.serverNonce) };
    peers.push(peer);
    return peer;
  }

  const send = (packet: Uint8Array, slots: readonly number[], except = NO_SLOT) =>
    backend.sendSealed(packet, packet.length, Uint32Array.from(slots), slots.length, except);

  it('are what the published vector says, both ways', async () => {
    const peer = await peerAt(3, { key: KEY, serverNonce: BEFORE_VECTOR, clientNonce: BEFORE_VECTOR });
    expect(send(VECTOR.packet, [3])).toBe(1);
    await eventually(() => peer.received.length === 1);
    expect(peer.received[0]?.toString('hex')).toBe(VECTOR.datagram);
    const datagram = Buffer.from(VECTOR.datagram, 'hex');
    const before = Buffer.from(datagram);
    expect(Buffer.from(backend.open(3, datagram, datagram.length) ?? [])).toEqual(Buffer.from(VECTOR.packet));
    expect(datagram).toEqual(before);
    expect(Buffer.from(backend.sealNonce(3))).toEqual(Buffer.from(KEY));
  });

  it('go to each slot that has a key and an endpoint, sealed for it alone, and not to the one that is excepted', async () => {
    const receivers = await Promise.all(Array.from({ length: 150 }, (_, slot) => peerAt(slot)));
    backend.setSeal(150, randomSetup(150));
    backend.removeSeal(7);
    const slots = Array.from({ length: 153 }, (_, index) => index);
    expect(send(Uint8Array.of(1, 2, 3), slots, 5)).toBe(148);
    const expected = receivers.filter((_, slot) => slot !== 5 && slot !== 7);
    await eventually(() => expected.every(({ received }) => received.length === 1));
    for (const { crypt, received } of expected) {
      expect([...(crypt.open(received[0] ?? Buffer.alloc(0)) ?? [])]).toEqual([1, 2, 3]);
    }
    expect([receivers[5]?.received, receivers[7]?.received]).toEqual([[], []]);
    expect(new Set(expected.map(({ received }) => received[0]?.toString('hex'))).size).toBe(148);
  });

  it('arrive from a client, and open once, in any order within the window', async () => {
    const { socket, crypt } = await peerAt(0);
    const datagrams = Array.from({ length: 60 }, (_, index) => crypt.seal(Uint8Array.of(0x20, index)));
    socket.send(datagrams[0] ?? '', backend.port, '127.0.0.1');
    await eventually(() => arrived.length === 1);
    expect(arrived[0]).toEqual(datagrams[0]);
    const opens = (index: number) => {
      const datagram = datagrams[index] ?? new Uint8Array();
      return backend.open(0, datagram, datagram.length)?.[1];
    };
    expect([0, 40, 39, 11, 10, 40, 39, 41, 59, 30, 29].map(opens)).toEqual([
      ...[0, 40, 39, 11, undefined, undefined, undefined, 41, 59, 30, undefined],
    ]);
    expect(backend.sealCounters(0).received).toEqual({ good: 7, late: 3, lost: 53, resync: 0 });
  });

  it('open again after the client has said its nonce, and are counted', async () => {
    const { crypt } = await peerAt(0);
    for (let index = 0; index < 300; index += 1) crypt.seal(Uint8Array.of(0x20));
    const tooLate = crypt.seal(Uint8Array.of(0x20));
    expect(backend.open(0, tooLate, tooLate.length)).toBeUndefined();
    backend.resynchronize(0, crypt.sealNonce);
    const next = crypt.seal(Uint8Array.of(0x21));
    expect(backend.open(0, next, next.length)?.[0]).toBe(0x21);
    send(Uint8Array.of(1), [0, 0]);
    expect(backend.sealCounters(0)).toEqual({ received: { good: 1, late: 0, lost: 0, resync: 1 }, sealed: 2 });
  });

  it('are refused where they are cut short, too long, or not of the slot, and change nothing', async () => {
    const { crypt } = await peerAt(0);
    await peerAt(1);
    const datagram = crypt.seal(Uint8Array.of(0x20, 1, 2, 3));
    for (let length = 0; length < datagram.length; length += 1) {
      expect(backend.open(0, datagram, length)).toBeUndefined();
    }
    expect(backend.open(1, datagram, datagram.length)).toBeUndefined();
    expect(backend.open(0, new Uint8Array(2000), 2000)).toBeUndefined();
    expect(backend.open(0, new Uint8Array(10), 9000)).toBeUndefined();
    expect(backend.open(0, datagram, datagram.length)?.length).toBe(4);
  });

  it('takes no key and no nonce of another length, no slot without a seal, and no packet that is too long', () => {
    const setup = randomSetup(1);
    expect(() => backend.setSeal(0, { ...setup, key: new Uint8Array(15) })).toThrow(RangeError);
    expect(() => backend.setSeal(0, { ...setup, clientNonce: new Uint8Array(17) })).toThrow(RangeError);
    expect(() => backend.open(0, new Uint8Array(10), 10)).toThrow(/no seal/);
    expect(() => backend.sealNonce(0)).toThrow(/no seal/);
    backend.setSeal(0, setup);
    expect(() => backend.resynchronize(0, new Uint8Array(3))).toThrow(RangeError);
    expect(() => send(new Uint8Array(MAX_SEALED_BYTES + 1), [0])).toThrow(/out of range|too long/);
    expect(send(new Uint8Array(9), [0])).toBe(0);
  });

  it('answer a datagram as it is', async () => {
    const { socket, received } = await peerAt(0);
    backend.sendTo(Uint8Array.of(9), '127.0.0.1', socket.address().port);
    await eventually(() => received.length === 1);
    expect(received[0]?.toString('hex')).toBe('09');
  });

  it('open and are refused as those of the plain TypeScript are, whatever comes in whatever order', () => {
    const steps = fc.array(
      fc.record({
        index: fc.integer({ min: 0, max: 299 }),
        damage: fc.option(fc.nat({ max: 8 * 70 - 1 }), { freq: 4 }),
        resync: fc.boolean(),
      }),
      { maxLength: 80 },
    );
    const text = fc.uint8Array({ minLength: 0, maxLength: 66 });
    fc.assert(
      fc.property(bytes16, bytes16, text, steps, (key, nonce, packet, order) => {
        backend.setSeal(0, { key, clientNonce: nonce, serverNonce: nonce });
        const plain = new CryptState(key, nonce, nonce);
        const sender = new CryptState(key, nonce, nonce);
        const sealed = Array.from({ length: 300 }, () => sender.seal(packet));
        for (const { index, damage, resync } of order) {
          const datagram = Uint8Array.from(sealed[index] ?? []);
          const place = damage === null ? -1 : damage % (8 * datagram.length);
          if (place >= 0) datagram[place >> 3] = (datagram[place >> 3] ?? 0) ^ (1 << (place & 7));
          const opened = backend.open(0, datagram, datagram.length);
          expect(opened === undefined ? null : Buffer.from(opened)).toEqual(plain.open(datagram) ?? null);
          if (!resync || index % 20 !== 0) continue;
          backend.resynchronize(0, sender.sealNonce);
          plain.resynchronize(sender.sealNonce);
        }
        expect(backend.sealCounters(0).received).toEqual(plain.counters());
      }),
    );
  });
});

describe('sealed datagrams', () => {
  it.each(KINDS.filter((kind) => kind !== 'dgram'))(
    'by %s are byte for byte what the plain TypeScript seals, digital silence too',
    async (kind) => {
      const backend = await startOf(kind)(
        { bindAddress: '127.0.0.1', port: 0 },
        { onBatch() {}, onPacket() {}, onSent() {} },
      );
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      const received: string[] = [];
      const expected: string[] = [];
      socket.on('message', (datagram) => received.push(datagram.toString('hex')));
      const silence = fc.uint8Array({ maxLength: 80 }).map((bytes) => bytes.map((byte) => (byte < 250 ? 0 : byte)));
      const packet = fc.oneof(fc.uint8Array({ maxLength: MAX_SEALED_BYTES }), silence);
      await fc.assert(
        fc.asyncProperty(bytes16, bytes16, fc.array(packet, { maxLength: 8 }), async (key, nonce, packets) => {
          backend.setSeal(0, { key, clientNonce: nonce, serverNonce: nonce });
          backend.setEndpoint(0, '127.0.0.1', socket.address().port);
          const plain = new CryptState(key, nonce, nonce);
          for (const each of packets) {
            expected.push(Buffer.from(plain.seal(each)).toString('hex'));
            backend.sendSealed(each, each.length, Uint32Array.of(0), 1, NO_SLOT);
          }
          expect(Buffer.from(backend.sealNonce(0))).toEqual(Buffer.from(plain.sealNonce));
          await eventually(() => received.length === expected.length);
          expect(received).toEqual(expected);
        }),
      );
      socket.close();
      await backend.close();
    },
  );
});

function randomSetup(seed: number): CryptSetup {
  const of = (kind: number) =>
    Uint8Array.from({ length: 16 }, (_, index) => (seed * 31 + kind * 7 + index * 13) & 0xff);
  return { key: of(1), clientNonce: of(2), serverNonce: of(3) };
}
