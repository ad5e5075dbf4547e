import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { sessionId } from '../../src/ids.js';
import { type DropReasonName, dropReasonNames } from '../../src/relay/drop-reason.js';
import type { RelayUpdate, RouteUpdate, SessionUpdate } from '../../src/relay/relay-update.js';
import { RelayRunner } from '../../src/voice/relay-runner.js';
import { equal, requireEqual, requireThat } from './expectation.js';
import { fuzzTarget, withoutParts } from './fuzz-target.js';
import { RecordingBackend, type SentDatagram } from './recording-backend.js';
import { type Expectation, type ModelPacket, type ModelRoute, type ModelSession, RelayModel } from './relay-model.js';
import { type OperationSource, type RelayOperation, relayOperations } from './relay-operation.js';
import { hasTag, sealedPacket } from './sealed-packet.js';
import { type TagKeyKind, tagKeyKinds, tagKeyMaker } from './tag-key-kind.js';

const OPERATIONS_PER_EPISODE = 400;
const TAG_BYTES = 12;
const WRONG_TOKEN = 0x1234n;

interface RelayCase {
  readonly tagKeys: TagKeyKind;
  readonly maxBitrate: number;
  readonly firstServerCounter: number;
  readonly operations: readonly RelayOperation[];
}

/** Sequences of updates and packets, against a model of the relay that is written from the document. */
export const relayTarget = fuzzTarget<RelayCase>({
  name: 'relay',
  unit: 'datagrams',
  testEpisodes: 40,
  generate: (random) => ({
    tagKeys: random.pick(tagKeyKinds()),
    maxBitrate: random.pick([8000, 64_000, 1_000_000]),
    firstServerCounter: random.pick([0, 2 ** 32 - 3]),
    operations: relayOperations(random, OPERATIONS_PER_EPISODE),
  }),
  run(fuzzCase) {
    const world = new ModelledRelay(fuzzCase);
    for (const operation of fuzzCase.operations) world.perform(operation);
    return world.finish();
  },
  *smaller(fuzzCase) {
    for (const operations of withoutParts(fuzzCase.operations)) yield { ...fuzzCase, operations };
  },
});

