/** How far behind the highest counter a packet may come, in packets. */
export const REPLAY_WINDOW_SIZE = 1024;

/** Remembers which packets of one sender have come, so that each is played once. Pure. */
export class ReplayWindow {
  #highest = 0;
  /** 1 at `counter % 1024` for each counter of the window that has been seen. */
  readonly #seen = new Uint8Array(REPLAY_WINDOW_SIZE);

  /** True for a counter that has not been seen and is not behind the window. Changes nothing: only a packet that verified may. */
  accepts(counter: number): boolean {
    if (counter < 1 || counter <= this.#highest - REPLAY_WINDOW_SIZE) return false;
    return counter > this.#highest || this.#seen[counter % REPLAY_WINDOW_SIZE] === 0;
  }

  /** Marks a counter that `accepts` has allowed as seen. */
  commit(counter: number): void {
    if (counter > this.#highest) {
      if (counter - this.#highest >= REPLAY_WINDOW_SIZE) this.#seen.fill(0);
      else for (let passed = this.#highest + 1; passed < counter; passed++) this.#seen[passed % REPLAY_WINDOW_SIZE] = 0;
      this.#highest = counter;
    }
    this.#seen[counter % REPLAY_WINDOW_SIZE] = 1;
  }
}
