/** The variable-length integers of Mumble's voice packets. Pure. */

/** A number that was read, and where what follows begins. */
export interface ReadVarint {
  readonly value: number;
  readonly end: number;
}

/** The most bytes that {@link writeVarint} writes. */
export const MAX_VARINT_BYTES = 5;

/**
 * Reads the integer at `offset`. Returns undefined where it is cut short, is negative or above 2^53 - 1: nothing in a
 * voice packet is meant to be that.
 */
export function readVarint(bytes: Uint8Array, offset: number): ReadVarint | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  if (first < 0x80) return { value: first, end: offset + 1 };
  if (first < 0xc0) return tail(bytes, offset + 1, 1, first & 0x3f);
  if (first < 0xe0) return tail(bytes, offset + 1, 2, first & 0x1f);
  if (first < 0xf0) return tail(bytes, offset + 1, 3, first & 0x0f);
  if (first < 0xf4) return tail(bytes, offset + 1, 4, 0);
  if (first < 0xf8) return tail(bytes, offset + 1, 8, 0);
  return undefined;
}

/** Writes an integer from 0 to 2^32 - 1 at `offset`, and returns where what follows begins. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  if (value < 0x80) return put(bytes, offset, value, 1);
  if (value < 0x4000) return put(bytes, offset, 0x8000 + value, 2);
  if (value < 0x20_0000) return put(bytes, offset, 0xc0_0000 + value, 3);
  if (value < 0x1000_0000) return put(bytes, offset, 0xe000_0000 + value, 4);
  bytes[offset] = 0xf0;
  return put(bytes, offset + 1, value, 4);
}

function tail(bytes: Uint8Array, offset: number, count: number, head: number): ReadVarint | undefined {
  const end = offset + count;
  if (end > bytes.length) return undefined;
  let value = head;
  for (let index = offset; index < end; index += 1) value = value * 256 + (bytes[index] ?? 0);
  return Number.isSafeInteger(value) ? { value, end } : undefined;
}

function put(bytes: Uint8Array, offset: number, value: number, count: number): number {
  let rest = value;
  for (let index = offset + count - 1; index >= offset; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return offset + count;
}
