import { sessionId } from '../../src/ids.js';
import { DropReason, type DropReasonName, dropReasonNames } from '../../src/relay/drop-reason.js';
import { NO_SLOT, type Source } from '../../src/relay/outcome.js';
import { MAX_PACKET_BYTES, PING_BYTES, SESSION_TAG_BYTES } from '../../src/relay/packet.js';
import { Relay } from '../../src/relay/relay.js';
import { equal, requireThat } from './expectation.js';
import type { FuzzRandom } from './fuzz-random.js';
import { fuzzTarget, withoutParts } from './fuzz-target.js';
import { mutate } from './mutate.js';
import { type PacketFields, untaggedPacket } from './sealed-packet.js';
import { type TagKeyKind, tagKeyKinds, tagKeyMaker } from './tag-key-kind.js';

const SESSIONS = [1, 7, 0xfffffffe];
/** What seals: the addon where it is built, which is many times faster. Half of the episodes verify by Node what it sealed. */
const SEALS = new Map(SESSIONS.map((id) => [id, tagKeyMaker('native')(keyOf(id))]));
const TARGETS = [42, 0x80000001];
const EPOCH = 300;
const MAX_BITRATE = 64_000;
const PACKETS_PER_EPISODE = 500;
const MAX_DATAGRAM_BYTES = 65_507;
/** A backend hands on no more of a long datagram. */
const READ_BYTES = 2048;

interface FuzzDatagram {
  readonly bytes: Uint8Array;
  /** What the datagram had, where `bytes` is cut. */
  readonly length: number;
  /** Sealed by nobody who could. */
  readonly isForged: boolean;
  readonly from: Source;
  readonly afterMs: number;
}

interface DatagramsCase {
  readonly tagKeys: TagKeyKind;
  readonly datagrams: readonly FuzzDatagram[];
}

/** Datagrams into the relay's core: noise of all lengths, and true packets with something wrong. */
export const datagramsTarget = fuzzTarget<DatagramsCase>({
  name: 'datagrams',
  unit: 'datagrams',
  testEpisodes: 30,
  generate(random) {
    const counters = new Map(SESSIONS.map((id) => [id, random.chance(0.1) ? 2 ** 48 - 400 : 0]));
    return {
      tagKeys: random.pick(tagKeyKinds()),
      datagrams: Array.from({ length: PACKETS_PER_EPISODE }, () => datagram(random, counters)),
    };
  },
  run: runDatagrams,
  *smaller(fuzzCase) {
    for (const datagrams of withoutParts(fuzzCase.datagrams)) yield { ...fuzzCase, datagrams };
  },
});

function datagram(random: FuzzRandom, counters: Map<number, number>): FuzzDatagram {
  const from: Source = random.chance(0.85)
    ? { kind: 'udp', address: random.pick(['192.0.2.1', '192.0.2.2', '2001:db8::1']), port: random.pick([9, 4000]) }
    : { kind: 'tunnel', sessionId: sessionId(random.pick(SESSIONS)) };
  const afterMs = random.chance(0.2) ? random.below(200) : 0;
  if (random.chance(0.2)) return { ...noise(random), isForged: true, from, afterMs };
  const id = random.pick(SESSIONS);
  const counter = nextCounter(random, counters.get(id) ?? 0);
  counters.set(id, Math.max(counter, counters.get(id) ?? 0));
  const fields = packetFields(random, id, counter);
  const packet = untaggedPacket(fields);
  SEALS.get(id)?.write(packet);
  if (random.chance(0.3)) return { bytes: packet, length: packet.length, isForged: false, from, afterMs };
  const bytes = mutate(packet, random);
  return { bytes, length: bytes.length, isForged: !equal(bytes, packet), from, afterMs };
}

function noise(random: FuzzRandom): { readonly bytes: Uint8Array; readonly length: number } {
  const length = random.length(MAX_DATAGRAM_BYTES);
  const bytes = random.bytes(Math.min(length, READ_BYTES));
  if (random.chance(0.7)) bytes[0] = random.pick([0x50, 0x51, 0x52, 0x4f]);
  if (random.chance(0.5) && bytes.length >= 10) new DataView(bytes.buffer).setUint32(6, random.pick(SESSIONS));
  return { bytes, length };
}

function nextCounter(random: FuzzRandom, highest: number): number {
  if (random.chance(0.7)) return Math.min(highest + 1, 2 ** 48 - 1);
  const counter = random.chance(0.8)
    ? highest + random.between(-1100, 1100)
    : random.edge() * 2 ** 16 + random.below(2);
  return Math.min(Math.max(0, counter), 2 ** 48 - 1);
}

