import type { Probe } from './voice-packet.js';

/** The way that voice takes: not known yet, UDP, or inside the control connection. */
export type PathMode = 'probing' | 'udp' | 'tunnel';

/** What is to be sent now. */
export interface DuePings {
  readonly udp: boolean;
  readonly tunnel: boolean;
}

const PING_INTERVAL_MS = 5000;
const UNANSWERED_PING_INTERVAL_MS = 1000;
/** How long pings may stay without an answer before voice goes through the tunnel. */
const NO_ANSWER_MS = 2000;
/** While voice passes, a way that is cut off must show within 2 s: so these hold then. */
const LIVELY_PING_INTERVAL_MS = 500;
const LIVELY_UNANSWERED_PING_INTERVAL_MS = 250;
const LIVELY_NO_ANSWER_MS = 1250;
/** Voice counts as passing for so long after a packet, in milliseconds. */
const LIVELY_FOR_MS = 1000;
const MAX_REMEMBERED_PINGS = 16;

/**
 * Decides by which way voice goes, and when to ping. UDP counts as open when the server has answered a ping that
 * echoed its path token: from then on it sends to this address. Pure: times are arguments, in milliseconds of a
 * steady clock.
 */
export class PathMonitor {
  #mode: PathMode = 'probing';
  #pathToken = 0n;
  #pingAtMs: number;
  #tunnelPingAtMs = Number.POSITIVE_INFINITY;
  #unansweredSinceMs: number | undefined;
  /** True where voice was passing when the first ping without an answer was sent. */
  #isUrgent = false;
  #livelyUntilMs = Number.NEGATIVE_INFINITY;
  #pongAtMs = Number.NEGATIVE_INFINITY;
  #roundTripMs: number | undefined;
  #newestTimestamp = 0n;
  /** The pings sent last, by timestamp. */
  readonly #sent = new Map<bigint, { readonly atMs: number; readonly pathToken: bigint }>();

  constructor(nowMs: number) {
    this.#pingAtMs = nowMs;
  }

  get mode(): PathMode {
    return this.#mode;
  }

  /** How long the newest answered ping took, in milliseconds. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** Moves time on: which pings to send now. */
  due(nowMs: number): DuePings {
    if (this.#mode !== 'tunnel' && nowMs >= this.#givesUpAtMs()) {
      this.#mode = 'tunnel';
      this.#tunnelPingAtMs = nowMs;
    }
    const due = { udp: nowMs >= this.#pingAtMs, tunnel: nowMs >= this.#tunnelPingAtMs };
    if (due.udp) {
      if (this.#unansweredSinceMs === undefined) {
        this.#unansweredSinceMs = nowMs;
        this.#isUrgent = nowMs < this.#livelyUntilMs;
      }
      const isHasty = this.#isUrgent && this.#mode !== 'tunnel';
      this.#pingAtMs = nowMs + (isHasty ? LIVELY_UNANSWERED_PING_INTERVAL_MS : UNANSWERED_PING_INTERVAL_MS);
    }
    if (due.tunnel) this.#tunnelPingAtMs = nowMs + PING_INTERVAL_MS;
    return due;
  }

  /** When `due` is to be asked next. */
  nextDueMs(): number {
    return Math.min(this.#pingAtMs, this.#tunnelPingAtMs, this.#mode === 'tunnel' ? Infinity : this.#givesUpAtMs());
  }

  /** Voice is sent or has come by UDP. */
  voicePassed(nowMs: number): void {
    if (this.#mode !== 'udp') return;
    this.#livelyUntilMs = nowMs + LIVELY_FOR_MS;
    if (this.#unansweredSinceMs !== undefined) return;
    this.#pingAtMs = Math.min(this.#pingAtMs, Math.max(nowMs, this.#pongAtMs + LIVELY_PING_INTERVAL_MS));
  }

  /** The body of a ping that is sent now: a timestamp of its own, and the newest path token. */
  nextPing(nowMs: number): Probe {
    const micros = BigInt(Math.floor(nowMs * 1000));
    this.#newestTimestamp = micros > this.#newestTimestamp ? micros : this.#newestTimestamp + 1n;
    const probe = { timestamp: this.#newestTimestamp, pathToken: this.#pathToken };
    this.#sent.set(probe.timestamp, { atMs: nowMs, pathToken: probe.pathToken });
    if (this.#sent.size > MAX_REMEMBERED_PINGS) {
      const oldest = this.#sent.keys().next();
      if (oldest.done !== true) this.#sent.delete(oldest.value);
    }
    return probe;
  }

  /** A pong of the server has come by UDP. */
  pongReceived(pong: Probe, nowMs: number): void {
    this.#unansweredSinceMs = undefined;
    this.#pongAtMs = nowMs;
    this.#pingAtMs = nowMs + (nowMs < this.#livelyUntilMs ? LIVELY_PING_INTERVAL_MS : PING_INTERVAL_MS);
    const asked = this.#sent.get(pong.timestamp);
    if (asked !== undefined) {
      this.#sent.delete(pong.timestamp);
      this.#roundTripMs = nowMs - asked.atMs;
      if (asked.pathToken !== 0n && asked.pathToken === pong.pathToken) {
        this.#mode = 'udp';
        this.#tunnelPingAtMs = Number.POSITIVE_INFINITY;
      }
    }
    if (pong.pathToken !== 0n && pong.pathToken !== this.#pathToken) {
      this.#pathToken = pong.pathToken;
      this.#pingAtMs = nowMs;
    }
  }

  #givesUpAtMs(): number {
    if (this.#unansweredSinceMs === undefined) return Number.POSITIVE_INFINITY;
    return this.#unansweredSinceMs + (this.#isUrgent ? LIVELY_NO_ANSWER_MS : NO_ANSWER_MS);
  }
}
