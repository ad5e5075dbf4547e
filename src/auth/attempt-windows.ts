export interface AttemptWindowOptions {
  /** How many attempts a key has in one window. */
  readonly attempts: number;
  /** How long a window lasts from its first attempt on, in milliseconds. */
  readonly windowMs: number;
  /** How many keys are remembered; beyond it the one whose window began first is forgotten. */
  readonly maxKeys: number;
}

interface Window {
  count: number;
  readonly endsAtMs: number;
}

/** Counts attempts by key, each key in windows of its own. Pure: times are of one monotonic clock, in milliseconds. */
export class AttemptWindows {
  readonly #options: AttemptWindowOptions;
  /** In the order of their beginning, which is that of their end. */
  readonly #windows = new Map<string, Window>();

  constructor(options: AttemptWindowOptions) {
    this.#options = options;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#windows.size;
  }

  /** Takes an attempt. Returns 0 where it was granted, otherwise how long to wait for the next, in milliseconds; a refused one does not count. */
  take(key: string, nowMs: number): number {
    this.#forgetEnded(nowMs);
    const window = this.#windows.get(key) ?? this.#begin(key, nowMs);
    if (window.count >= this.#options.attempts) return window.endsAtMs - nowMs;
    window.count += 1;
    return 0;
  }

  /** The attempt does not count. A key without any is forgotten. */
  giveBack(key: string): void {
    const window = this.#windows.get(key);
    if (window === undefined) return;
    window.count -= 1;
    if (window.count <= 0) this.#windows.delete(key);
  }

  #begin(key: string, nowMs: number): Window {
    const { windowMs, maxKeys } = this.#options;
    if (this.#windows.size >= maxKeys) this.#forgetOldest();
    const window = { count: 0, endsAtMs: nowMs + windowMs };
    this.#windows.set(key, window);
    return window;
  }

  #forgetEnded(nowMs: number): void {
    for (const [key, { endsAtMs }] of this.#windows) {
      if (endsAtMs > nowMs) return;
      this.#windows.delete(key);
    }
  }

  #forgetOldest(): void {
    const oldest = this.#windows.keys().next();
    if (oldest.done !== true) this.#windows.delete(oldest.value);
  }
}
