import { AppError, type ErrorCode } from '../errors.js';
import type { LeaveReason } from '../events/domain-event.js';
import type { SessionId } from '../ids.js';
import { type Door, systemContext, type UserActor } from '../request-context.js';
import type { Session } from '../sessions/session.js';
import type { SessionService } from '../sessions/session.service.js';
import type { ControlClient } from './control-events.js';
import { endOfSession } from './refusal.js';
import type { RelayFeed } from './relay-feed.js';
import { ResumeTokens } from './resume-tokens.js';
import { SessionRates } from './session-rates.js';

/** The connection of a client that has a session. */
export interface VoiceConnection extends ControlClient {
  /** Sends a voice packet, or drops it where it would come too late. */
  sendVoice(packet: Uint8Array): void;
  /** Says why, and ends the connection. */
  end(code: ErrorCode, message: string, reason: LeaveReason): void;
}

/** A session, and all that goes with it from one connection to the next. */
export interface LiveSession {
  /** As it was when it was opened. */
  readonly session: Session;
  /** Who opened it. */
  readonly actor: UserActor;
  readonly rates: SessionRates;
  /** True where its client goes to another node when it is asked to. */
  readonly followsRedirects: boolean;
}

/** A session whose client can be asked to go on at another node. */
export interface MovableSession {
  readonly id: SessionId;
  readonly actor: UserActor;
  readonly connection: VoiceConnection;
}

export interface LiveSessionsOptions {
  readonly sessions: SessionService;
  readonly feed: RelayFeed;
  /** How long a session waits for its client, in milliseconds; 0 where it does not wait. */
  readonly resumeTimeoutMs: number;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Is told what could not be done for a session that has ended. */
  readonly onError: (error: unknown) => void;
}

interface Seat extends LiveSession {
  /** Null while the session waits for its client to come back. */
  connection: VoiceConnection | null;
  timer: NodeJS.Timeout | undefined;
}

/**
 * The sessions and the connections that serve them. A session whose connection is lost waits for its client, and goes
 * on meanwhile as if nothing had happened: it stays in its channels, and voice by UDP comes and goes. It can be ended,
 * moved and muted as every other. Its client comes back with a token that only it has, also where the lost connection
 * still seems to stand here.
 */
export class LiveSessions {
  readonly #options: LiveSessionsOptions;
  readonly #tokens: ResumeTokens;
  readonly #seats = new Map<number, Seat>();
  #waiting = 0;

  constructor(options: LiveSessionsOptions) {
    const { randomBytes, resumeTimeoutMs } = options;
    this.#options = options;
    this.#tokens = new ResumeTokens({ randomBytes, keepMs: resumeTimeoutMs });
  }

  /** How many sessions have a connection. */
  get connected(): number {
    return this.#seats.size - this.#waiting;
  }

  /** How many of them through this door. */
  connectedBy(door: Door): number {
    return [...this.#seats.values()].filter(({ session, connection }) => connection !== null && session.door === door)
      .length;
  }

  /** How many sessions wait for their client. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The connection of a session, where it has one. */
  connectionOf(id: SessionId): VoiceConnection | undefined {
    return this.#seats.get(id)?.connection ?? undefined;
  }

  /** The sessions whose clients are here and go where they are sent. */
  movable(): readonly MovableSession[] {
    return [...this.#seats.values()].flatMap(({ session: { id }, actor, connection, followsRedirects }) =>
      followsRedirects && connection !== null ? [{ id, actor, connection }] : [],
    );
  }

  /** A new session, served by this connection. */
  open(
    session: Session,
    { actor, followsRedirects }: Pick<LiveSession, 'actor' | 'followsRedirects'>,
    connection: VoiceConnection,
  ): LiveSession {
    const rates = new SessionRates(this.#options.nowMs());
    const seat: Seat = { session, actor, followsRedirects, rates, connection, timer: undefined };
    this.#seats.set(session.id, seat);
    return seat;
  }

  /** The token by which the session can be resumed from now on; empty where no session waits. */
  issueToken(id: SessionId): Uint8Array {
    return this.#options.resumeTimeoutMs === 0 ? new Uint8Array(0) : this.#tokens.issue(id);
  }

  /** A client comes back over this connection; a former one is ended. Throws why the session has ended, or UNAUTHENTICATED. */
  resume(id: number, token: Uint8Array, connection: VoiceConnection): LiveSession {
    const redemption = this.#tokens.redeem(id as SessionId, token, this.#options.nowMs());
    const seat = this.#seats.get(id);
    if (redemption !== 'granted' || seat === undefined) {
      const why = typeof redemption === 'object' ? endOfSession(redemption.endedBy) : null;
      throw why ?? new AppError('UNAUTHENTICATED', 'This session cannot be resumed: log in again.');
    }
    const former = seat.connection;
    this.#stopWaiting(seat);
    seat.connection = connection;
    former?.end('REPLACED', 'The session goes on over another connection.', 'disconnected');
    return seat;
  }

  /** This connection is lost: the session waits for its client, and ends for `reason` where nobody comes. */
  lose(id: SessionId, connection: VoiceConnection, reason: LeaveReason): void {
    const { resumeTimeoutMs, feed } = this.#options;
    const seat = this.#seats.get(id);
    if (seat?.connection !== connection) return;
    if (resumeTimeoutMs === 0) {
      this.#close(id, reason);
      return;
    }
    seat.connection = null;
    this.#waiting += 1;
    feed.pause(seat.session);
    seat.timer = setTimeout(() => this.#close(id, reason), resumeTimeoutMs);
  }

  /** This connection has ended for good, and with it the session that it serves. */
  leave(id: SessionId, connection: VoiceConnection, reason: LeaveReason): void {
    if (this.#seats.get(id)?.connection === connection) this.#close(id, reason);
  }

  /** The session has ended: its client is told why, and what a moderator said about it. */
  ended(id: SessionId, reason: LeaveReason, message: string): void {
    const seat = this.#seats.get(id);
    if (seat === undefined) return;
    this.#stopWaiting(seat);
    this.#seats.delete(id);
    this.#tokens.end(id, reason, this.#options.nowMs());
    const refusal = endOfSession(reason);
    const words = [refusal?.message ?? 'Your session has ended.', message].filter((part) => part !== '').join(' ');
    seat.connection?.end(refusal?.code ?? 'UNAUTHENTICATED', words, reason);
  }

  /** Ends the sessions that wait. */
  close(): void {
    for (const [id, { connection }] of this.#seats) {
      if (connection === null) this.#close(id as SessionId, 'shutting_down');
    }
  }

  #stopWaiting(seat: Seat): void {
    clearTimeout(seat.timer);
    seat.timer = undefined;
    if (seat.connection === null) this.#waiting -= 1;
  }

  #close(id: SessionId, reason: LeaveReason): void {
    this.#options.sessions.close(systemContext('voice-end'), id, reason).catch(this.#options.onError);
  }
}
