import type { ChannelId } from '../ids.js';

/**
 * How many may be in each channel: as many as fit in. A capacity that was lowered puts nobody out, so those who were
 * there then are allowed too; once they have left, their places are gone.
 */
export class ChannelAllowances {
  readonly #allowances = new Map<ChannelId, number>();
  /** Channels whose capacity may be another one than at the last look. */
  readonly #changed = new Set<ChannelId>();

  /** Somebody has changed the channel. */
  changed(id: ChannelId): void {
    this.#changed.add(id);
  }

  /** The channel is gone. */
  forget(id: ChannelId): void {
    this.#allowances.delete(id);
    this.#changed.delete(id);
  }

  /** True where more are in the channel than may be. `isFirst` where nobody has watched before what came about. */
  isPassed(id: ChannelId, members: number, capacity: number, isFirst: boolean): boolean {
    const mayHaveBeen = isFirst || this.#changed.delete(id) ? members : (this.#allowances.get(id) ?? 0);
    const allowance = Math.max(capacity, Math.min(mayHaveBeen, members));
    if (allowance > capacity) this.#allowances.set(id, allowance);
    else this.#allowances.delete(id);
    return members > allowance;
  }
}
