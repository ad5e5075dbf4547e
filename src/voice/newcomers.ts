import { isIPv6 } from 'node:net';

/** Why a newcomer is sent away: it took too long, or too many came after it. */
export type SendOff = 'late' | 'crowded';

export interface NewcomerLimits {
  /** How many may be here, from everywhere. */
  readonly maxTotal: number;
  /** How many of them from one network. */
  readonly maxPerNetwork: number;
}

interface Newcomer {
  readonly network: string;
  readonly sendOff: (why: SendOff) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connections on their way to a login, at one step of it: a bounded number for a bounded time. Where there are too many
 * the oldest has to go, because whoever means it has taken the step by then.
 */
export class Newcomers {
  readonly #limits: NewcomerLimits;
  /** In the order of arrival. */
  readonly #waiting = new Map<object, Newcomer>();
  readonly #perNetwork = new Map<string, number>();

  constructor(limits: NewcomerLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Takes a connection in for `timeoutMs`, under any object that stands for it. `sendOff` is called once, unless it is removed before. */
  add(connection: object, network: string, timeoutMs: number, sendOff: (why: SendOff) => void): void {
    const timer = setTimeout(() => this.#sendOff(connection, 'late'), timeoutMs);
    this.#waiting.set(connection, { network, sendOff, timer });
    const count = (this.#perNetwork.get(network) ?? 0) + 1;
    this.#perNetwork.set(network, count);
    if (count > this.#limits.maxPerNetwork) this.#sendOffOldest((newcomer) => newcomer.network === network);
    if (this.#waiting.size > this.#limits.maxTotal) this.#sendOffOldest(() => true);
  }

  /** The connection has taken the step, or is gone. */
  remove(connection: object): void {
    const newcomer = this.#waiting.get(connection);
    if (newcomer === undefined) return;
    clearTimeout(newcomer.timer);
    this.#waiting.delete(connection);
    const count = (this.#perNetwork.get(newcomer.network) ?? 1) - 1;
    if (count === 0) this.#perNetwork.delete(newcomer.network);
    else this.#perNetwork.set(newcomer.network, count);
  }

  #sendOffOldest(concerns: (newcomer: Newcomer) => boolean): void {
    for (const [connection, newcomer] of this.#waiting) {
      if (!concerns(newcomer)) continue;
      this.#sendOff(connection, 'crowded');
      return;
    }
  }

  #sendOff(connection: object, why: SendOff): void {
    const newcomer = this.#waiting.get(connection);
    this.remove(connection);
    newcomer?.sendOff(why);
  }
}

/** The network that stands for whoever has this address. One household or server has at least an IPv6 network of 64 bits, so its addresses count as one. */
export function networkOf(address: string): string {
  const unmapped = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(unmapped)) return unmapped;
  const [head = '', tail] = (unmapped.split('%')[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
