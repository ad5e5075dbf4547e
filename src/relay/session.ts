import type { OrganizationId, SessionId } from '../ids.js';
import { Path } from './path.js';
import { MAX_PINGS_PER_SECOND, TokenBucket, VoiceRate } from './rate-limit.js';
import type { SessionUpdate } from './relay-update.js';
import { ReplayWindow } from './replay-window.js';
import { SessionQuality } from './session-quality.js';
import type { MakeSessionTagKey, SessionTagKey } from './session-tag.js';

export interface SessionOptions {
  readonly update: SessionUpdate;
  readonly slot: number;
  /** Where its packets are counted for its organization. */
  readonly organizationIndex: number;
  readonly maxBitrate: number;
  readonly makeTagKey: MakeSessionTagKey;
  readonly nowMs: number;
}

/** What the relay remembers of a session. */
export class Session {
  readonly id: SessionId;
  /** The relay's small number for the session; a later one may get it again. */
  readonly slot: number;
  readonly organizationId: OrganizationId | null;
  /** Where its packets are counted for the organization. */
  readonly organizationIndex: number;
  readonly clientKey: SessionTagKey;
  readonly serverKey: SessionTagKey;
  readonly window = new ReplayWindow();
  readonly path = new Path();
  readonly quality = new SessionQuality();
  readonly voiceRate: VoiceRate;
  readonly pingRate: TokenBucket;
  /** The counter of the last packet that the server itself sent to the session. */
  serverCounter = 0;
  /** Packets that verified, and their bytes. */
  packetsIn = 0;
  bytesIn = 0;
  /** When the last packet verified, and the last voice packet was forwarded, on the relay's clock; null before the first. */
  lastPacketAtMs: number | null = null;
  lastVoiceAtMs: number | null = null;
  /** What {@link VoiceActivity} last noted of the session. */
  activityRound = -1;
  activityTarget = 0;
  readonly #clientKeyBytes: Uint8Array;
  readonly #serverKeyBytes: Uint8Array;

  /** Throws RangeError where a key has not 16 bytes. */
  constructor({ update, slot, organizationIndex, maxBitrate, makeTagKey, nowMs }: SessionOptions) {
    this.id = update.sessionId;
    this.slot = slot;
    this.organizationId = update.organizationId ?? null;
    this.organizationIndex = organizationIndex;
    this.clientKey = makeTagKey(update.clientKey);
    this.serverKey = makeTagKey(update.serverKey);
    this.#clientKeyBytes = Uint8Array.from(update.clientKey);
    this.#serverKeyBytes = Uint8Array.from(update.serverKey);
    this.voiceRate = new VoiceRate(maxBitrate, nowMs);
    this.pingRate = new TokenBucket(MAX_PINGS_PER_SECOND, nowMs);
  }

  /** True where the update tells of this very session and not of another under the same id. */
  isToldBy(update: SessionUpdate): boolean {
    return (
      update.sessionId === this.id &&
      equal(update.clientKey, this.#clientKeyBytes) &&
      equal(update.serverKey, this.#serverKeyBytes)
    );
  }
}

/** Both are the control plane's own, so the time that this takes tells nobody anything. */
function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
