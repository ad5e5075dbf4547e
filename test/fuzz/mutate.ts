import type { FuzzRandom } from './fuzz-random.js';

/** Longer than what it was by at most so much. */
const MAX_GROWTH_BYTES = 64;

/** The bytes with one to four things wrong, as bytes of their own. Now and then they come out as they were. */
export function mutate(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  let mutated = new Uint8Array(bytes);
  for (let left = random.between(1, random.chance(0.7) ? 1 : 4); left > 0; left--)
    mutated = mutateOnce(mutated, random);
  return mutated;
}

function mutateOnce(bytes: Uint8Array<ArrayBuffer>, random: FuzzRandom): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length + 1);
  switch (random.below(8)) {
    case 0:
    case 1:
      return withByte(bytes, at, (byte) => byte ^ (1 << random.below(8)));
    case 2:
      return withByte(bytes, at, () => random.pick([0, 1, 0x7f, 0x80, 0xff]));
    case 3:
      return withByte(bytes, at, () => random.below(256));
    case 4:
      return bytes.slice(0, at);
    case 5:
      return joined(bytes, random.bytes(random.between(1, MAX_GROWTH_BYTES)));
    case 6: {
      // A part is left out, or comes twice.
      const end = random.between(at, Math.min(bytes.length, at + MAX_GROWTH_BYTES));
      return random.chance(0.5)
        ? joined(bytes.slice(0, at), bytes.slice(end))
        : joined(bytes.slice(0, end), bytes.slice(at));
    }
    default:
      return withWord(bytes, at, random.edge());
  }
}

function withByte(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  change: (byte: number) => number,
): Uint8Array<ArrayBuffer> {
  if (at < bytes.length) bytes[at] = change(bytes[at] ?? 0);
  return bytes;
}

function withWord(bytes: Uint8Array<ArrayBuffer>, at: number, word: number): Uint8Array<ArrayBuffer> {
  if (at + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(at, word);
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
