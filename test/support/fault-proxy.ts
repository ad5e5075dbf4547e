import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Where a proxy leads to: a port of loopback, or a unix socket. */
export type ProxyTarget = { readonly port: number; readonly localAddress?: string } | { readonly path: string };

/** How bytes pass. */
export interface ProxyWeather {
  /** Each chunk is held back so long, in milliseconds; the order stays. */
  readonly latencyMs: number;
  /** Up to so much more, differently for each chunk, in milliseconds. */
  readonly jitterMs: number;
  /** Of each chunk, the probability that it ends its connection by a reset. */
  readonly resetRate: number;
}

export const FINE_WEATHER: ProxyWeather = { latencyMs: 0, jitterMs: 0, resetRate: 0 };

/** A hop between two parts of a system that a test can slow down, block and break, as a network does. */
export class FaultProxy {
  weather = FINE_WEATHER;
  /** Where new connections lead to. */
  target: ProxyTarget;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #random: () => number;
  #isStalled = false;
  #isRefusing = false;
  #connections = 0;
  #resets = 0;

  static async start(target: ProxyTarget, random: () => number = Math.random): Promise<FaultProxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, target, random);
  }

  private constructor(server: Server, target: ProxyTarget, random: () => number) {
    this.#server = server;
    this.#random = random;
    this.target = target;
    server.on('connection', (near) => this.#accept(near));
  }

  /** Where others connect to. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return address.port;
  }

  /** How many connections were tried. */
  get connections(): number {
    return this.#connections;
  }

  /** How many connections the weather has reset. */
  get resets(): number {
    return this.#resets;
  }

  /** Nothing passes any more, on old connections and on new ones, and nobody is told. */
  stall(): void {
    this.#isStalled = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Breaks every connection, and every new one at once. */
  cut(): void {
    this.#isRefusing = true;
    this.breakAll();
  }

  /** Breaks every connection; new ones are let through. */
  breakAll(): void {
    // The other side follows; only TCP knows of resets.
    for (const [near] of this.#pairs) near.resetAndDestroy();
  }

  /** Everything passes again. */
  mend(): void {
    this.#isRefusing = false;
    this.#isStalled = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #accept(near: Socket): void {
    this.#connections += 1;
    if (this.#isRefusing) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ ...('port' in this.target ? { host: '127.0.0.1' } : {}), noDelay: true, ...this.target });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      // Broken connections are what this is for.
      from.on('error', () => undefined);
      from.on('close', () => {
        if (to.destroyed) this.#pairs.delete(pair);
      });
      this.#carry(from, to, near);
    }
    if (this.#isStalled) for (const socket of pair) socket.pause();
  }

  #carry(from: Socket, to: Socket, near: Socket): void {
    const way = new Way(to);
    from.on('data', (chunk: Buffer) => {
      const { latencyMs, jitterMs, resetRate } = this.weather;
      if (resetRate > 0 && this.#random() < resetRate) {
        this.#resets += 1;
        near.resetAndDestroy();
        return;
      }
      way.after(latencyMs + jitterMs * this.#random(), () => to.write(chunk));
    });
    from.on('end', () => way.after(0, () => to.end()));
    // What somebody has sent is on its way, whatever becomes of them.
    from.on('close', () => way.after(0, () => to.destroy()));
  }
}

/** What goes in one direction: in the order in which it came, however long each part is held back. */
class Way {
  readonly #to: Socket;
  readonly #waiting: { readonly dueAtMs: number; readonly act: () => void }[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(to: Socket) {
    this.#to = to;
    to.on('close', () => {
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#waiting.length = 0;
    });
  }

  after(delayMs: number, act: () => void): void {
    if (this.#to.destroyed) return;
    this.#waiting.push({ dueAtMs: performance.now() + delayMs, act });
    if (this.#timer === null) this.#pass();
  }

  /** One timer at a time: two that are due in the same millisecond may come in either order. */
  #pass(): void {
    this.#timer = null;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const remainingMs = next.dueAtMs - performance.now();
      if (remainingMs > 0) {
        this.#timer = setTimeout(() => this.#pass(), Math.ceil(remainingMs));
        return;
      }
      this.#waiting.shift();
      next.act();
    }
  }
}
