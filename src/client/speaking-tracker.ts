/** Without a packet for so long, in milliseconds, somebody no longer speaks: the end of talk was lost. */
const QUIET_MS = 1000;

/** Knows who speaks now, from the packets that come. Pure: times are arguments, in milliseconds of any steady clock. */
export class SpeakingTracker {
  readonly #heardAtMs = new Map<number, number>();

  /** A packet of a session came. Returns true when the session has begun to speak with it. */
  heard(sessionId: number, nowMs: number): boolean {
    const begins = !this.#heardAtMs.has(sessionId);
    this.#heardAtMs.set(sessionId, nowMs);
    return begins;
  }

  /** A session has ended its talk. Returns false when it was not speaking. */
  ended(sessionId: number): boolean {
    return this.#heardAtMs.delete(sessionId);
  }

  /** The sessions that have fallen silent without an end of talk. */
  fallenSilent(nowMs: number): number[] {
    const silent = [...this.#heardAtMs].filter(([, atMs]) => nowMs - atMs >= QUIET_MS).map(([sessionId]) => sessionId);
    for (const sessionId of silent) this.#heardAtMs.delete(sessionId);
    return silent;
  }
}
