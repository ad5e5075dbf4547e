/** The one sound of these tests, and how much of it is in what was recorded: 16 bits, one channel. */

export const SAMPLE_RATE = 48_000;
const HERTZ = 1000;
const AMPLITUDE = 10_000;
/** 100 ms. */
const BLOCK_SAMPLES = SAMPLE_RATE / 10;
const BLOCK_BYTES = 2 * BLOCK_SAMPLES;
/** Quieter than -56 dB is silence. */
const MIN_POWER = 2500;
/** What of a block has to be the tone. */
const MIN_PURITY = 0.6;

/** A second of the tone: whole waves, so that it can be repeated without a click. */
export function secondOfTone(): Buffer {
  const samples = Buffer.alloc(2 * SAMPLE_RATE);
  for (let index = 0; index < SAMPLE_RATE; index += 1) {
    samples.writeInt16LE(Math.round(AMPLITUDE * Math.sin((2 * Math.PI * HERTZ * index) / SAMPLE_RATE)), 2 * index);
  }
  return samples;
}

/** Counts for how long a recording has the tone and hardly anything else, while it comes. */
export class ToneMeter {
  #bytes: Buffer = Buffer.alloc(0);
  #blocks = 0;

  /** In seconds, by blocks of 100 ms. */
  get seconds(): number {
    return this.#blocks / 10;
  }

  push(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= BLOCK_BYTES) {
      if (isTone(this.#bytes)) this.#blocks += 1;
      this.#bytes = this.#bytes.subarray(BLOCK_BYTES);
    }
  }
}

/** The first block, by the algorithm of Goertzel. */
function isTone(samples: Buffer): boolean {
  const factor = 2 * Math.cos((2 * Math.PI * HERTZ) / SAMPLE_RATE);
  let [before, now, energy] = [0, 0, 0];
  for (let index = 0; index < BLOCK_SAMPLES; index += 1) {
    const sample = samples.readInt16LE(2 * index);
    [before, now] = [now, sample + factor * now - before];
    energy += sample * sample;
  }
  const power = (2 * (now * now + before * before - factor * now * before)) / BLOCK_SAMPLES;
  return energy / BLOCK_SAMPLES > MIN_POWER && power / energy > MIN_PURITY;
}
