import { isIPv6 } from 'node:net';
import { plainAddress } from '../bans/ban-match.js';
import { maskedNetwork } from '../bans/masked-network.js';

/** What one subscriber usually has: an IPv4 address, or an IPv6 network of this prefix, in which they choose addresses freely. */
const IPV6_PREFIX = 64;

/** The network that stands for one caller who is nobody yet. */
export function networkOf(remoteAddress: string | null): string {
  const address = plainAddress(remoteAddress) ?? 'none';
  return isIPv6(address) ? maskedNetwork(address, 6, IPV6_PREFIX) : address;
}
