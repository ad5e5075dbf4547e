/** What a server says when it lets a client in, as the client uses it. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Welcome } from '../protocol/generated/control_pb.js';
import { VoiceClientError } from './voice-client-error.js';

/** Bytes of every key of the protocol. */
export const KEY_BYTES = 16;

/** Who the session is. */
export interface Identity {
  readonly sessionId: number;
  readonly userId: number;
  readonly username: string;
  readonly organizationId: number;
  readonly organizationName: string;
  readonly organizationTag: string;
  readonly serverName: string;
}

/** What the server allows. */
export interface VoiceLimits {
  /** By voice, in bits per second, counted over whole datagrams. */
  readonly maxBitrate: number;
  /** To be used unless a person chose otherwise, in bits per second of Opus. */
  readonly defaultBitrate: number;
  /** How many channels a session may join at once. */
  readonly maxJoinedChannels: number;
  /** How many channels a session may listen to at once without being in them. */
  readonly maxListenedChannels: number;
  /** How many whisper targets a session may have at once. */
  readonly maxWhisperTargets: number;
  /** How many sessions a whisper target reaches at most. */
  readonly maxWhisperReceivers: number;
}

/** All that holds for a session. */
export interface SessionTerms {
  readonly identity: Identity;
  readonly limits: VoiceLimits;
  /** The server's UDP port. */
  readonly voicePort: number;
  /** Where that is; empty where the control connection leads there. */
  readonly voiceHost: string;
  /** For the session tags of what the client sends. */
  readonly clientKey: KeyObject;
  /** For the session tags of what the server itself sends. */
  readonly serverKey: KeyObject;
}

/** Throws MALFORMED where the welcome is not complete. */
export function readWelcome({ voice, limits, ...who }: Welcome): SessionTerms {
  if (voice === undefined || limits === undefined) throw protocolError('the welcome is not complete');
  const { sessionId, userId, username, organizationId, organizationName, organizationTag, serverName } = who;
  const { maxBitrate, defaultBitrate, maxJoinedChannels } = limits;
  const { maxListenedChannels, maxWhisperTargets, maxWhisperReceivers } = limits;
  return {
    identity: { sessionId, userId, username, organizationId, organizationName, organizationTag, serverName },
    limits: {
      maxBitrate,
      defaultBitrate,
      maxJoinedChannels,
      maxListenedChannels,
      maxWhisperTargets,
      maxWhisperReceivers,
    },
    voicePort: voice.udpPort,
    voiceHost: voice.udpHost,
    clientKey: toKey(voice.clientKey),
    serverKey: toKey(voice.serverKey),
  };
}

/** Throws MALFORMED for bytes that are no key. */
export function toKey(bytes: Uint8Array): KeyObject {
  if (bytes.length !== KEY_BYTES) throw protocolError('a key is not of 16 bytes');
  return createSecretKey(bytes);
}

/** The server has said something that it must not. */
export function protocolError(detail: string): VoiceClientError {
  return new VoiceClientError('MALFORMED', `The server does not speak the protocol: ${detail}.`);
}
