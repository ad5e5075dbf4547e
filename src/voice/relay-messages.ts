/** What the main thread and the relay worker say to each other: two closed unions of plain data. */
import type { SessionId } from '../ids.js';
import type { LatencySummary } from '../relay/latency-histogram.js';
import type { RelayUpdate } from '../relay/relay-update.js';
import type { RelayTotals, SessionTraffic } from '../relay/traffic.js';
import type { UdpBackendCounters } from './udp-backend.js';

/** What the worker is started with. */
export interface RelayWorkerOptions {
  readonly bindAddress: string;
  /** 0 for a free port. */
  readonly port: number;
  /** In bits per second, for each session, over whole datagrams. */
  readonly maxBitrate: number;
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
  | { readonly type: 'get_counters'; readonly requestId: number };

export type MessageFromRelayWorker =
  | { readonly type: 'ready'; readonly port: number; readonly backend: UdpBackendCounters }
  /** The port cannot be bound: nothing follows. */
  | { readonly type: 'failed'; readonly code: string; readonly reason: string }
  | { readonly type: 'tunneled'; readonly deliveries: readonly TunneledDelivery[] }
  | { readonly type: 'counters'; readonly requestId: number; readonly counters: RelayCounters };

/** How the relay is doing. */
export interface RelayCounters {
  /** The generation of the last `replace_all` that was applied. */
  readonly generation: number;
  readonly sessions: number;
  readonly routes: number;
  readonly totals: RelayTotals;
  /** From the moment the worker has a voice packet that came by UDP to the moment the last copy was handed to the system. */
  readonly routingLatency: LatencySummary;
  /** Null before a port is bound. */
  readonly backend: UdpBackendCounters | null;
  readonly sessionTraffic: readonly SessionTraffic[];
}
