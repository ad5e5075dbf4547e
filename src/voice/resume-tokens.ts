import { createHash, timingSafeEqual } from 'node:crypto';
import type { LeaveReason } from '../events/domain-event.js';
import type { SessionId } from '../ids.js';

/** Bytes of a token: nobody guesses it. */
const TOKEN_BYTES = 32;
/** How many sessions are remembered that have ended; beyond it the one that ended first is forgotten. */
const MAX_ENDED = 4096;

export interface ResumeTokensOptions {
  readonly randomBytes: (length: number) => Uint8Array;
  /** How long it is remembered why a session has ended, in milliseconds. */
  readonly keepMs: number;
}

/** What a token was worth: its session, or why that has ended; `void` where it is not the session's present one. */
export type Redemption = 'granted' | 'void' | { readonly endedBy: LeaveReason };

interface EndedSession {
  readonly digest: Uint8Array;
  readonly reason: LeaveReason;
  readonly untilMs: number;
}

/**
 * The tokens by which clients come back to their sessions after a broken connection: one for each session, good once.
 * Only digests are kept. Whoever comes back to a session that has ended is told why, so that nobody who was kicked logs
 * in again without knowing. Times are of one monotonic clock, in milliseconds.
 */
export class ResumeTokens {
  readonly #options: ResumeTokensOptions;
  readonly #digests = new Map<SessionId, Uint8Array>();
  /** In the order of their end. */
  readonly #ended = new Map<SessionId, EndedSession>();

  constructor(options: ResumeTokensOptions) {
    this.#options = options;
  }

  /** How many sessions are remembered, those that have ended too. */
  get size(): number {
    return this.#digests.size + this.#ended.size;
  }

  /** A new token for the session. The former one is void. */
  issue(id: SessionId): Uint8Array {
    const token = this.#options.randomBytes(TOKEN_BYTES);
    this.#digests.set(id, digestOf(token));
    return token;
  }

  /** Uses a token up. A wrong one changes nothing. */
  redeem(id: SessionId, token: Uint8Array, nowMs: number): Redemption {
    this.#forgetOld(nowMs);
    const digest = digestOf(token);
    if (isSame(this.#digests.get(id), digest)) {
      this.#digests.delete(id);
      return 'granted';
    }
    const ended = this.#ended.get(id);
    if (ended === undefined || !isSame(ended.digest, digest)) return 'void';
    this.#ended.delete(id);
    return { endedBy: ended.reason };
  }

  /** The session has ended. */
  end(id: SessionId, reason: LeaveReason, nowMs: number): void {
    this.#forgetOld(nowMs);
    const digest = this.#digests.get(id);
    if (digest === undefined) return;
    this.#digests.delete(id);
    this.#ended.set(id, { digest, reason, untilMs: nowMs + this.#options.keepMs });
    if (this.#ended.size > MAX_ENDED) this.#forgetFirst();
  }

  #forgetOld(nowMs: number): void {
    for (const [id, { untilMs }] of this.#ended) {
      if (nowMs < untilMs) return;
      this.#ended.delete(id);
    }
  }

  #forgetFirst(): void {
    const first = this.#ended.keys().next();
    if (first.done !== true) this.#ended.delete(first.value);
  }
}

function digestOf(token: Uint8Array): Uint8Array {
  return createHash('sha256').update(token).digest();
}

function isSame(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && timingSafeEqual(left, right);
}
