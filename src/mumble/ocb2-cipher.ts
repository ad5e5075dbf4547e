import { type Cipheriv, createCipheriv, createDecipheriv, type Decipheriv } from 'node:crypto';

/** Bytes of a key, a nonce, a block and a whole tag. */
export const BLOCK_BYTES = 16;

const ALGORITHM = 'aes-128-ecb';
/** The polynomial of GF(2^128) by which a bit that is shifted out comes back. */
const POLYNOMIAL = 0x87;

/**
 * OCB2 over AES-128 (Rogaway 2004), with the countermeasures of eprint 2019/311, section 9, as Mumble uses it. OCB2 is
 * broken as a standard; it is here because Mumble's datagrams are sealed with it. One cipher may not be used by two
 * calls at once: it keeps its buffers.
 */
export class Ocb2Cipher {
  readonly #encrypt: Cipheriv;
  readonly #decrypt: Decipheriv;
  readonly #delta = new Uint8Array(BLOCK_BYTES);
  readonly #checksum = new Uint8Array(BLOCK_BYTES);
  readonly #block = new Uint8Array(BLOCK_BYTES);
  /** The offset of each block of the text at hand, one after the other. */
  #offsets = new Uint8Array(1024);

  /** Throws RangeError unless the key has 16 bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== BLOCK_BYTES) throw new RangeError(`a key has ${BLOCK_BYTES} bytes`);
    this.#encrypt = createCipheriv(ALGORITHM, key, null).setAutoPadding(false);
    this.#decrypt = createDecipheriv(ALGORITHM, key, null).setAutoPadding(false);
  }

  /**
   * Seals `text` under a nonce of 16 bytes, into `sealed`, which has as many bytes, and returns the whole tag. Where the
   * last block but one is zero in all bytes but its last, the lowest bit of its first is sealed as 1: of such a text a
   * forgery could be made.
   */
  seal(nonce: Uint8Array, text: Uint8Array, sealed: Uint8Array): Uint8Array {
    const whole = wholeBlocks(text.length);
    const body = whole * BLOCK_BYTES;
    const input = Buffer.allocUnsafe(body + BLOCK_BYTES);
    input.set(text.subarray(0, body));
    if (whole > 0 && isZero(input, body - BLOCK_BYTES)) input[body - BLOCK_BYTES] = 1;
    this.#begin(nonce, whole);
    this.#addToChecksum(input, body);
    this.#maskBlocks(input, whole);
    this.#writeLength(input, body, text.length - body);
    const output = this.#encrypt.update(input);
    this.#maskBlocks(output, whole);
    sealed.set(output.subarray(0, body));
    const pad = output.subarray(body);
    for (let index = body; index < text.length; index += 1) {
      const byte = text[index] ?? 0;
      this.#checksum[index - body] = (this.#checksum[index - body] ?? 0) ^ byte;
      sealed[index] = byte ^ (pad[index - body] ?? 0);
    }
    return this.#tag(pad, text.length - body);
  }