function packetFields(random: FuzzRandom, id: number, counter: number): PacketFields {
  const isPing = random.chance(0.25);
  const bodyBytes = isPing ? 16 : random.chance(0.9) ? random.between(20, 200) : random.between(0, 1172);
  return {
    kind: isPing ? 0x51 : 0x50,
    epoch: random.chance(0.8) ? EPOCH & 0xff : random.below(256),
    target: random.chance(0.9) ? random.pick(TARGETS) : random.edge(),
    session: id,
    counter,
    body: random.bytes(bodyBytes),
  };
}

function runDatagrams({ datagrams, tagKeys }: DatagramsCase): number {
  const relay = openRelay(tagKeys);
  const dropped = new Map<number, number>();
  let nowMs = 0;
  let bytes = 0;
  for (const datagram of datagrams) {
    nowMs += datagram.afterMs;
    bytes += datagram.length;
    const dropReason = send(relay, datagram, nowMs);
    if (dropReason !== null) dropped.set(dropReason, (dropped.get(dropReason) ?? 0) + 1);
  }
  requireTotals(relay, datagrams, bytes, dropped);
  requireThat(
    relay.sessionCount === SESSIONS.length && relay.routeCount === TARGETS.length,
    'packets made or ended something',
  );
  return datagrams.length;
}

function openRelay(tagKeys: TagKeyKind): Relay {
  let token = 0n;
  const relay = new Relay({
    maxBitrate: MAX_BITRATE,
    randomToken: () => (token += 2n),
    makeTagKey: tagKeyMaker(tagKeys),
  });
  const sessions = SESSIONS.map(sessionId);
  for (const id of sessions) {
    relay.apply({ type: 'add_session', sessionId: id, clientKey: keyOf(id), serverKey: keyOf(id + 100) }, 0);
  }
  for (const target of TARGETS) {
    relay.apply({ type: 'set_route', target, epoch: EPOCH, listeners: sessions, speakers: sessions.slice(1) }, 0);
  }
  return relay;
}

function send(relay: Relay, { bytes, length, isForged, from }: FuzzDatagram, nowMs: number): DropReason | null {
  const before = bytes.slice();
  const { dropReason, forwardBytes, reply, provenSlot, udpSlots, tunnelReceivers } = relay.receive(
    bytes,
    length,
    from,
    nowMs,
  );
  requireThat(equal(before, bytes), 'the packet was changed');
  requireThat(
    reply === null || (reply.length === PING_BYTES && reply.length <= length),
    'a reply is longer than the packet',
  );
  requireThat(
    forwardBytes === (dropReason === null && bytes[0] === 0x50 ? length - SESSION_TAG_BYTES : 0),
    'forwarded bytes',
  );
  requireThat(length <= MAX_PACKET_BYTES || dropReason === DropReason.too_long, 'a packet that is too long');
  requireThat(forwardBytes > 0 || (udpSlots.length === 0 && tunnelReceivers.length === 0), 'receivers of nothing');
  const hasEffect = dropReason === null || reply !== null || provenSlot !== NO_SLOT;
  requireThat(!isForged || !hasEffect, 'a forged packet had an effect');
  return dropReason;
}

function requireTotals(
  relay: Relay,
  datagrams: readonly FuzzDatagram[],
  bytes: number,
  dropped: ReadonlyMap<number, number>,
): void {
  const { packetsIn, bytesIn, tunneledIn, voiceIn, pingsIn, drops } = relay.totals();
  const expected: Partial<Record<DropReasonName, number>> = {};
  for (const name of dropReasonNames()) expected[name] = dropped.get(DropReason[name]) ?? 0;
  for (const name of dropReasonNames())
    requireThat(drops[name] === expected[name], `the counter ${name} is ${drops[name]}`);
  const sum = Object.values(drops).reduce((total, count) => total + count, 0);
  requireThat(packetsIn === datagrams.length && voiceIn + pingsIn + sum === packetsIn, 'packets in do not add up');
  requireThat(bytesIn === bytes, 'bytes in do not add up');
  requireThat(
    tunneledIn === datagrams.filter(({ from }) => from.kind === 'tunnel').length,
    'tunneled packets do not add up',
  );
}

function keyOf(id: number): Uint8Array {
  return new Uint8Array(16).fill(id % 251);
}
