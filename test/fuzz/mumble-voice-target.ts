import { CryptState } from '../../src/mumble/crypt-state.js';
import { readClientPacket } from '../../src/mumble/legacy-voice.js';
import { requireEqual, requireThat } from './expectation.js';
import { fuzzTarget, withoutParts } from './fuzz-target.js';
import { mutate } from './mutate.js';

const STEPS_PER_EPISODE = 300;
const LATE_WINDOW = 30;
const MAX_STEP = 127;

/** What comes by UDP: a datagram of the client by its number, or one that nobody has sealed. */
type Arrival = { readonly number: number } | { readonly forged: Uint8Array };

interface MumbleVoiceCase {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly packets: readonly Uint8Array[];
  readonly arrivals: readonly Arrival[];
}

/** Datagrams of a Mumble client: each opens once, in the window, whatever comes between; and packets are read or refused. */
export const mumbleVoiceTarget = fuzzTarget<MumbleVoiceCase>({
  name: 'mumble-voice',
  unit: 'datagrams',
  testEpisodes: 20,
  generate(random) {
    // The first byte keeps a packet from being silence, of which one bit is changed.
    const packets = Array.from({ length: STEPS_PER_EPISODE }, () =>
      Buffer.concat([Buffer.from([0x80]), random.bytes(random.length(60))]).map((byte) => byte | 1),
    );
    let newest = 0;
    const arrivals = Array.from({ length: STEPS_PER_EPISODE }, (): Arrival => {
      if (random.chance(0.2)) return { forged: random.bytes(random.length(100)) };
      const number = Math.max(0, newest + random.between(-40, 3));
      newest = Math.min(STEPS_PER_EPISODE - 1, Math.max(newest, number));
      return { number: Math.min(number, STEPS_PER_EPISODE - 1) };
    });
    const voice = mutate(Buffer.from('8005820178aabbccddeeff', 'hex'), random);
    return { key: random.bytes(16), nonce: random.bytes(16), packets: [...packets, voice], arrivals };
  },
  run({ key, nonce, packets, arrivals }) {
    const sender = new CryptState(key, nonce, new Uint8Array(16));
    const receiver = new CryptState(key, new Uint8Array(16), nonce);
    const sealed = packets.map((packet) => sender.seal(packet));
    const seen = new Set<number>();
    let newest = -1;
    for (const arrival of arrivals) {
      if ('forged' in arrival) {
        requireEqual(receiver.open(arrival.forged), undefined, 'a forged datagram');
        continue;
      }
      const { number } = arrival;
      const step = number - newest;
      const opened = receiver.open(Uint8Array.from(sealed[number] ?? []));
      const fits = step > 0 ? step <= MAX_STEP : step < 0 && step > -LATE_WINDOW && !seen.has(number);
      requireEqual(opened === undefined ? null : hex(opened), fits ? hex(packets[number]) : null, 'a datagram');
      if (!fits) continue;
      seen.add(number);
      newest = Math.max(newest, number);
    }
    const { good, lost } = receiver.counters();
    requireEqual([good, lost], [seen.size, newest + 1 - seen.size], 'the counts');
    for (const packet of packets) requireReadable(packet);
    return arrivals.length;
  },
  *smaller(fuzzCase) {
    for (const arrivals of withoutParts(fuzzCase.arrivals)) yield { ...fuzzCase, arrivals };
  },
});

function requireReadable(packet: Uint8Array): void {
  const read = readClientPacket(packet);
  if (read?.kind !== 'speech') return;
  requireThat(hex(packet).includes(hex(read.opus)), 'Opus that was not in the packet');
  requireThat(read.frameNumber < 2 ** 31 && read.target < 32, 'a number that is too large');
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
