import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { networkFromBytes, networkToBytes } from './network-bytes.js';

describe('the bytes of a network', () => {
  it.each([
    ['192.0.2.0/24', '00000000000000000000ffffc0000200', 120],
    ['192.0.2.7/32', '00000000000000000000ffffc0000207', 128],
    ['2001:db8::/48', '20010db8000000000000000000000000', 48],
    ['::/0', '00000000000000000000000000000000', 0],
  ])('of %s are as Mumble writes them', (cidr, hex, mask) => {
    const bytes = networkToBytes(cidr);
    expect([Buffer.from(bytes.address).toString('hex'), bytes.mask]).toEqual([hex, mask]);
    expect(networkFromBytes(bytes)).toBe(cidr);
  });

  it('come back as they were, whatever the network', () => {
    const network = fc.oneof(
      fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
      fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
    );
    fc.assert(
      fc.property(network, ([address, prefix]) => {
        const bytes = networkToBytes(`${address}/${prefix}`);
        const text = networkFromBytes(bytes);
        // An IPv4 address that is written as an IPv6 one is the same network; a wider one than all of IPv4 is none of ours.
        if (text === undefined) expect(bytes.mask).toBeLessThan(96);
        else expect(networkToBytes(text)).toEqual(bytes);
      }),
    );
  });

  it('are none where they have another length or too long a prefix', () => {
    expect(networkFromBytes({ address: new Uint8Array(4), mask: 32 })).toBeUndefined();
    expect(networkFromBytes({ address: new Uint8Array(16), mask: 129 })).toBeUndefined();
  });
});
