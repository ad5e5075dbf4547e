/** How voice goes from and to a session: what the relay and the client have counted. */
import type { SessionId } from '../ids.js';

/** In one direction, since the session began. */
export interface VoiceFlow {
  /** Packets that were sent, as far as is known. */
  readonly expected: number;
  /** Of these, those that did not arrive. */
  readonly lost: number;
  /** In milliseconds, or null where nothing was measured. */
  readonly jitterMs: number | null;
}

export interface VoiceQuality {
  /** From the client to the server. */
  readonly up: VoiceFlow;
  /** From the server to the client, as the client tells it. */
  readonly down: VoiceFlow;
  /** As the client tells it, in milliseconds, or null. */
  readonly clientRoundTripMs: number | null;
  /** As the server has measured it, in milliseconds, or null. */
  readonly serverRoundTripMs: number | null;
}

/** Who knows how voice goes. */
export interface VoiceQualitySource {
  /** Of these sessions, those that have sent voice or pings. None of them while the relay is away. */
  qualitiesOf(sessionIds: readonly SessionId[]): Promise<ReadonlyMap<SessionId, VoiceQuality>>;
}
