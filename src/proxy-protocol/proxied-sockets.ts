import { BlockList, isIP, type Socket } from 'node:net';
import { readProxyHeader } from './proxy-header.js';

/** Tells sockets that come from trusted load balancers for whom they are: from then on their `remoteAddress` is the client's. */
export class ProxiedSockets {
  readonly #trusted = new BlockList();
  /** The clients of open connections, by the address and port from which the load balancer has opened each. */
  readonly #clients = new Map<string, { readonly address: string; readonly port: number }>();

  /** `networks` are those that {@link parseNetworks} gives. */
  constructor(networks: readonly Network[]) {
    for (const { address, prefix, family } of networks) this.#trusted.addSubnet(address, prefix, family);
  }

  /**
   * Calls `onReady` when it is known for whom the socket is: at once, unless it comes from a load balancer, which has to
   * say so first. One that does not, or not in time, is closed. Nothing has been read of what follows.
   */
  accept(socket: Socket, timeoutMs: number, onReady: () => void): void {
    if (!this.#isTrusted(socket.remoteAddress)) {
      onReady();
      return;
    }
    const key = keyOf(socket);
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.once('close', () => {
      clearTimeout(timer);
      this.#clients.delete(key);
    });
    // Whoever goes away before saying anything is no concern of ours.
    socket.on('error', () => undefined);
    let head = Buffer.alloc(0);
    const onReadable = () => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      head = Buffer.concat([head, chunk]);
      const header = readProxyHeader(head);
      if (header.kind === 'incomplete') return;
      socket.off('readable', onReadable);
      clearTimeout(timer);
      if (header.kind === 'malformed') {
        socket.destroy();
        return;
      }
      const rest = head.subarray(header.bytes);
      if (rest.length > 0) socket.unshift(rest);
      if (header.client !== null) {
        this.#clients.set(key, header.client);
        rename(socket, header.client);
      }
      onReady();
    };
    socket.on('readable', onReadable);
  }

  /** A TLS socket is for whom the connection below it is. */
  adopt(socket: Socket): void {
    const client = this.#clients.get(keyOf(socket));
    if (client !== undefined) rename(socket, client);
  }

  #isTrusted(address: string | undefined): boolean {
    if (address === undefined) return false;
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').split('%')[0] ?? '';
    return this.#trusted.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
  }
}

/** A network of load balancers. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Reads addresses and networks in CIDR form, parted by commas. Returns undefined where one is neither. */
export function parseNetworks(text: string): readonly Network[] | undefined {
  const networks = text.split(',').map((part) => parseNetwork(part.trim()));
  return networks.every((network) => network !== undefined) ? networks : undefined;
}

function parseNetwork(text: string): Network | undefined {
  const [address = '', digits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const bits = version === 6 ? 128 : 32;
  const prefix = digits === undefined ? bits : /^\d{1,3}$/.test(digits) ? Number(digits) : Number.NaN;
  return prefix <= bits ? { address, prefix, family: version === 6 ? 'ipv6' : 'ipv4' } : undefined;
}

/** Everything that asks the socket where it comes from asks by these names. */
function rename(socket: Socket, { address, port }: { readonly address: string; readonly port: number }): void {
  Object.defineProperty(socket, 'remoteAddress', { value: address, configurable: true });
  Object.defineProperty(socket, 'remotePort', { value: port, configurable: true });
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
