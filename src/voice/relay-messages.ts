/** What the main thread and the relay worker say to each other: two closed unions of plain data. */
import type { SessionId } from '../ids.js';
import type { MessageFromGateway, MessageToGateway } from '../mumble/gateway-messages.js';
import type { LatencySummary } from '../relay/latency-histogram.js';
import type { LinkUpdate } from '../relay/link.js';
import type { RelayMembership } from '../relay/relay-membership.js';
import type { RelayUpdate } from '../relay/relay-update.js';
import type { QualityReport, SessionQualitySummary } from '../relay/session-quality.js';
import type { RelayTotals, SessionTraffic } from '../relay/traffic.js';
import type { GcPauseSummary } from './gc-pauses.js';
import type { PacketTraceBatch } from './packet-trace.js';
import type { LinkCounters } from './relay-links.js';
import type { BackendChoice, UdpBackendCounters } from './udp-backend.js';

/** What the worker is started with. */
export interface RelayWorkerOptions {
  readonly bindAddress: string;
  /** 0 for a free port. */
  readonly port: number;
  /** In bits per second, for each session, over whole datagrams. */
  readonly maxBitrate: number;
  /** The counter of the packets that the relay itself sends begins after this number, for each session. */
  readonly firstServerCounter: number;
  /** Where datagrams of other nodes come; absent or null where there are none. */
  readonly link?: { readonly bindAddress: string; readonly port: number } | null;
  /** Absent: `auto`. */
  readonly backend?: BackendChoice;
}

/** A packet that came through a session's control connection. */
export interface TunneledPacket {
  readonly sessionId: SessionId;
  readonly packet: Uint8Array;
}

/** A packet that is to go through the control connections of these sessions. */
export interface TunneledDelivery {
  readonly sessionIds: readonly SessionId[];
  readonly packet: Uint8Array;
}

export type MessageToRelayWorker =
  | { readonly type: 'update'; readonly update: RelayUpdate }
  | { readonly type: 'tunneled'; readonly packets: readonly TunneledPacket[] }
  /** The links to other nodes: the whole truth. */
  | { readonly type: 'set_links'; readonly links: readonly LinkUpdate[] }
  | { readonly type: 'get_counters'; readonly requestId: number }
  /** For the door's gateway in this thread, in their order. */
  | { readonly type: 'gateway'; readonly messages: readonly MessageToGateway[] }
  /** Whether every packet is told of from now on. */
  | { readonly type: 'trace_packets'; readonly isOn: boolean }
  /** What passed for each organization. */
  | { readonly type: 'get_organization_traffic'; readonly requestId: number }
  /** What the client of a session says that it has received. */
  | { readonly type: 'quality_report'; readonly sessionId: SessionId; readonly report: QualityReport }
  | { readonly type: 'get_qualities'; readonly requestId: number; readonly sessionIds: readonly SessionId[] }
  | {
      readonly type: 'get_membership';
      readonly requestId: number;
      readonly targets: readonly number[];
      readonly sessionIds: readonly SessionId[];
    }
  /** Answered when all messages before it have been taken in. */
  | { readonly type: 'settle'; readonly requestId: number };

export type MessageFromRelayWorker =
  | { readonly type: 'ready'; readonly port: number; readonly backend: UdpBackendCounters }
  /** The port cannot be bound, or the backend is not there: nothing follows. */
  | {
      readonly type: 'failed';
      readonly code: string;
      readonly reason: string;
      /** What could not be bound. */
      readonly at: { readonly bindAddress: string; readonly port: number };
    }
  | { readonly type: 'tunneled'; readonly deliveries: readonly TunneledDelivery[] }
  /** Who has spoken since the last such message: session and channel of each talk, one after the other. */
  | { readonly type: 'activity'; readonly talks: Uint32Array }
  | { readonly type: 'gateway'; readonly message: MessageFromGateway }
  | { readonly type: 'counters'; readonly requestId: number; readonly counters: RelayCounters }
  /** What became of packets, while they are traced. */
  | ({ readonly type: 'packets' } & PacketTraceBatch)
  /** As `organizationTotals` reads it. */
  | { readonly type: 'organization_traffic'; readonly requestId: number; readonly rows: Float64Array }
  | { readonly type: 'qualities'; readonly requestId: number; readonly qualities: readonly SessionQuality[] }
  | { readonly type: 'membership'; readonly requestId: number; readonly membership: RelayMembership }
  | { readonly type: 'settled'; readonly requestId: number };

/** How voice goes from and to a session. */
export interface SessionQuality extends SessionQualitySummary {
  readonly sessionId: SessionId;
}

/** How the relay is doing. */
export interface RelayCounters {
  /** The generation of the last `replace_all` that was applied. */
  readonly generation: number;
  readonly sessions: number;
  readonly routes: number;
  readonly totals: RelayTotals;
  /** From the moment the worker has read the batch with a voice packet to the moment its last copy was handed to the system. */
  readonly routingLatency: LatencySummary;
  /** The same, as counts for `summaryOf` over several workers. */
  readonly latencyCounts: Uint32Array;
  /** Of the worker's thread. */
  readonly gcPauses: GcPauseSummary;
  /** Null where there are no links to other nodes. */
  readonly links: LinkCounters | null;
  /** Null before a port is bound. */
  readonly backend: UdpBackendCounters | null;
  readonly sessionTraffic: readonly SessionTraffic[];
}
