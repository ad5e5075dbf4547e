/** Networks as Mumble writes them: 16 bytes, IPv4 addresses mapped into IPv6 (RFC 4291, 2.5.5.2), and the length of the prefix. Pure. */
import { isIPv4 } from 'node:net';

const ADDRESS_BYTES = 16;
/** Bits before an IPv4 address. */
const MAPPED_BITS = 96;
const MAPPED_PREFIX = Buffer.from('00000000000000000000ffff', 'hex');

export interface NetworkBytes {
  readonly address: Uint8Array;
  /** The length of the prefix, 0 to 128. */
  readonly mask: number;
}

/** The bytes of a network in CIDR form, which must be one. */
export function networkToBytes(cidr: string): NetworkBytes {
  const [address = '', prefix] = cidr.split('/');
  if (isIPv4(address)) {
    const mask = MAPPED_BITS + (prefix === undefined ? 32 : Number(prefix));
    return { address: Buffer.concat([MAPPED_PREFIX, Buffer.from(address.split('.').map(Number))]), mask };
  }
  return { address: addressToBytes(address), mask: prefix === undefined ? 128 : Number(prefix) };
}

/** The network in CIDR form, its host bits as they are. Undefined where the bytes are no network. */
export function networkFromBytes({ address, mask }: NetworkBytes): string | undefined {
  if (address.length !== ADDRESS_BYTES || mask > 8 * ADDRESS_BYTES) return undefined;
  const bytes = Buffer.from(address);
  if (bytes.subarray(0, MAPPED_PREFIX.length).equals(MAPPED_PREFIX)) {
    return mask < MAPPED_BITS ? undefined : `${[...bytes.subarray(12)].join('.')}/${mask - MAPPED_BITS}`;
  }
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return `${new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)}/${mask}`;
}

function addressToBytes(address: string): Buffer {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  for (const [index, group] of [...left, ...zeros, ...right].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * index);
  }
  return bytes;
}
