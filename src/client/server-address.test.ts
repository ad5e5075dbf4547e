import { describe, expect, it } from '@jest/globals';
import { formatServerAddress, parseServerAddress } from './server-address.js';

describe('a server address', () => {
  it.each([
    ['127.0.0.1:9000', '127.0.0.1', 9000],
    ['voice.example:1', 'voice.example', 1],
    ['voice.example', 'voice.example', 9000],
    ['[::1]:9100', '::1', 9100],
    ['[fe80::1%eth0]:9000', 'fe80::1%eth0', 9000],
    ['[::1]', '::1', 9000],
  ])('%s is read', (text, host, port) => {
    expect(parseServerAddress(text)).toEqual({ host, port });
  });

  it.each(['', ':9000', 'host:', 'host:0', 'host:65536', 'host:9000:1', '::1', '::1:9000', '[::1', 'http://host:9000'])(
    '"%s" is refused',
    (text) => {
      expect(parseServerAddress(text)).toBeUndefined();
    },
  );

  it('is written as it is read', () => {
    for (const text of ['127.0.0.1:9000', '[::1]:9100']) {
      const address = parseServerAddress(text);
      expect(address === undefined ? undefined : formatServerAddress(address)).toBe(text);
    }
  });
});
