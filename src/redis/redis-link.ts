import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import { messageOf } from '../thrown.js';

/** How long a command may take, in milliseconds: who waits for more than that waits for nothing. */
const COMMAND_TIMEOUT_MS = 2000;
const CONNECT_TIMEOUT_MS = 2000;
/** The longest pause between two attempts to connect, in milliseconds. */
const MAX_RETRY_MS = 1000;

const OPTIONS: RedisOptions = {
  lazyConnect: true,
  connectTimeout: CONNECT_TIMEOUT_MS,
  commandTimeout: COMMAND_TIMEOUT_MS,
  // What cannot be sent now fails now: a join that waits for Redis would keep a gamer waiting.
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  retryStrategy: (attempt) => Math.min(MAX_RETRY_MS, 50 * 2 ** Math.min(attempt, 10)),
};

/** The connections to Redis: they come back by themselves, and what is asked meanwhile fails at once. */
export class RedisLink {
  readonly commands: Redis;
  /** For what others publish; it can do nothing else. */
  readonly subscriber: Redis;
  #readyCount = 0;

  /** `url` is `redis://…`, `rediss://…`, or the path of a unix socket. Resolves when Redis has answered. Throws AppError UNAVAILABLE where it does not. */
  static async connect(url: string, logger: Logger): Promise<RedisLink> {
    const link = new RedisLink(url, logger);
    try {
      await Promise.all([link.commands.connect(), link.subscriber.connect()]);
      return link;
    } catch (error) {
      link.close();
      throw redisIsAway(error);
    }
  }

  private constructor(url: string, logger: Logger) {
    this.commands = new Redis(url, OPTIONS);
    // It waits for a subscription as long as it takes, and takes it up again by itself.
    this.subscriber = new Redis(url, { ...OPTIONS, autoResubscribe: true });
    tellOutages(this.commands, logger);
    this.commands.on('ready', () => {
      this.#readyCount += 1;
    });
    this.subscriber.on('error', () => undefined);
  }

  get isReady(): boolean {
    return this.commands.status === 'ready';
  }

  /** How often the connection was lost and came back. */
  get reconnects(): number {
    return Math.max(0, this.#readyCount - 1);
  }

  close(): void {
    this.commands.disconnect();
    this.subscriber.disconnect();
  }
}

/** The fault for whatever Redis or its client has thrown. */
export function redisIsAway(error: unknown): AppError {
  return new AppError('UNAVAILABLE', `Redis is not available: ${messageOf(error).replace(/\.$/, '')}.`, {
    cause: error,
  });
}

/** One line when it goes, one when it comes back, however often it is tried. */
function tellOutages(redis: Redis, logger: Logger): void {
  let isAway = false;
  redis.on('error', (err) => {
    if (!isAway) logger.warn({ err }, 'Redis is away: this node goes on alone');
    isAway = true;
  });
  redis.on('ready', () => {
    if (isAway) logger.info('Redis is back');
    isAway = false;
  });
}
