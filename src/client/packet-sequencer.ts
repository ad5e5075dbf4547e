import { opusPacketSamples } from './opus-packet.js';

/** A frame number counts units of 10 ms. */
export const SAMPLES_PER_FRAME = 480;

/** How long a packet that is missing is waited for, in samples of what comes after it: 200 ms. */
const REORDER_SAMPLES = 20 * SAMPLES_PER_FRAME;
/** A longer pause than 5 s is not kept: the sender has begun anew, or was away. */
const MAX_GAP_SAMPLES = 500 * SAMPLES_PER_FRAME;

/** A packet in its place. */
export interface SequencedPacket {
  readonly opus: Uint8Array;
  /** How much is missing before it, in samples at 48 kHz. */
  readonly gapSamples: number;
}

interface PlacedPacket {
  readonly opus: Uint8Array;
  readonly atSamples: number;
  readonly samples: number;
}

/** Brings the packets of one speaker into the order of their frame numbers and tells what is missing. Pure: it waits by frame numbers, not by a clock. */
export class PacketSequencer {
  /** Where the next packet belongs. */
  #nextSamples: number | undefined;
  /** Packets behind one that is missing, in order. */
  #waiting: PlacedPacket[] = [];
  #late = 0;

  /** How many packets came after their place had been given up. */
  get latePackets(): number {
    return this.#late;
  }

  /** Takes a packet and returns those whose turn has come. Throws RangeError for bytes that are no Opus packet. */
  add(frameNumber: number, opus: Uint8Array): SequencedPacket[] {
    const samples = opusPacketSamples(opus);
    if (samples === undefined) throw new RangeError('These bytes are not an Opus packet.');
    const atSamples = frameNumber * SAMPLES_PER_FRAME;
    const next = this.#nextSamples ?? atSamples;
    if (Math.abs(atSamples - next) > MAX_GAP_SAMPLES) {
      const rest = this.flush();
      this.#nextSamples = atSamples;
      return [...rest, ...this.add(frameNumber, opus)];
    }
    this.#nextSamples = next;
    this.#waiting.push({ opus, atSamples, samples });
    this.#waiting.sort((left, right) => left.atSamples - right.atSamples);
    return this.#take((first, newest) => first <= this.#next() || newest - this.#next() >= REORDER_SAMPLES);
  }

  /** Returns all that waits: nothing more is expected. */
  flush(): SequencedPacket[] {
    return this.#take(() => true);
  }

  #take(isDue: (firstSamples: number, newestSamples: number) => boolean): SequencedPacket[] {
    const taken: SequencedPacket[] = [];
    for (;;) {
      const [first] = this.#waiting;
      const newest = this.#waiting.at(-1);
      if (first === undefined || newest === undefined || !isDue(first.atSamples, newest.atSamples)) return taken;
      this.#waiting.shift();
      // Packets shorter than a frame share its number, so a packet is late only when it is a whole frame behind.
      if (first.atSamples <= this.#next() - SAMPLES_PER_FRAME) {
        this.#late++;
        continue;
      }
      const gap = first.atSamples - this.#next();
      const gapSamples = gap >= SAMPLES_PER_FRAME ? gap : 0;
      taken.push({ opus: first.opus, gapSamples });
      this.#nextSamples = this.#next() + gapSamples + first.samples;
    }
  }

  #next(): number {
    return this.#nextSamples ?? 0;
  }
}
