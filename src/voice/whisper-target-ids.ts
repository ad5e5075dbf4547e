import { type WhisperTargetId, whisperTargetId } from '../ids.js';

const FIRST_ID = 2 ** 31;
const ID_COUNT = 2 ** 31;

/**
 * Gives out the ids of whisper targets of the whole server, one after the other, around the 2^31 that there are. A target
 * that is gone is not soon followed by another one with its id, so that a packet which comes late finds nobody.
 */
export class WhisperTargetIds {
  readonly #inUse = new Set<WhisperTargetId>();
  #next: number;

  /** `start` is any integer from 0: random, so that ids of before a restart are not those of after it. */
  constructor(start: number) {
    this.#next = start % ID_COUNT;
  }

  take(): WhisperTargetId {
    let id = this.#step();
    while (this.#inUse.has(id)) id = this.#step();
    this.#inUse.add(id);
    return id;
  }

  /** The target is gone. */
  release(id: WhisperTargetId): void {
    this.#inUse.delete(id);
  }

  #step(): WhisperTargetId {
    const id = whisperTargetId(FIRST_ID + this.#next);
    this.#next = (this.#next + 1) % ID_COUNT;
    return id;
  }
}
