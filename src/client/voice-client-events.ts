import type { PathMode } from './path-monitor.js';
import type { Channel, Session } from './server-view.js';
import type { VoiceClientError } from './voice-client-error.js';
import type { VoiceQuality } from './voice-quality.js';
import type { ReceiveCounts } from './voice-receiver.js';

/** A voice packet that was heard. */
export interface VoiceEvent {
  readonly sessionId: number;
  /** The channel that it was said in; undefined for a whisper. */
  readonly channelId: number | undefined;
  /** Of the first sample, in units of 10 ms. */
  readonly frameNumber: number;
  /** One Opus packet; empty only with the end of talk. */
  readonly opus: Uint8Array;
  readonly endOfTalk: boolean;
  /** Of the packet, in its sender's session. */
  readonly counter: number;
}

/** What somebody has written. */
export interface TextEvent {
  readonly sessionId: number;
  readonly userId: number;
  readonly username: string;
  /** The channel that it was written to; undefined where it is for this user alone. */
  readonly channelId: number | undefined;
  readonly text: string;
}

/** Whom a text is for: everybody who is in a channel, or the session of a user. */
export type TextReceiver = { readonly channelId: number } | { readonly userId: number };

/** What a session wishes and says about itself. */
export interface SelfState {
  /** Others do not hear it. */
  readonly muted: boolean;
  /** It hears nobody. */
  readonly deafened: boolean;
  /** It records what it hears; left out, it does not. */
  readonly recording?: boolean;
}

/** The packets of a session since it began. */
export interface VoiceStatistics {
  readonly sentByUdp: number;
  readonly sentByTunnel: number;
  /** Not sent, because the tunnel was congested. */
  readonly notSent: number;
  readonly received: ReceiveCounts;
  /** How long the newest answered ping took by UDP, in milliseconds. */
  readonly roundTripMs: number | undefined;
  /** What the server said last of how voice goes; undefined before it has said anything. */
  readonly quality: VoiceQuality | undefined;
}

/** The events of a client and what their listeners get. */
export interface VoiceClientEvents {
  voice: [voice: VoiceEvent];
  text: [text: TextEvent];
  /** A session is new or has changed; `former` is what it was. */
  session: [session: Session, former: Session | undefined];
  /** A session has ended; `message` is what a moderator said about it, or empty. */
  session_removed: [session: Session, reason: string, message: string];
  channel: [channel: Channel];
  channel_removed: [channelId: number];
  /** The server took this session out of a channel. */
  channel_left: [channelId: number, reason: string];
  /** The connection is lost, and the client tries to come back; voice by UDP goes on meanwhile. */
  reconnecting: [reason: VoiceClientError];
  /** The client is back: in the same session where it is `resumed`, otherwise in a new one, which is in no channel. */
  reconnected: [resumed: boolean];
  /** The session goes on at another node of the server, under another id and in the same channels; nothing has to be done. */
  moved: [];
  /** Voice takes another way from now on. */
  path: [mode: PathMode];
  /** The connection is gone for good, other than by `close`. Nothing follows. */
  disconnect: [reason: VoiceClientError];
}