  /** Opens what {@link seal} has sealed, into `text`, which has as many bytes, and returns the tag that it must have; null where it may have been forged by the weakness of OCB2. */
  open(nonce: Uint8Array, sealed: Uint8Array, text: Uint8Array): Uint8Array | null {
    const whole = wholeBlocks(sealed.length);
    const body = whole * BLOCK_BYTES;
    this.#begin(nonce, whole);
    const input = Buffer.allocUnsafe(body);
    input.set(sealed.subarray(0, body));
    this.#maskBlocks(input, whole);
    const output = this.#decrypt.update(input);
    this.#maskBlocks(output, whole);
    this.#addToChecksum(output, body);
    text.set(output);
    this.#writeLength(this.#block, 0, sealed.length - body);
    const pad = this.#encrypt.update(this.#block);
    for (let index = body; index < sealed.length; index += 1) {
      const byte = (sealed[index] ?? 0) ^ (pad[index - body] ?? 0);
      this.#checksum[index - body] = (this.#checksum[index - body] ?? 0) ^ byte;
      text[index] = byte;
    }
    if (this.#isForgery(text, body, pad)) return null;
    return this.#tag(pad, sealed.length - body);
  }

  /** Makes the offsets of all blocks, of the last one too, which is the delta then. */
  #begin(nonce: Uint8Array, whole: number): void {
    const delta = this.#delta;
    delta.set(this.#encrypt.update(nonce));
    const bytes = whole * BLOCK_BYTES;
    if (this.#offsets.length < bytes) this.#offsets = new Uint8Array(2 * bytes);
    for (let offset = 0; offset < bytes; offset += BLOCK_BYTES) {
      double(delta);
      this.#offsets.set(delta, offset);
    }
    double(delta);
    this.#checksum.fill(0);
  }

  #maskBlocks(blocks: Uint8Array, whole: number): void {
    for (let index = 0; index < whole * BLOCK_BYTES; index += 1) {
      blocks[index] = (blocks[index] ?? 0) ^ (this.#offsets[index] ?? 0);
    }
  }

  #addToChecksum(text: Uint8Array, bytes: number): void {
    for (let index = 0; index < bytes; index += 1) {
      const place = index % BLOCK_BYTES;
      this.#checksum[place] = (this.#checksum[place] ?? 0) ^ (text[index] ?? 0);
    }
  }

  /** Of it the pad of the last block is made. */
  #writeLength(into: Uint8Array, offset: number, bytes: number): void {
    into.set(this.#delta, offset);
    const last = offset + BLOCK_BYTES - 1;
    // 128 bits at most, so that they fit in the last byte.
    into[last] = (into[last] ?? 0) ^ (8 * bytes);
  }

  /** The last block, filled up with the pad, would be the delta but for its last byte. */
  #isForgery(text: Uint8Array, body: number, pad: Uint8Array): boolean {
    let difference = 0;
    for (let index = 0; index < BLOCK_BYTES - 1; index += 1) {
      const byte = body + index < text.length ? text[body + index] : pad[index];
      difference |= (byte ?? 0) ^ (this.#delta[index] ?? 0);
    }
    return difference === 0;
  }

  #tag(pad: Uint8Array, lastBytes: number): Uint8Array {
    for (let index = 0; index < BLOCK_BYTES; index += 1) this.#block[index] = this.#delta[index] ?? 0;
    double(this.#block);
    for (let index = 0; index < BLOCK_BYTES; index += 1) {
      const filling = index < lastBytes ? 0 : (pad[index] ?? 0);
      const checksum = (this.#checksum[index] ?? 0) ^ filling;
      this.#block[index] = (this.#block[index] ?? 0) ^ (this.#delta[index] ?? 0) ^ checksum;
    }
    return this.#encrypt.update(this.#block);
  }
}

/** How many blocks come before the last one, which has 1 to 16 bytes, or none where there is no text. */
function wholeBlocks(bytes: number): number {
  return Math.max(0, Math.ceil(bytes / BLOCK_BYTES) - 1);
}

/** Multiplies by x in GF(2^128). */
function double(block: Uint8Array): void {
  const carry = (block[0] ?? 0) >> 7;
  for (let index = 0; index < BLOCK_BYTES - 1; index += 1) {
    block[index] = ((block[index] ?? 0) << 1) | ((block[index + 1] ?? 0) >> 7);
  }
  block[BLOCK_BYTES - 1] = ((block[BLOCK_BYTES - 1] ?? 0) << 1) ^ (carry === 0 ? 0 : POLYNOMIAL);
}

/** True where all bytes of the block but the last are 0. */
function isZero(text: Uint8Array, offset: number): boolean {
  for (let index = offset; index < offset + BLOCK_BYTES - 1; index += 1) if (text[index] !== 0) return false;
  return true;
}
