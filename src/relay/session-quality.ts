import { Jitter } from './jitter.js';

/** How voice goes in one direction, in packets since the session began. */
export interface FlowQuality {
  /** Packets that were sent, as far as the measure reaches. */
  readonly expected: number;
  /** Of these, those that did not arrive. */
  readonly lost: number;
  /** In milliseconds, or null where nothing was measured. */
  readonly jitterMs: number | null;
}

/** How voice goes between a client and the relay. */
export interface SessionQualitySummary {
  /** From the client to the relay. */
  readonly up: FlowQuality;
  /** From the relay to the client, as far as the client has told. */
  readonly down: FlowQuality;
  /** As the client has measured it, in milliseconds, or null. */
  readonly clientRoundTripMs: number | null;
  /** As the relay has measured it, in milliseconds, or null. */
  readonly serverRoundTripMs: number | null;
}

/** What a client says that it has received. It is shown, and nothing is decided by it. */
export interface QualityReport {
  /** The counter of a pong, the newest that came. */
  readonly pongCounter: number;
  /** How long ago it came, in milliseconds. */
  readonly pongAgeMs: number;
  /** Packets that had come by then, this pong too, each once. */
  readonly received: number;
  /** In milliseconds, or null. */
  readonly jitterMs: number | null;
  readonly roundTripMs: number | null;
}

/** A counter that leaves out more than this is no loss: the client has begun to count elsewhere (`MAX_DROPOUT` of RFC 3550, A.1). */
export const MAX_COUNTER_GAP = 3000;
/** How many pongs a report may be behind. */
const REMEMBERED_PONGS = 8;
/** A longer way than this is not believed, in milliseconds. */
const MAX_ROUND_TRIP_MS = 60_000;

/**
 * What is known of the way of one session's voice. Upwards loss comes from the packets' counters (RFC 3550, A.3) and
 * jitter from the clock that the client's pings carry. Downwards the client says how many packets it had when a pong
 * came, and here is remembered how many were sent by then: so nothing that is on its way passes for lost.
 * Only reports and summaries allocate. Times are of one monotonic clock, in milliseconds.
 */
export class SessionQuality {
  readonly #jitter = new Jitter();
  readonly #pongCounters = new Float64Array(REMEMBERED_PONGS);
  readonly #pongsSentAtMs = new Float64Array(REMEMBERED_PONGS);
  readonly #sentByPong = new Float64Array(REMEMBERED_PONGS);
  #nextPong = 0;
  #first = 0;
  #highest = 0;
  #skipped = 0;
  #received = 0;
  #isByTunnel = false;
  /** What the client had received of relays before this one; null before the first report. */
  #receivedBefore: number | null = null;
  #sentDown = 0;
  #lostDown = 0;
  #downJitterMs: number | null = null;
  #clientRoundTripMs: number | null = null;
  #serverRoundTripMs: number | null = null;

  /** A packet with this counter has verified. */
  packetReceived(counter: number): void {
    if (this.#received === 0) {
      this.#first = counter;
      this.#highest = counter;
    } else if (counter > this.#highest) {
      const gap = counter - this.#highest - 1;
      if (gap > MAX_COUNTER_GAP) this.#skipped += gap;
      this.#highest = counter;
    } else if (counter < this.#first) {
      this.#first = counter;
    }
    this.#received += 1;
  }

  /** A ping has come, which was sent when the client's clock was at `sentAtMs`. The two ways take different times, so that a change of the way is no jitter. */
  pingReceived(sentAtMs: number, isByTunnel: boolean, nowMs: number): void {
    if (isByTunnel !== this.#isByTunnel) this.#jitter.interrupt();
    this.#isByTunnel = isByTunnel;
    this.#jitter.add(sentAtMs, nowMs);
  }

  /** A pong was sent; `sent` packets have gone to the client since it came, this one too. */
  pongSent(counter: number, sent: number, nowMs: number): void {
    this.#pongCounters[this.#nextPong] = counter;
    this.#sentByPong[this.#nextPong] = sent;
    this.#pongsSentAtMs[this.#nextPong] = nowMs;
    this.#nextPong = (this.#nextPong + 1) % REMEMBERED_PONGS;
  }

  /** Takes what the client says. Of a pong that is not remembered, or was never sent, only what the client has measured alone is taken. */
  takeReport({ pongCounter, pongAgeMs, received, jitterMs, roundTripMs }: QualityReport, nowMs: number): void {
    this.#downJitterMs = jitterMs;
    this.#clientRoundTripMs = roundTripMs;
    const index = pongCounter === 0 ? -1 : this.#pongCounters.lastIndexOf(pongCounter);
    const sent = this.#sentByPong[index];
    const sentAtMs = this.#pongsSentAtMs[index];
    if (sent === undefined || sentAtMs === undefined) return;
    this.#receivedBefore ??= Math.max(0, received - sent);
    this.#sentDown = sent;
    this.#lostDown = Math.min(sent, Math.max(0, sent - (received - this.#receivedBefore)));
    const roundTrip = nowMs - sentAtMs - pongAgeMs;
    if (roundTrip >= 0 && roundTrip <= MAX_ROUND_TRIP_MS) this.#serverRoundTripMs = roundTrip;
  }

  /** Null where no packet has come yet. */
  summary(): SessionQualitySummary | null {
    if (this.#received === 0) return null;
    const expected = this.#highest - this.#first + 1 - this.#skipped;
    return {
      up: { expected, lost: Math.max(0, expected - this.#received), jitterMs: this.#jitter.valueMs },
      down: { expected: this.#sentDown, lost: this.#lostDown, jitterMs: this.#downJitterMs },
      clientRoundTripMs: this.#clientRoundTripMs,
      serverRoundTripMs: this.#serverRoundTripMs,
    };
  }
}
