import type { SessionId } from '../ids.js';

/** The database's clock and ours may be apart by so much over the life of a timer, in milliseconds: it looks again a little later. */
const GRACE_MS = 50;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Tells when the API keys are over by which sessions were opened, so that nobody has to look all the time. */
export class KeyExpiry {
  readonly #onOver: (sessionId: SessionId) => void;
  readonly #timers = new Map<SessionId, NodeJS.Timeout>();

  /** `onOver` is called once for each session that is watched, a moment after its key is over. */
  constructor(onOver: (sessionId: SessionId) => void) {
    this.#onOver = onOver;
  }

  /** The key of this session is good for so long from now. */
  watch(sessionId: SessionId, leftMs: number): void {
    const waitMs = Math.min(MAX_TIMER_MS, Math.max(0, leftMs) + GRACE_MS);
    const timer = setTimeout(() => {
      this.#timers.delete(sessionId);
      if (waitMs === MAX_TIMER_MS) this.watch(sessionId, leftMs - waitMs);
      else this.#onOver(sessionId);
    }, waitMs);
    this.#timers.set(sessionId, timer);
  }

  /** The session has ended. */
  forget(sessionId: SessionId): void {
    clearTimeout(this.#timers.get(sessionId));
    this.#timers.delete(sessionId);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
