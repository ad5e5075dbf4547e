import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseNetworks } from './proxied-sockets.js';
import { readProxyHeader } from './proxy-header.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const header = (rest: string) => Buffer.from(SIGNATURE + rest, 'hex');

describe('the header of the PROXY protocol', () => {
  it('tells the client by IPv4 and by IPv6, and skips what else is told', () => {
    const ipv4 = header('2111000fc0000207c63364019c4023280400000000');
    expect(readProxyHeader(Buffer.concat([ipv4, Buffer.from('after')]))).toMatchObject({
      bytes: 31,
      client: { address: '192.0.2.7', port: 0x9c40 },
    });
    const ipv6 = header(`21210024${'20010db8000000000000000000000007'}${'00'.repeat(15)}01c3502328`);
    expect(readProxyHeader(ipv6)).toMatchObject({
      bytes: 52,
      client: { address: '2001:db8:0:0:0:0:0:7', port: 50_000 },
    });
  });

  it('tells nobody where the load balancer speaks for itself', () => {
    expect(readProxyHeader(header('20000000'))).toEqual({ kind: 'header', bytes: 16, client: null });
  });

  it('is refused of another version, of no TCP, too short for its addresses, or longer than any', () => {
    const wrong = ['31110000', '2112000c'.padEnd(32, '0'), '21110004c0000207', '21110fff', '22110000'];
    for (const each of wrong) expect(readProxyHeader(header(each))).toEqual({ kind: 'malformed' });
    expect(readProxyHeader(Buffer.from('GET / HTTP/1.1'))).toEqual({ kind: 'malformed' });
  });

  it('is waited for as long as it may still come, wherever it is cut', () => {
    const whole = header('2111000cc0000207c63364019c402328');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
        expect(readProxyHeader(whole.subarray(0, length))).toEqual({ kind: 'incomplete' });
      }),
    );
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        readProxyHeader(Buffer.concat([Buffer.from(SIGNATURE, 'hex'), bytes]));
      }),
    );
  });
});

describe('the networks of load balancers', () => {
  it('are addresses and networks of both families', () => {
    expect(parseNetworks('10.0.0.0/8, 127.0.0.1,2001:db8::/32')).toEqual([
      { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
      { address: '127.0.0.1', prefix: 32, family: 'ipv4' },
      { address: '2001:db8::', prefix: 32, family: 'ipv6' },
    ]);
  });

  it('are none where one of them is something else', () => {
    for (const text of ['', '10.0.0.0/33', 'haproxy', '10.0.0.0/8/8', '10.0.0.0/x', '::/129', '10.0.0.1,']) {
      expect(parseNetworks(text)).toBeUndefined();
    }
  });
});