/** A relay with its runner and the model beside it: whatever is done is done to both, and must come to the same. */
class ModelledRelay {
  readonly #backend = new RecordingBackend();
  readonly #runner: RelayRunner;
  readonly #model: RelayModel;
  readonly #drops = new Map<DropReasonName, number>();
  readonly #echoes = new Map<string, bigint>();
  #tunneled: { readonly sessionId: number; readonly bytes: Uint8Array }[] = [];
  #counts = {
    packetsIn: 0,
    bytesIn: 0,
    tunneledIn: 0,
    voiceIn: 0,
    pingsIn: 0,
    packetsOut: 0,
    bytesOut: 0,
    tunneledOut: 0,
  };
  #nowMs = 1000;

  constructor({ tagKeys, maxBitrate, firstServerCounter }: RelayCase) {
    const tokens = () => {
      let token = 1n;
      return () => (token += 2n);
    };
    this.#model = new RelayModel({ maxBitrate, firstServerCounter, randomToken: tokens() });
    this.#runner = new RelayRunner({
      maxBitrate,
      firstServerCounter,
      makeTagKey: tagKeyMaker(tagKeys),
      randomToken: tokens(),
      nowMs: () => this.#nowMs,
      defer: (task) => task(),
      post: (message) => {
        if (message.type !== 'tunneled') return;
        for (const { sessionIds, packet } of message.deliveries) {
          for (const id of sessionIds) this.#tunneled.push({ sessionId: id, bytes: packet });
        }
      },
    });
    this.#runner.use(this.#backend);
  }

  perform(operation: RelayOperation): void {
    switch (operation.type) {
      case 'add_session':
        this.#update({ type: 'add_session', ...sessionUpdate(operation) });
        this.#model.addSession(operation, this.#nowMs);
        break;
      case 'remove_session':
        this.#update({ type: 'remove_session', sessionId: sessionId(operation.session) });
        this.#model.removeSession(operation.session);
        break;
      case 'set_route':
        this.#update({ type: 'set_route', ...routeUpdate(operation) });
        this.#model.setRoute(operation, this.#nowMs);
        break;
      case 'remove_route':
        this.#update(operation);
        this.#model.removeRoute(operation.target);
        break;
      case 'replace_all': {
        const { generation, sessions, routes } = operation;
        this.#update({
          type: 'replace_all',
          generation,
          sessions: sessions.map(sessionUpdate),
          routes: routes.map(routeUpdate),
        });
        this.#model.replaceAll(generation, sessions, routes, this.#nowMs);
        break;
      }
      case 'wait':
        this.#nowMs += operation.ms;
        break;
      case 'voice':
      case 'ping':
      case 'noise':
        this.#receive(operation);
    }
  }

  /** Compares what both have counted, and returns how many datagrams there were. */
  finish(): number {
    const { sessions, routes, totals, sessionTraffic } = this.#runner.counters();
    requireEqual([sessions, routes], [this.#model.sessionCount, this.#model.routeCount], 'sessions and routes');
    const { drops, ...counts } = totals;
    const expectedDrops = dropReasonNames().map((name) => [name, this.#drops.get(name) ?? 0]);
    requireEqual(
      dropReasonNames().map((name) => [name, drops[name]]),
      expectedDrops,
      'drops',
    );
    for (const [name, count] of Object.entries(this.#counts)) requireEqual(Reflect.get(counts, name), count, name);
    const traffic = sessionTraffic
      .toSorted((left, right) => left.sessionId - right.sessionId)
      .map(({ sessionId: session, path, packetsIn, bytesIn, packetsOut, bytesOut }) => ({
        session,
        path,
        packetsIn,
        bytesIn,
        packetsOut,
        bytesOut,
      }));
    requireEqual(traffic, this.#model.traffic(), 'traffic of sessions');
    return this.#counts.packetsIn;
  }

  #update(update: RelayUpdate): void {
    this.#runner.onMessage({ type: 'update', update });
  }

  #receive(operation: Extract<RelayOperation, { type: 'voice' | 'ping' | 'noise' }>): void {
    const { from } = operation;
    const bytes = this.#packetOf(operation);
    const expected = this.#expect(
      bytes,
      operation.type === 'noise' || operation.flipped !== null ? null : operation.key,
      from,
    );
    if ('address' in from) {
      const { address, port } = endpoint(from.address);
      this.#runner.onBatch();
      this.#runner.onPacket(bytes, bytes.length, { kind: 'udp', address, port });
    } else {
      this.#runner.onMessage({ type: 'tunneled', packets: [{ sessionId: sessionId(from.tunnelOf), packet: bytes }] });
    }
    const isHeard = expected.heardAt.length > 0 || expected.heardByTunnelOf.length > 0;
    this.#compare(expected, from, isHeard ? bytes.slice(0, -TAG_BYTES) : bytes, operation);
    this.#count(expected, bytes, from);
  }

  #packetOf(operation: Extract<RelayOperation, { type: 'voice' | 'ping' | 'noise' }>): Uint8Array {
    if (operation.type === 'noise') return operation.bytes;
    const { session, counter, key, flipped } = operation;
    const isPing = operation.type === 'ping';
    const packet = sealedPacket(
      {
        kind: isPing ? 0x51 : 0x50,
        epoch: isPing ? 0 : operation.epoch,
        target: isPing ? 0 : operation.target,
        session,
        counter,
        body: isPing ? this.#pingBody(operation) : new Uint8Array(operation.payloadBytes).fill(counter),
      },
      keyObject(key),
    );
    if (flipped !== null) flipBit(packet, flipped);
    return packet;
  }

  #pingBody({ session, counter, from, token }: Extract<RelayOperation, { type: 'ping' }>): Uint8Array {
    const body = Buffer.alloc(16);
    body.writeBigUInt64BE(BigInt(counter), 0);
    const echo = this.#echoes.get(`${session} ${sourceName(from)}`) ?? 0n;
    body.writeBigUInt64BE(token === 'echo' ? echo : token === 'none' ? 0n : WRONG_TOKEN, 8);
    return body;
  }

  #expect(bytes: Uint8Array, key: string | null, from: OperationSource): Expectation {
    const packet = readPacket(bytes, key);
    if (typeof packet === 'string') return { dropReason: packet, heardAt: [], heardByTunnelOf: [], pong: null };
    const source = 'address' in from ? { address: sourceName(from) } : from;
    return this.#model.receive(packet, source, this.#nowMs);
  }

  #compare(expected: Expectation, from: OperationSource, heard: Uint8Array, operation: RelayOperation): void {
    const sent = this.#backend.takeSent();
    const tunneled = this.#tunneled;
    this.#tunneled = [];
    if (
      sent.length + tunneled.length === 0 &&
      expected.heardAt.length + expected.heardByTunnelOf.length === 0 &&
      expected.pong === null
    )
      return;
    const [udpVoice, udpPongs] = [
      sent.filter(({ bytes }) => bytes[0] === 0x50),
      sent.filter(({ bytes }) => bytes[0] !== 0x50),
    ];
    const [tunnelVoice, tunnelPongs] = [
      tunneled.filter(({ bytes }) => bytes[0] === 0x50),
      tunneled.filter(({ bytes }) => bytes[0] !== 0x50),
    ];
    requireEqual(udpVoice.map(({ address }) => address).toSorted(), expected.heardAt.toSorted(), 'who hears by UDP');
    requireEqual(
      tunnelVoice.map((each) => each.sessionId).toSorted(),
      expected.heardByTunnelOf.toSorted(),
      'who hears by tunnel',
    );
    for (const { bytes } of [...udpVoice, ...tunnelVoice])
      requireThat(equal(bytes, heard), 'what is heard is not what was sent');
    const pongs = [...udpPongs, ...tunnelPongs.map(({ sessionId: id, bytes }) => ({ address: `tunnel ${id}`, bytes }))];
    this.#comparePongs(pongs, expected.pong, from, operation);
  }

  #comparePongs(
    pongs: readonly SentDatagram[],
    expected: Expectation['pong'],
    from: OperationSource,
    operation: RelayOperation,
  ): void {
    requireThat(pongs.length === (expected === null ? 0 : 1), `${pongs.length} pongs`);
    const [pong] = pongs;
    if (pong === undefined || expected === null) return;
    requireThat(operation.type === 'voice' || operation.type === 'ping', 'a pong for noise');
    if (operation.type !== 'voice' && operation.type !== 'ping') return;
    requireEqual(pong.address, sourceName(from), 'where the pong goes');
    const bytes = Buffer.from(pong.bytes);
    const token = bytes.readBigUInt64BE(24);
    const fields = [bytes.readUInt32BE(6), bytes.readUIntBE(10, 6), bytes.readBigUInt64BE(16), token];
    const timestamp = expected.isAsked ? BigInt(operation.counter) : 0n;
    requireEqual(fields, [operation.session, expected.counter, timestamp, expected.pathToken], 'the pong');
    requireThat(bytes.length === 44 && bytes[0] === 0x52 && bytes.readUIntBE(1, 5) === 0, 'the form of the pong');
    requireThat(hasTag(bytes, keyObject(`server ${operation.key}`)), 'the tag of the pong');
    this.#echoes.set(`${operation.session} ${sourceName(from)}`, token);
  }

  #count({ dropReason, heardAt, heardByTunnelOf, pong }: Expectation, bytes: Uint8Array, from: OperationSource): void {
    const counts = this.#counts;
    const isTunneled = 'tunnelOf' in from;
    const heard = heardAt.length + heardByTunnelOf.length;
    counts.packetsIn++;
    counts.bytesIn += bytes.length;
    if (isTunneled) counts.tunneledIn++;
    if (dropReason !== null) this.#drops.set(dropReason, (this.#drops.get(dropReason) ?? 0) + 1);
    else if (bytes[0] === 0x51) counts.pingsIn++;
    else counts.voiceIn++;
    counts.packetsOut += heard + (pong === null ? 0 : 1);
    counts.bytesOut += heard * (bytes.length - TAG_BYTES) + (pong === null ? 0 : 44);
    counts.tunneledOut += heardByTunnelOf.length + (pong !== null && isTunneled ? 1 : 0);
  }
}

