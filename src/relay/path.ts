/** How long a session gets no unasked pong after a pong to an address that is not proven, in milliseconds. */
export const UNASKED_PONG_INTERVAL_MS = 100;

/** The way by which a session gets voice: none yet, its proven UDP address, or its control connection. */
export type PathKind = 'none' | 'udp' | 'tunnel';

/** An address that has been heard, and the token that proves it when it comes back from there. */
interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly token: bigint;
}

/** No token: an echo of it proves nothing. */
export const NO_PATH_TOKEN = 0n;

/**
 * Where a session is, and what it has yet to prove. Only packets that have verified are told to it.
 *
 * A new address is pending until the token that was sent there has come back from there; till then voice goes the old
 * way. The first packet in the tunnel says that UDP does not pass, so all tokens that were sent before it are void:
 * otherwise a client that can send by UDP and not receive would lose its voice with each probe that it sends.
 */
export class Path {
  #kind: PathKind = 'none';
  #proven: Endpoint | null = null;
  #pending: Endpoint | null = null;
  #pongAtMs = Number.NEGATIVE_INFINITY;

  get kind(): PathKind {
    return this.#kind;
  }

  isProven(address: string, port: number): boolean {
    return is(this.#proven, address, port);
  }

  /** The newest packet came from here. `randomToken` is asked where the address is a new one. */
  heardFrom(address: string, port: number, randomToken: () => bigint): void {
    if (this.isProven(address, port) || is(this.#pending, address, port)) return;
    // Zero means that there is no token, so the lowest bit is always set.
    this.#pending = { address, port, token: BigInt.asUintN(64, randomToken()) | 1n };
  }

  /** The newest packet came through the tunnel. Returns true where that is a change. */
  heardByTunnel(): boolean {
    if (this.#kind === 'tunnel') return false;
    this.#kind = 'tunnel';
    this.#proven = null;
    this.#forgetPending();
    return true;
  }

  /** A ping from here carried this token. Returns true where that proves the address. */
  prove(address: string, port: number, token: bigint): boolean {
    if (this.#pending === null || !is(this.#pending, address, port) || this.#pending.token !== token) return false;
    this.#proven = this.#pending;
    this.#kind = 'udp';
    this.#forgetPending();
    return true;
  }

  /** The token that a pong to here carries. */
  tokenFor(address: string, port: number): bigint {
    if (is(this.#pending, address, port)) return this.#pending?.token ?? NO_PATH_TOKEN;
    if (is(this.#proven, address, port)) return this.#proven?.token ?? NO_PATH_TOKEN;
    return NO_PATH_TOKEN;
  }

  /** True where an unasked pong to here is due. */
  owesPong(address: string, port: number, nowMs: number): boolean {
    return is(this.#pending, address, port) && nowMs - this.#pongAtMs >= UNASKED_PONG_INTERVAL_MS;
  }

  /** A pong was made for this address. */
  pongSent(address: string, port: number, nowMs: number): void {
    if (is(this.#pending, address, port)) this.#pongAtMs = nowMs;
  }

  #forgetPending(): void {
    this.#pending = null;
    this.#pongAtMs = Number.NEGATIVE_INFINITY;
  }
}

function is(endpoint: Endpoint | null, address: string, port: number): boolean {
  return endpoint !== null && endpoint.port === port && endpoint.address === address;
}
