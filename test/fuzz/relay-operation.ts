import type { FuzzRandom } from './fuzz-random.js';
import type { ModelRoute, ModelSession } from './relay-model.js';

const SESSIONS = [1, 2, 3, 4, 5];
const TARGETS = [7, 8, 0x80000001];
const EPOCHS = [0, 1, 2, 255, 256, 300];
const ADDRESSES = 4;
const MAX_COUNTER = 2 ** 48 - 1;
const MOST_PAYLOAD_BYTES = 1172;

/** One of the addresses, or the control connection of a session. */
export type OperationSource = { readonly address: number } | { readonly tunnelOf: number };

interface PacketOperation {
  readonly session: number;
  readonly key: string;
  readonly counter: number;
  readonly from: OperationSource;
  /** The bit that is wrong, or null. */
  readonly flipped: number | null;
}

/** Something that the control plane or the network does to the relay. */
export type RelayOperation =
  | ({ readonly type: 'add_session' } & ModelSession)
  | { readonly type: 'remove_session'; readonly session: number }
  | ({ readonly type: 'set_route' } & ModelRoute)
  | { readonly type: 'remove_route'; readonly target: number }
  | {
      readonly type: 'replace_all';
      readonly generation: number;
      readonly sessions: readonly ModelSession[];
      readonly routes: readonly ModelRoute[];
    }
  | { readonly type: 'wait'; readonly ms: number }
  | ({
      readonly type: 'voice';
      readonly target: number;
      readonly epoch: number;
      readonly payloadBytes: number;
    } & PacketOperation)
  /** `echo` is the token of the last pong to where the ping comes from. */
  | ({ readonly type: 'ping'; readonly token: 'echo' | 'none' | 'wrong' } & PacketOperation)
  | { readonly type: 'noise'; readonly bytes: Uint8Array; readonly from: OperationSource };

/** A sequence in which people come, talk, move and go, and somebody else sends what is wrong. */
export function relayOperations(random: FuzzRandom, count: number): RelayOperation[] {
  const highest = new Map<number, number>();
  const beginning: RelayOperation[] = [
    ...SESSIONS.map((session) => ({ type: 'add_session' as const, session, key: keyName(session, 0) })),
    ...TARGETS.map((target) => ({
      type: 'set_route' as const,
      target,
      epoch: 0,
      listeners: SESSIONS,
      speakers: SESSIONS,
    })),
  ];
  // Somebody who sends more than may be, and next to nothing else, reaches the limits of the rates.
  const isFlood = random.chance(0.1);
  const talkers = isFlood ? [random.pick(SESSIONS)] : SESSIONS;
  const operations = Array.from({ length: isFlood ? 3 * count : count }, () =>
    operation(random, highest, talkers, isFlood ? 75 : 100),
  );
  return [...beginning, ...operations];
}

function operation(
  random: FuzzRandom,
  highest: Map<number, number>,
  talkers: readonly number[],
  kinds: number,
): RelayOperation {
  const kind = random.below(kinds);
  if (kind < 55) return voice(random, highest, talkers);
  if (kind < 75) return ping(random, highest, talkers);
  if (kind < 80) return { type: 'noise', bytes: noise(random), from: anySource(random) };
  if (kind < 88) return { type: 'wait', ms: waitMs(random) };
  if (kind < 93) return { type: 'set_route', ...route(random) };
  if (kind < 94) return { type: 'remove_route', target: random.pick(TARGETS) };
  if (kind < 97) return { type: 'add_session', ...session(random) };
  if (kind < 98) return { type: 'remove_session', session: random.pick(SESSIONS) };
  return {
    type: 'replace_all',
    generation: random.below(5),
    sessions: random.some(SESSIONS, 0.8).map((id) => ({ session: id, key: keyName(id, random.chance(0.9) ? 0 : 1) })),
    routes: random.some(TARGETS, 0.8).map((target) => ({ ...route(random), target })),
  };
}

function voice(random: FuzzRandom, highest: Map<number, number>, talkers: readonly number[]): RelayOperation {
  const target = random.chance(0.95) ? random.pick(TARGETS) : random.edge();
  const epoch = random.chance(0.8) ? 0 : random.pick(EPOCHS);
  const payloadBytes = random.chance(0.9) ? random.between(20, 150) : random.between(0, MOST_PAYLOAD_BYTES);
  return { type: 'voice', target, epoch, payloadBytes, ...packet(random, highest, talkers) };
}

function ping(random: FuzzRandom, highest: Map<number, number>, talkers: readonly number[]): RelayOperation {
  const token = random.chance(0.8) ? 'echo' : random.pick(['none', 'wrong'] as const);
  return { type: 'ping', token, ...packet(random, highest, talkers) };
}

function packet(random: FuzzRandom, highest: Map<number, number>, talkers: readonly number[]): PacketOperation {
  const id = random.pick(talkers);
  const last = highest.get(id) ?? 0;
  const counter = Math.min(MAX_COUNTER, Math.max(0, random.chance(0.85) ? last + 1 : oddCounter(random, last)));
  highest.set(id, Math.max(last, counter < MAX_COUNTER / 2 ? counter : 0));
  return {
    session: id,
    key: keyName(id, random.chance(0.95) ? 0 : 1),
    counter,
    from: random.chance(0.7) ? homeOf(id, random) : anySource(random),
    flipped: random.chance(0.05) ? random.uint32() : null,
  };
}

function oddCounter(random: FuzzRandom, last: number): number {
  if (random.chance(0.003)) return MAX_COUNTER - random.below(3);
  return last + random.pick([0, -1, -1023, -1024, -random.below(1100), random.below(40), 1500]);
}

/** Where most packets of a session come from, so that its path is proven now and then. */
function homeOf(session: number, random: FuzzRandom): OperationSource {
  return session === 5 && random.chance(0.5) ? { tunnelOf: 5 } : { address: session % ADDRESSES };
}

function anySource(random: FuzzRandom): OperationSource {
  return random.chance(0.6) ? { address: random.below(ADDRESSES) } : { tunnelOf: random.pick(SESSIONS) };
}

function session(random: FuzzRandom): ModelSession {
  const id = random.pick(SESSIONS);
  return { session: id, key: keyName(id, random.chance(0.8) ? 0 : 1) };
}

function route(random: FuzzRandom): ModelRoute {
  return {
    target: random.pick(TARGETS),
    epoch: random.chance(0.5) ? 0 : random.pick(EPOCHS),
    listeners: random.some(SESSIONS, 0.8),
    speakers: random.some(SESSIONS, 0.8),
  };
}

function noise(random: FuzzRandom): Uint8Array {
  const bytes = random.bytes(random.length(1300));
  if (random.chance(0.8) && bytes.length > 0) bytes[0] = random.pick([0x50, 0x51]);
  if (random.chance(0.8) && bytes.length >= 10) new DataView(bytes.buffer).setUint32(6, random.pick(SESSIONS));
  return bytes;
}

/** Never a length of time at which a bucket holds just what is asked for: the relay's arithmetic rounds there, the model's does not. */
function waitMs(random: FuzzRandom): number {
  const around = random.pick([30, 150, 2500]);
  const ms = random.chance(0.6)
    ? random.below(around)
    : random.pick([random.between(98, 102), random.between(1995, 2002)]);
  return (ms * 1025) / 1024;
}

function keyName(session: number, number: number): string {
  return `${session}/${number}`;
}