/** A datagram's fields, or why it cannot be a packet. */
function readPacket(datagram: Uint8Array, key: string | null): ModelPacket | DropReasonName {
  if (datagram.length < 44) return 'too_short';
  if (datagram.length > 1200) return 'too_long';
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length);
  const isPing = bytes[0] === 0x51;
  if (!isPing && bytes[0] !== 0x50) return 'unknown_kind';
  if (isPing ? bytes.length !== 44 : bytes.length < 48) return 'wrong_length';
  return {
    kind: isPing ? 'ping' : 'voice',
    epochByte: bytes.readUInt8(1),
    target: bytes.readUInt32BE(2),
    session: bytes.readUInt32BE(6),
    counter: bytes.readUIntBE(10, 6),
    pathToken: isPing ? bytes.readBigUInt64BE(24) : 0n,
    bytes: bytes.length,
    key,
  };
}

function flipBit(packet: Uint8Array, bit: number): void {
  const at = (bit >>> 3) % packet.length;
  packet[at] = (packet[at] ?? 0) ^ (1 << (bit & 7));
}

function endpoint(number: number): { readonly address: string; readonly port: number } {
  // Two of them differ in the port only.
  return { address: `198.51.100.${number >> 1}`, port: 4000 + (number & 1) };
}

function sourceName(from: OperationSource): string {
  if ('tunnelOf' in from) return `tunnel ${from.tunnelOf}`;
  const { address, port } = endpoint(from.address);
  return `${address} ${port}`;
}

function sessionUpdate({ session, key }: ModelSession): SessionUpdate {
  return { sessionId: sessionId(session), clientKey: keyBytes(key), serverKey: keyBytes(`server ${key}`) };
}

function routeUpdate({ target, epoch, listeners, speakers }: ModelRoute): RouteUpdate {
  return { target, epoch, listeners: listeners.map(sessionId), speakers: speakers.map(sessionId) };
}

const keyObjects = new Map<string, KeyObject>();

function keyObject(name: string): KeyObject {
  const known = keyObjects.get(name) ?? createSecretKey(keyBytes(name));
  keyObjects.set(name, known);
  return known;
}

function keyBytes(name: string): Uint8Array {
  return createHash('sha256').update(name).digest().subarray(0, 16);
}
