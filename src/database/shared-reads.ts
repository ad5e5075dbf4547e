interface Reading<Result> {
  /** Fulfilled once the read is over, whatever came of it. */
  readonly ended: Promise<void>;
  /** What everybody gets who asks while it goes on. */
  next?: Promise<Result>;
}

/**
 * Lets those who ask for the same thing at the same time share one read. It begins after all of them have asked: whoever
 * asks while one goes on gets the next. What they get is the same object, which nobody may change.
 */
export class SharedReads<Result> {
  readonly #readings = new Map<string, Reading<Result>>();

  /** `key` tells apart what can have different results. */
  run(key: string, read: () => Promise<Result>): Promise<Result> {
    const reading = this.#readings.get(key);
    if (reading === undefined) return this.#begin(key, read);
    reading.next ??= reading.ended.then(() => this.#begin(key, read));
    return reading.next;
  }

  #begin(key: string, read: () => Promise<Result>): Promise<Result> {
    const result = read();
    const reading: Reading<Result> = { ended: settled(result) };
    this.#readings.set(key, reading);
    void reading.ended.then(() => {
      if (reading.next === undefined) this.#readings.delete(key);
    });
    return result;
  }
}

async function settled(result: Promise<unknown>): Promise<void> {
  await Promise.allSettled([result]);
}
