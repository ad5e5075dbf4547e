import type { VoiceQuality as QualityMessage } from '../protocol/generated/control_pb.js';
import { type VoiceQuality, voiceQuality } from './voice-quality.js';

/** Most speakers whose last packet is remembered; beyond them the one heard first is forgotten. */
const MAX_SPEAKERS = 4096;
const FRAME_MS = 10;
/** The share of a new measurement in the mean is one in so many (RFC 3550, 6.4.1). */
const JITTER_GAIN = 16;
/** A way that has become longer or shorter by more was not the network's doing: the speaker has begun to count anew. */
const MAX_CHANGE_MS = 1000;
const MAX_US = 60_000_000;
const MAX_UINT32 = 2 ** 32 - 1;

/** What a client tells of the voice that it has received. */
export interface VoiceReportFields {
  readonly pongCounter: bigint;
  readonly pongAgeUs: number;
  readonly packetsReceived: bigint;
  readonly jitterUs: number;
  readonly roundTripUs: number;
}

/** Counts what a session receives, for its reports. Pure: times are arguments, in milliseconds of any steady clock. */
export class VoiceMeter {
  readonly #transits = new Map<number, number>();
  readonly #voiceBefore: number;
  #told: QualityMessage | undefined;
  #pongs = 0;
  /** Of the voice that is heard (RFC 3550, 6.4.1); undefined before the second packet of a speaker. */
  #jitterMs: number | undefined;
  #pong: { readonly counter: number; readonly atMs: number; readonly received: number } | undefined;

  /** `voiceBefore` is what had come of voice before the session began, in packets. */
  constructor(voiceBefore = 0) {
    this.#voiceBefore = voiceBefore;
  }

  /** How voice goes; undefined before the server has said anything. `roundTripMs` is by UDP. */
  quality(roundTripMs: number | undefined): VoiceQuality | undefined {
    return this.#told && voiceQuality(this.#told, { jitterDownMs: this.#jitterMs, roundTripMs });
  }

  /** The server says how voice goes. */
  told(quality: QualityMessage): void {
    this.#told = quality;
  }

  /** A voice packet was opened that came just now: where it stands in what its speaker says. */
  voiceOpened(speakerId: number, frameNumber: number, nowMs: number): void {
    const transitMs = nowMs - frameNumber * FRAME_MS;
    const formerMs = this.#transits.get(speakerId);
    this.#remember(speakerId, transitMs);
    if (formerMs === undefined || Math.abs(transitMs - formerMs) > MAX_CHANGE_MS) return;
    const changeMs = Math.abs(transitMs - formerMs);
    this.#jitterMs = (this.#jitterMs ?? 0) + (changeMs - (this.#jitterMs ?? 0)) / JITTER_GAIN;
  }

  /** A pong of the server has come, and `voice` packets in all before it. */
  pongReceived(counter: number, voice: number, nowMs: number): void {
    this.#pongs += 1;
    if (counter <= (this.#pong?.counter ?? 0)) return;
    this.#pong = { counter, atMs: nowMs, received: voice - this.#voiceBefore + this.#pongs };
  }

  /** What is to be told now. */
  report(nowMs: number, roundTripMs: number | undefined): VoiceReportFields {
    const { counter = 0, atMs = nowMs, received = 0 } = this.#pong ?? {};
    return {
      pongCounter: BigInt(counter),
      pongAgeUs: Math.min(MAX_UINT32, Math.round((nowMs - atMs) * 1000)),
      packetsReceived: BigInt(received),
      jitterUs: microseconds(this.#jitterMs),
      roundTripUs: microseconds(roundTripMs),
    };
  }

  #remember(speakerId: number, transitMs: number): void {
    if (!this.#transits.has(speakerId) && this.#transits.size === MAX_SPEAKERS) {
      const oldest = this.#transits.keys().next();
      if (oldest.done !== true) this.#transits.delete(oldest.value);
    }
    this.#transits.set(speakerId, transitMs);
  }
}

/** 0 says that nothing is known, so that what is known is 1 at least. */
function microseconds(valueMs: number | undefined): number {
  return valueMs === undefined ? 0 : Math.min(MAX_US, Math.max(1, Math.round(valueMs * 1000)));
}
