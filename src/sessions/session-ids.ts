import { type SessionId, sessionId } from '../ids.js';

const MAX_SESSION_ID = 2 ** 32 - 1;

/** Who gives out the ids of sessions. */
export interface SessionIdSource {
  /** The next id that is not in use. Throws AppError UNAVAILABLE where there is none now. */
  next(isInUse: (id: SessionId) => boolean): SessionId;
}

/**
 * Gives out session ids, one after the other, around the 2^32 - 1 that there are.
 *
 * A session's id is part of the nonce of what it seals, so it must not be given again while a channel key lives that it
 * sealed under. Such a key lives as long as somebody is in the channel and nobody leaves it; the end of the session that
 * sealed is such a leaving, so the key is replaced within a second of it. A counter comes back to an id after all others
 * were given, which at a thousand logins a second takes seven weeks: the whole circle is the quarantine, and nothing has
 * to be remembered. Keys do not outlive the process, so the counter may begin anywhere; it begins at random so that ids
 * of before a restart are not those of after it.
 */
export class SessionIds implements SessionIdSource {
  #next: number;

  /** `start` is the first id: random, 1 to 2^32 - 1. Throws RangeError for any other. */
  constructor(start: number) {
    this.#next = sessionId(start);
  }

  /** The next id that is not in use. */
  next(isInUse: (id: SessionId) => boolean): SessionId {
    let id = this.#take();
    while (isInUse(id)) id = this.#take();
    return id;
  }

  #take(): SessionId {
    const id = sessionId(this.#next);
    this.#next = this.#next === MAX_SESSION_ID ? 1 : this.#next + 1;
    return id;
  }
}
