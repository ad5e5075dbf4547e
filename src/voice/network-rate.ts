import { TokenBucket } from '../relay/rate-limit.js';

export interface NetworkRateOptions {
  /** What one network may make the server do per second, and at once. */
  readonly perSecond: number;
  readonly burst: number;
  /** How many networks are remembered; beyond it the one that was idle longest is forgotten. */
  readonly maxNetworks: number;
}

/** Bounds how much each network makes the server compute before anybody has said who they are. Pure: times are of one monotonic clock, in milliseconds. */
export class NetworkRate {
  readonly #options: NetworkRateOptions;
  /** Those heard last at the end. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: NetworkRateOptions) {
    this.#options = options;
  }

  /** How many networks are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one piece of work for the network. Returns false where it is one too many. */
  take(network: string, nowMs: number): boolean {
    const { perSecond, burst } = this.#options;
    const bucket = this.#buckets.get(network) ?? new TokenBucket(perSecond, nowMs, burst);
    this.#buckets.delete(network);
    this.#makeRoom();
    this.#buckets.set(network, bucket);
    if (!bucket.has(1, nowMs)) return false;
    bucket.take(1);
    return true;
  }

  #makeRoom(): void {
    if (this.#buckets.size < this.#options.maxNetworks) return;
    const idlest = this.#buckets.keys().next();
    if (idlest.done !== true) this.#buckets.delete(idlest.value);
  }
}
