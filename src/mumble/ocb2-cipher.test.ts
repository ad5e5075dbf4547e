import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Ocb2Cipher } from './ocb2-cipher.js';

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);
const NONCE = KEY;

/** From draft-krovetz-ocb-00, appendix A. */
const VECTORS = [
  { name: 'no text', text: '', sealed: '', tag: 'bf3108130773ad5ec70ec69e7875a7b0' },
  {
    name: '40 bytes',
    text: Buffer.from(Array.from({ length: 40 }, (_, index) => index)).toString('hex'),
    sealed: 'f75d6bc8b4dc8d66b836a2b08b32a6369f1cd3c5228d79fd6c267f5f6aa7b231c7dfb9d59951ae9c',
    tag: '9db0cdf880f73e3e10d4eb3217766688',
  },
];

describe('OCB2', () => {
  it.each(VECTORS)('seals $name as the published vector says', ({ text, sealed, tag }) => {
    const out = Buffer.alloc(text.length / 2);
    const made = new Ocb2Cipher(KEY).seal(NONCE, Buffer.from(text, 'hex'), out);
    expect([out.toString('hex'), Buffer.from(made).toString('hex')]).toEqual([sealed, tag]);
  });

  it.each(VECTORS)('opens $name as the published vector says', ({ text, sealed, tag }) => {
    const out = Buffer.alloc(text.length / 2);
    const made = new Ocb2Cipher(KEY).open(NONCE, Buffer.from(sealed, 'hex'), out);
    expect([out.toString('hex'), Buffer.from(made ?? []).toString('hex')]).toEqual([text, tag]);
  });

  it.each([
    ['32 bytes of digital silence', 32, 0],
    ['20 bytes of digital silence', 20, 0],
    ['48 bytes whose second block is zero', 48, 16],
  ])('seals %s with one bit changed, of which no forgery can be made', (_name, bytes, changed) => {
    const sealed = Buffer.alloc(bytes);
    const tag = new Ocb2Cipher(KEY).seal(NONCE, Buffer.alloc(bytes), sealed);
    const text = Buffer.alloc(bytes);
    expect(new Ocb2Cipher(KEY).open(NONCE, sealed, text)).toEqual(tag);
    const expected = Buffer.alloc(bytes);
    expected[changed] = 1;
    expect(text).toEqual(expected);
  });

  it('refuses the forgery of eprint 2019/311, whose last block is its offset', () => {
    const cipher = new Ocb2Cipher(KEY);
    const sealed = Buffer.alloc(16);
    const text = Buffer.alloc(16);
    cipher.open(NONCE, sealed, text);
    // A sealed text of zeros opens to the pad, so this ciphertext opens to the delta of the last block.
    const delta = doubled(encrypted(NONCE));
    const forged = Buffer.from(text.map((byte, index) => byte ^ (delta[index] ?? 0)));
    expect(cipher.open(NONCE, forged, Buffer.alloc(16))).toBeNull();
    forged[0] = (forged[0] ?? 0) ^ 1;
    expect(cipher.open(NONCE, forged, Buffer.alloc(16))).not.toBeNull();
  });
});

function encrypted(block: Uint8Array): Buffer {
  return createCipheriv('aes-128-ecb', KEY, null).update(block);
}

function doubled(block: Buffer): Buffer {
  const value = BigInt(`0x${block.toString('hex')}`) << 1n;
  const reduced = value >> 128n === 0n ? value : (value & ((1n << 128n) - 1n)) ^ 0x87n;
  return Buffer.from(reduced.toString(16).padStart(32, '0'), 'hex');
}
