import { randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import { type SessionId, sessionId } from '../ids.js';
import { TAKE_SESSION_IDS } from '../occupancy/redis-scripts.js';
import { type RedisLink, redisIsAway } from '../redis/redis-link.js';
import type { SessionIdSource } from '../sessions/session-ids.js';

/** Ids that a node takes at a time. */
const BLOCK_SIZE = 1024;
const BLOCK_COUNT = 2 ** 32 / BLOCK_SIZE;

export interface SessionIdBlocksOptions {
  readonly link: RedisLink;
  readonly logger: Logger;
}

/**
 * Gives out session ids that no other node gives out: each node takes blocks of them by one counter in Redis, around all
 * that there are, and always has one in reserve. As with {@link SessionIds} the whole circle is the quarantine of an id.
 * A counter that Redis has lost begins anew at random; an id that is in use all the same is refused when it is claimed.
 */
export class SessionIdBlocks implements SessionIdSource {
  readonly #options: SessionIdBlocksOptions;
  readonly #blocks: number[] = [];
  #next = 0;
  #isTaking = false;

  /** Resolves when there are ids. Throws AppError UNAVAILABLE. */
  static async start(options: SessionIdBlocksOptions): Promise<SessionIdBlocks> {
    const ids = new SessionIdBlocks(options);
    try {
      await ids.#take();
      return ids;
    } catch (error) {
      throw redisIsAway(error);
    }
  }

  private constructor(options: SessionIdBlocksOptions) {
    this.#options = options;
  }

  next(isInUse: (id: SessionId) => boolean): SessionId {
    for (;;) {
      const [block] = this.#blocks;
      if (this.#blocks.length < 2) this.#refill();
      if (block === undefined) throw new AppError('UNAVAILABLE', 'There are no session ids: Redis is not available.');
      const number = block * BLOCK_SIZE + this.#next;
      this.#next += 1;
      if (this.#next === BLOCK_SIZE) {
        this.#blocks.shift();
        this.#next = 0;
      }
      if (number === 0) continue;
      const id = sessionId(number);
      if (!isInUse(id)) return id;
    }
  }

  #refill(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    this.#take()
      .catch((err: unknown) => this.#options.logger.debug({ err }, 'no session ids in reserve'))
      .finally(() => {
        this.#isTaking = false;
      });
  }

  async #take(): Promise<void> {
    const number = await this.#options.link.commands.eval(TAKE_SESSION_IDS, 0, randomInt(0, BLOCK_COUNT));
    this.#blocks.push(Number(number) % BLOCK_COUNT);
  }
}
