/** What has to be closed, in the reverse order of its opening. */
export class Closers {
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly #signal: AbortSignal;

  /** `signal` says that nothing more is to be opened. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Takes what has been opened. Throws the signal's reason where it should not have been; it is closed with the rest then. */
  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
    this.#signal.throwIfAborted();
  }

  /** Closes everything, also where one fails, and then throws the first failure. To close again does nothing. */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
