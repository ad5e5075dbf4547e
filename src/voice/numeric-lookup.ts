import type { SocketOptions } from 'node:dgram';

/** All addresses are numeric already: the default would ask a resolver, a tick later, for each datagram sent. */
export function numericLookup(family: 4 | 6): SocketOptions['lookup'] {
  return (address, _options, callback) => callback(null, address, family);
}
