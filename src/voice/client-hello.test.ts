import { describe, expect, it } from '@jest/globals';
import { isAnswerable } from './client-hello.js';

describe('the first bytes of a connection', () => {
  it('can be answered when their first record of TLS is whole', () => {
    const record = Buffer.concat([Buffer.from('160301012c', 'hex'), Buffer.alloc(300)]);
    for (let length = 0; length < record.length; length += 1) {
      expect(isAnswerable(record.subarray(0, length))).toBe(false);
    }
    expect(isAnswerable(record)).toBe(true);
    expect(isAnswerable(Buffer.concat([record, record]))).toBe(true);
  });

  it('are refused by TLS at once where they are none of TLS, or too long', () => {
    for (const bytes of [Buffer.from('GET / HTTP/1.1'), Buffer.from('00', 'hex'), Buffer.from('160301ffff', 'hex')]) {
      expect(isAnswerable(bytes)).toBe(true);
    }
  });
});
