/** What the door, on the main thread, and its gateway, in a relay worker's thread, say to each other: two closed unions of plain data. */
import type { SessionId } from '../ids.js';
import type { UdpBackendCounters } from '../voice/udp-backend.js';
import type { CryptCounters } from './crypt-state.js';

/** The key of a client's datagrams, and the nonces before the first: 16 bytes each. */
export interface CryptSetup {
  readonly key: Uint8Array;
  readonly clientNonce: Uint8Array;
  readonly serverNonce: Uint8Array;
}

/** The key of a target in one epoch: 16 bytes. */
export interface TargetKey {
  readonly target: number;
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** Where a client speaks and hears. */
export interface VoicePlaces {
  /** The channel that normal talk goes to, or null. */
  readonly channel: number | null;
  /** The channels that the session is in; others that it hears, it listens to. */
  readonly channels: readonly number[];
  /** What the client's voice targets stand for: its number and the relay's, pair by pair. */
  readonly voiceTargets: readonly (readonly [number, number])[];
}

/** A client that has logged in. */
export interface PeerSetup {
  readonly sessionId: SessionId;
  /** With it the packets of the session are proven to the relay. */
  readonly clientKey: Uint8Array;
  /** The packets of the session count up from here. A gateway that comes after another must not repeat its nonces. */
  readonly firstCounter: number;
  readonly crypt: CryptSetup;
  /** Of the control connection. */
  readonly remoteAddress: string;
  /** True where the session is served by the relay of the gateway's own thread. */
  readonly isLocal: boolean;
}

/** A client has pinged, and may have said how many datagrams have come. */
export interface PeerPing {
  readonly sessionId: SessionId;
  readonly good: number | null;
}

/** What was counted of the datagrams of a client. */
export interface PeerCounters {
  readonly sessionId: SessionId;
  readonly counters: CryptCounters;
}

/** A packet for these sessions. */
export interface PacketDelivery {
  readonly sessionIds: readonly SessionId[];
  readonly packet: Uint8Array;
}

export type MessageToGateway =
  /** Binds the port; answered by `opened` or `open_failed`. */
  | { readonly type: 'open'; readonly requestId: number; readonly bindAddress: string; readonly port: number }
  /** Frees the port; answered by `closed`. */
  | { readonly type: 'close'; readonly requestId: number }
  | ({ readonly type: 'add_peer' } & PeerSetup)
  | { readonly type: 'remove_peer'; readonly sessionId: SessionId }
  | ({ readonly type: 'put_key'; readonly sessionId: SessionId } & TargetKey)
  | { readonly type: 'remove_key'; readonly sessionId: SessionId; readonly target: number }
  | { readonly type: 'set_places'; readonly sessionId: SessionId; readonly places: VoicePlaces }
  /** A voice packet came through the control connection. */
  | { readonly type: 'tunneled'; readonly sessionId: SessionId; readonly packet: Uint8Array }
  /** The relay of another thread has packets for sessions of the door. */
  | { readonly type: 'relayed'; readonly deliveries: readonly PacketDelivery[] }
  /** The client says which nonce it has used last. */
  | { readonly type: 'resynchronize'; readonly sessionId: SessionId; readonly nonce: Uint8Array }
  /** These have pinged through the control connection; answered by `seen`. */
  | { readonly type: 'pinged'; readonly pings: readonly PeerPing[] }
  /** Answered by `state`. */
  | { readonly type: 'get_state'; readonly requestId: number; readonly sessionId: SessionId }
  /** Answered by `counters`. */
  | { readonly type: 'get_counters'; readonly requestId: number }
  /** A datagram as it is, to whoever has asked. */
  | { readonly type: 'answer'; readonly packet: Uint8Array; readonly address: string; readonly port: number };

export type MessageFromGateway =
  | { readonly type: 'opened'; readonly requestId: number; readonly port: number; readonly backend: string }
  | { readonly type: 'open_failed'; readonly requestId: number; readonly code: string; readonly reason: string }
  | { readonly type: 'closed'; readonly requestId: number }
  /** Packets for control connections. */
  | { readonly type: 'tunneled'; readonly deliveries: readonly PacketDelivery[] }
  /** A packet of a session that another thread's relay serves. */
  | { readonly type: 'to_relay'; readonly sessionId: SessionId; readonly packet: Uint8Array }
  /** The client's datagrams do not open: it is to say its nonce. */
  | { readonly type: 'ask_nonce'; readonly sessionId: SessionId }
  /** These clients have been heard by UDP. Told seldom. */
  | { readonly type: 'heard'; readonly sessionIds: readonly SessionId[] }
  | { readonly type: 'seen'; readonly peers: readonly PeerCounters[] }
  /** Null where the client is not known. */
  | { readonly type: 'state'; readonly requestId: number; readonly state: PeerState | null }
  | { readonly type: 'counters'; readonly requestId: number; readonly counters: GatewayCounters }
  /** Somebody asks for the server's state. */
  | { readonly type: 'question'; readonly packet: Uint8Array; readonly address: string; readonly port: number };

/** How a client's voice is doing. */
export interface PeerState {
  readonly counters: CryptCounters;
  /** How long it has said nothing, in milliseconds. */
  readonly idleMs: number;
  /** The nonce of the last datagram to it. */
  readonly serverNonce: Uint8Array;
}

/** How UDP is doing, since the gateway began. */
export interface GatewayCounters {
  readonly received: number;
  readonly sent: number;
  /** Datagrams that no client has sealed, or that came again. */
  readonly refused: number;
  /** Keys that were tried on datagrams of unknown origin. */
  readonly trials: number;
  /** Null before a port is bound. */
  readonly backend: UdpBackendCounters | null;
}
