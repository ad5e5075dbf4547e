import { AppError } from '../errors.js';
import { TokenBucket } from '../relay/rate-limit.js';

/** Joins of one session per second, after a first {@link JOIN_BURST}. Each costs the server some work. */
const JOINS_PER_SECOND = 5;
const JOIN_BURST = 32;
/** Texts of one session per second, after a first {@link TEXT_BURST}. Each costs all who are in a channel some patience. */
const TEXTS_PER_SECOND = 1;
const TEXT_BURST = 10;

/** Whisper targets that one session sets per second, after a first {@link WHISPER_BURST}. */
const WHISPERS_PER_SECOND = 5;
const WHISPER_BURST = 32;

/** What one session does as a moderator per second, after a first {@link MODERATION_BURST}. Each is written to the audit log. */
const MODERATIONS_PER_SECOND = 5;
const MODERATION_BURST = 32;

/** What one session may ask for in a time. It belongs to the session, so that a new connection is no new allowance. Times are of one monotonic clock, in milliseconds. */
export class SessionRates {
  readonly #joins: TokenBucket;
  readonly #texts: TokenBucket;
  readonly #whispers: TokenBucket;
  readonly #moderations: TokenBucket;

  constructor(nowMs: number) {
    this.#joins = new TokenBucket(JOINS_PER_SECOND, nowMs, JOIN_BURST);
    this.#texts = new TokenBucket(TEXTS_PER_SECOND, nowMs, TEXT_BURST);
    this.#whispers = new TokenBucket(WHISPERS_PER_SECOND, nowMs, WHISPER_BURST);
    this.#moderations = new TokenBucket(MODERATIONS_PER_SECOND, nowMs, MODERATION_BURST);
  }

  /** Throws RATE_LIMITED, with the time to wait. */
  takeJoin(nowMs: number): void {
    take(this.#joins, nowMs, JOINS_PER_SECOND, 'You join too many channels in a short time.');
  }

  /** Throws RATE_LIMITED, with the time to wait. */
  takeText(nowMs: number): void {
    take(this.#texts, nowMs, TEXTS_PER_SECOND, 'You write too much in a short time.');
  }

  /** Throws RATE_LIMITED, with the time to wait. */
  takeWhisperTarget(nowMs: number): void {
    take(this.#whispers, nowMs, WHISPERS_PER_SECOND, 'You set too many whisper targets in a short time.');
  }

  /** Throws RATE_LIMITED, with the time to wait. */
  takeModeration(nowMs: number): void {
    take(this.#moderations, nowMs, MODERATIONS_PER_SECOND, 'You moderate too much in a short time.');
  }
}

function take(bucket: TokenBucket, nowMs: number, perSecond: number, message: string): void {
  if (!bucket.has(1, nowMs)) throw new AppError('RATE_LIMITED', message, { retryAfterMs: 1000 / perSecond });
  bucket.take(1);
}
