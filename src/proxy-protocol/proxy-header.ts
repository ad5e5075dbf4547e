/** The header of the PROXY protocol, version 2, with which a load balancer tells for whom a connection is. */
import { isIP } from 'node:net';

/** What the bytes so far are: more is needed, no such header, or a header of so many bytes. */
export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }
  | {
      readonly kind: 'header';
      readonly bytes: number;
      /** The client; null where the load balancer speaks for itself, as it does to check health. */
      readonly client: { readonly address: string; readonly port: number } | null;
    };

const SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const FIXED_BYTES = 16;
/** Addresses and what a load balancer may tell beside them. */
const MAX_BYTES = 1024;
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const IPV4_BYTES = 12;
const IPV6_BYTES = 36;

/** Reads the header at the beginning of a connection. Bytes after it are not looked at. */
export function readProxyHeader(head: Buffer): ProxyHeader {
  const signature = head.subarray(0, SIGNATURE.length);
  if (!SIGNATURE.subarray(0, signature.length).equals(signature)) return { kind: 'malformed' };
  if (head.length < FIXED_BYTES) return { kind: 'incomplete' };
  const [command, family, length] = [head.readUInt8(12), head.readUInt8(13), head.readUInt16BE(14)];
  const bytes = FIXED_BYTES + length;
  if ((command !== LOCAL && command !== PROXY) || bytes > MAX_BYTES) return { kind: 'malformed' };
  if (head.length < bytes) return { kind: 'incomplete' };
  if (command === LOCAL) return { kind: 'header', bytes, client: null };
  const client = clientOf(family, head.subarray(FIXED_BYTES, bytes));
  return client === null ? { kind: 'malformed' } : { kind: 'header', bytes, client };
}

function clientOf(family: number, block: Buffer): { readonly address: string; readonly port: number } | null {
  if (family === TCP_OVER_IPV4 && block.length >= IPV4_BYTES) {
    return { address: block.subarray(0, 4).join('.'), port: block.readUInt16BE(8) };
  }
  if (family === TCP_OVER_IPV6 && block.length >= IPV6_BYTES) {
    const groups = Array.from({ length: 8 }, (_, index) => block.readUInt16BE(2 * index).toString(16));
    const address = groups.join(':');
    return isIP(address) === 6 ? { address, port: block.readUInt16BE(32) } : null;
  }
  return null;
}
