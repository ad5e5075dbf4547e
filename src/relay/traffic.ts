import type { SessionId } from '../ids.js';
import { DropCounters, type DropCounts } from './drop-reason.js';
import type { PathKind } from './path.js';

/** What passed through the relay since it began. `packetsIn` = `voiceIn` + `pingsIn` + the sum of `drops`. */
export interface RelayTotals {
  /** Packets that came in by UDP and by the tunnel, whatever became of them. */
  readonly packetsIn: number;
  readonly bytesIn: number;
  /** Of these, through the tunnel. */
  readonly tunneledIn: number;
  /** Voice packets that were accepted, each counted once however many receive it. */
  readonly voiceIn: number;
  /** Pings that were accepted. */
  readonly pingsIn: number;
  /** Copies of voice packets to receivers, and pongs. */
  readonly packetsOut: number;
  readonly bytesOut: number;
  /** Of these, through the tunnel. */
  readonly tunneledOut: number;
  readonly drops: DropCounts;
}

/** What one session sent and was sent. */
export interface SessionTraffic {
  readonly sessionId: SessionId;
  readonly path: PathKind;
  /** Packets that verified. */
  readonly packetsIn: number;
  readonly bytesIn: number;
  readonly packetsOut: number;
  readonly bytesOut: number;
  /** How long ago the last packet verified, in milliseconds, or null where none did. */
  readonly lastPacketAgoMs: number | null;
  /** How long ago the last voice packet of the session was accepted, in milliseconds, or null where none was. */
  readonly lastVoiceAgoMs: number | null;
}

/** The relay's running totals. */
export class TrafficCounters {
  readonly drops = new DropCounters();
  packetsIn = 0;
  bytesIn = 0;
  tunneledIn = 0;
  voiceIn = 0;
  pingsIn = 0;
  packetsOut = 0;
  bytesOut = 0;
  tunneledOut = 0;

  snapshot(): RelayTotals {
    const { packetsIn, bytesIn, tunneledIn, voiceIn, pingsIn, packetsOut, bytesOut, tunneledOut } = this;
    return {
      packetsIn,
      bytesIn,
      tunneledIn,
      voiceIn,
      pingsIn,
      packetsOut,
      bytesOut,
      tunneledOut,
      drops: this.drops.snapshot(),
    };
  }
}
