import { createCipheriv, createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { openPong } from '../../src/client/voice-packet.js';
import { VoiceReceiver } from '../../src/client/voice-receiver.js';
import { equal, requireThat } from './expectation.js';
import type { FuzzRandom } from './fuzz-random.js';
import { fuzzTarget, withoutParts } from './fuzz-target.js';
import { mutate } from './mutate.js';

const TARGETS = [7, 0x80000001];
const SENDERS = [1, 2];
const OPERATIONS_PER_EPISODE = 300;
const FORMER_EPOCH_MS = 2000;
const MOST_WAITING = 64;

type ReceiverOperation =
  | { readonly type: 'key'; readonly target: number; readonly epoch: number }
  /** `sealed` is what the sender sealed, `bytes` what the network made of it. */
  | { readonly type: 'packet'; readonly sealed: SealedVoice; readonly bytes: Uint8Array }
  | { readonly type: 'remove_target'; readonly target: number }
  | { readonly type: 'remove_sender'; readonly sender: number }
  | { readonly type: 'wait'; readonly ms: number };

interface SealedVoice {
  readonly sender: number;
  readonly counter: number;
  readonly target: number;
  readonly epoch: number;
  readonly plaintext: Uint8Array;
}

interface ReceiverCase {
  readonly operations: readonly ReceiverOperation[];
}

/** What a client receives: only what was sealed under a key that it has is opened, once, and every packet is counted. */
export const voiceReceiverTarget = fuzzTarget<ReceiverCase>({
  name: 'voice-receiver',
  unit: 'datagrams',
  testEpisodes: 30,
  generate(random) {
    const counters = new Map(SENDERS.map((sender) => [sender, 0]));
    return { operations: Array.from({ length: OPERATIONS_PER_EPISODE }, () => operation(random, counters)) };
  },
  run({ operations }) {
    const world = new ReceiverWorld();
    for (const each of operations) world.perform(each);
    return world.packetCount;
  },
  *smaller(fuzzCase) {
    for (const operations of withoutParts(fuzzCase.operations)) yield { operations };
  },
});

function operation(random: FuzzRandom, counters: Map<number, number>): ReceiverOperation {
  const kind = random.below(100);
  if (kind < 85) return packet(random, counters);
  if (kind < 92) return { type: 'key', target: random.pick(TARGETS), epoch: epochOf(random) };
  if (kind < 97) return { type: 'wait', ms: random.pick([random.below(50), random.below(700), random.below(2500)]) };
  if (kind < 98) return { type: 'remove_target', target: random.pick(TARGETS) };
  return { type: 'remove_sender', sender: random.pick(SENDERS) };
}

function packet(random: FuzzRandom, counters: Map<number, number>): ReceiverOperation {
  const sender = random.pick(SENDERS);
  const last = counters.get(sender) ?? 0;
  const step = random.chance(0.9) ? 1 : random.pick([0, -random.below(1100), random.below(1100), 2 ** 40]);
  const counter = Math.min(Math.max(0, last + step), 2 ** 48 - 1);
  if (counter < 2 ** 30) counters.set(sender, Math.max(last, counter));
  const sealed = {
    sender,
    counter,
    target: random.pick(TARGETS),
    epoch: epochOf(random),
    plaintext: random.bytes(random.below(60)),
  };
  const bytes = sealedBytes(sealed);
  return { type: 'packet', sealed, bytes: random.chance(0.7) ? bytes : mutate(bytes, random) };
}

function epochOf(random: FuzzRandom): number {
  return random.chance(0.6) ? 0 : random.pick([1, 2, 255, 256]);
}

class ReceiverWorld {
  readonly #receiver = new VoiceReceiver();
  readonly #keys = new Map<number, { epoch: number; former: number | null; formerUntilMs: number }>();
  readonly #opened = new Set<string>();
  readonly #sealed = new Map<string, Uint8Array[]>();
  packetCount = 0;
  #openedCount = 0;
  #nowMs = 0;

  perform(operation: ReceiverOperation): void {
    switch (operation.type) {
      case 'key':
        this.#setKey(operation.target, operation.epoch);
        break;
      case 'packet':
        this.#receive(operation.sealed, operation.bytes);
        break;
      case 'remove_target':
        this.#receiver.removeTarget(operation.target);
        this.#keys.delete(operation.target);
        break;
      case 'remove_sender':
        this.#receiver.removeSender(operation.sender);
        for (const name of this.#opened) if (name.startsWith(`${operation.sender} `)) this.#opened.delete(name);
        break;
      case 'wait':
        this.#nowMs += operation.ms;
    }
    const { opened, duplicate, refused, withoutKey, waiting } = this.#receiver.counts;
    requireThat(opened + duplicate + refused + withoutKey + waiting === this.packetCount, 'the counts do not add up');
    requireThat(opened === this.#openedCount && waiting <= MOST_WAITING, 'the counts are wrong');
  }

  #setKey(target: number, epoch: number): void {
    const known = this.#keys.get(target);
    const former = known === undefined ? null : known.epoch === epoch ? known.former : known.epoch;
    const formerUntilMs = known?.epoch === epoch ? known.formerUntilMs : this.#nowMs + FORMER_EPOCH_MS;
    this.#keys.set(target, { epoch, former, formerUntilMs });
    for (const voice of this.#receiver.setKey(target, { epoch, key: keyOf(target, epoch) }, this.#nowMs))
      this.#take(voice);
  }

  #receive(sealed: SealedVoice, bytes: Uint8Array): void {
    this.packetCount++;
    const isWhole = equal(bytes, sealedBytes(sealed));
    const mustOpen = isWhole && this.#mustOpen(sealed);
    if (isWhole) this.#sealed.set(nameOf(sealed), [...(this.#sealed.get(nameOf(sealed)) ?? []), sealed.plaintext]);
    requireThat(openPong(bytes, sealed.sender, keyOf(0, 0)) === undefined, 'a pong that nobody made');
    const voice = this.#receiver.receive(bytes, this.#nowMs);
    requireThat(voice !== undefined || !mustOpen, 'a packet that is good was not opened');
    if (voice !== undefined) this.#take(voice);
  }

  /** True for what can be nothing but right: the key is there, the packet is newer than all before. */
  #mustOpen({ sender, counter, target, epoch, plaintext }: SealedVoice): boolean {
    const isVoice = plaintext.length > 4 || (plaintext.length === 4 && (plaintext[0] ?? 0) >= 0x80);
    const isNewest =
      counter > 0 &&
      [...this.#opened].every((name) => !name.startsWith(`${sender} `) || counter > Number(name.split(' ')[1]));
    return isVoice && isNewest && this.#keys.get(target)?.epoch === epoch;
  }

  #take(voice: { sessionId: number; counter: number; targetId: number; opus: Uint8Array; endOfTalk: boolean }): void {
    this.#openedCount++;
    const { sessionId: sender, counter, targetId: target, opus } = voice;
    const once = `${sender} ${counter}`;
    requireThat(!this.#opened.has(once), 'a packet was opened twice');
    this.#opened.add(once);
    const keys = this.#keys.get(target);
    const epochs = [keys?.epoch, keys !== undefined && this.#nowMs < keys.formerUntilMs ? keys.former : undefined];
    const isSealed = epochs.some((epoch) => {
      const plaintexts = this.#sealed.get(nameOf({ sender, counter, target, epoch: epoch ?? -1 })) ?? [];
      return plaintexts.some((plaintext) => equal(plaintext.subarray(4), opus));
    });
    requireThat(isSealed, 'what was opened is not what was sealed under a key of the client');
    requireThat(opus.length > 0 || voice.endOfTalk, 'neither a frame nor the end of talk');
  }
}

function nameOf({ sender, counter, target, epoch }: Omit<SealedVoice, 'plaintext'>): string {
  return `${sender} ${counter} ${target} ${epoch}`;
}

/** Voice as the relay forwards it, written from docs/NETWORK_PROTOCOL.md and not from the client's code. */
function sealedBytes({ sender, counter, target, epoch, plaintext }: SealedVoice): Uint8Array {
  const header = Buffer.alloc(16);
  header.writeUInt8(0x50, 0);
  header.writeUInt8(epoch & 0xff, 1);
  header.writeUInt32BE(target, 2);
  header.writeUInt32BE(sender, 6);
  header.writeUIntBE(counter, 10, 6);
  const nonce = Buffer.concat([Buffer.alloc(2), header.subarray(6)]);
  const cipher = createCipheriv('aes-128-gcm', keyOf(target, epoch), nonce);
  cipher.setAAD(header);
  return Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

const keys = new Map<string, KeyObject>();

function keyOf(target: number, epoch: number): KeyObject {
  const name = `${target} ${epoch}`;
  const key = keys.get(name) ?? createSecretKey(createHash('sha256').update(name).digest().subarray(0, 16));
  keys.set(name, key);
  return key;
}
