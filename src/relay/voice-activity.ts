import { isWhisperTarget } from '../ids.js';
import type { Session } from './session.js';

/** How many talks are remembered between two readings; who talks beyond that is not told of. */
const MAX_TALKS = 4096;
const NUMBERS_PER_TALK = 2;

/** Remembers who has spoken into which channel since it was last read. Whispers are nobody's business. */
export class VoiceActivity {
  readonly #talks = new Uint32Array(NUMBERS_PER_TALK * MAX_TALKS);
  #length = 0;
  #round = 0;

  /** A voice packet of the session was forwarded to the target. Allocates nothing. */
  note(session: Session, target: number): void {
    if (session.activityRound === this.#round && session.activityTarget === target) return;
    if (this.#length === this.#talks.length || isWhisperTarget(target)) return;
    session.activityRound = this.#round;
    session.activityTarget = target;
    this.#talks[this.#length] = session.id;
    this.#talks[this.#length + 1] = target;
    this.#length += NUMBERS_PER_TALK;
  }

  /** Session and channel of each talk, one after the other; the same may be told more than once. Forgets them. */
  take(): Uint32Array {
    const talks = this.#talks.slice(0, this.#length);
    this.#length = 0;
    this.#round += 1;
    return talks;
  }
}
