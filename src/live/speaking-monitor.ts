import type { EventBus } from '../events/event-bus.js';
import type { ChannelId, SessionId } from '../ids.js';
import type { Session } from '../sessions/session.js';

export interface SpeakingMonitorOptions {
  readonly events: EventBus;
  /** The session as it is now, or undefined where it has ended. */
  readonly sessionOf: (id: SessionId) => Session | undefined;
}

/** How often it is told who speaks, in milliseconds: with one change of each speaker, at most five in a second. */
export const SPEAKING_INTERVAL_MS = 200;
/** A talk ends after such a silence, in milliseconds: the pauses of a network are shorter. */
const SILENCE_MS = 400;

/** One session in one channel. */
interface Voice {
  heardAtMs: number;
  isTold: boolean;
}

/** Turns what the relay hears, some packets long, into beginnings and ends of talks. */
export class SpeakingMonitor {
  readonly #options: SpeakingMonitorOptions;
  readonly #voices = new Map<SessionId, Map<ChannelId, Voice>>();

  constructor(options: SpeakingMonitorOptions) {
    this.#options = options;
  }

  /** The session has spoken into the channel. */
  heard(sessionId: SessionId, channelId: ChannelId, nowMs: number): void {
    const voices = this.#voices.get(sessionId) ?? new Map<ChannelId, Voice>();
    this.#voices.set(sessionId, voices);
    const voice = voices.get(channelId);
    if (voice === undefined) voices.set(channelId, { heardAtMs: nowMs, isTold: false });
    else voice.heardAtMs = nowMs;
  }

  /** Tells what has changed since the last call, of each session at most one thing. To be called every {@link SPEAKING_INTERVAL_MS}. */
  tell(nowMs: number): void {
    for (const [sessionId, voices] of this.#voices) {
      this.#tellOne(sessionId, voices, nowMs);
      if (voices.size === 0) this.#voices.delete(sessionId);
    }
  }

  #tellOne(sessionId: SessionId, voices: Map<ChannelId, Voice>, nowMs: number): void {
    for (const [channelId, voice] of voices) {
      const isSpeaking = nowMs - voice.heardAtMs < SILENCE_MS;
      if (!isSpeaking) voices.delete(channelId);
      if (isSpeaking === voice.isTold) continue;
      voice.isTold = isSpeaking;
      this.#publish(sessionId, channelId, isSpeaking);
      return;
    }
  }

  #publish(sessionId: SessionId, channelId: ChannelId, isSpeaking: boolean): void {
    const session = this.#options.sessionOf(sessionId);
    if (session === undefined) return;
    const { organizationId, userId } = session;
    this.#options.events.publish({
      type: 'speaking_changed',
      organizationId,
      channelId,
      sessionId,
      userId,
      isSpeaking,
    });
  }
}
