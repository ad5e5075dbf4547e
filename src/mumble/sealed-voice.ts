/** Parley's own voice packets (docs/NETWORK_PROTOCOL.md), as whoever holds the key of a channel writes and reads them. */
import {
  CHANNEL_TAG_BYTES,
  HEADER_BYTES,
  MAX_PACKET_BYTES,
  type PacketHeader,
  PacketKind,
  PING_BYTES,
  SESSION_TAG_BYTES,
} from '../relay/packet.js';
import type { SessionTagKey } from '../relay/session-tag.js';
import type { VoiceKey } from './voice-key.js';

const MEDIA_HEADER_BYTES = 4;
const END_OF_TALK_BIT = 2 ** 31;

/** The longest Opus packet that fits in, in bytes. */
export const MAX_OPUS_BYTES =
  MAX_PACKET_BYTES - HEADER_BYTES - MEDIA_HEADER_BYTES - CHANNEL_TAG_BYTES - SESSION_TAG_BYTES;

/** What is inside the seal. */
export interface Speech {
  /** Of the first sample, in units of 10 ms: 0 to 2^31 - 1. */
  readonly frameNumber: number;
  readonly endOfTalk: boolean;
  readonly opus: Uint8Array;
}

/** Of the header what the sender chooses. */
export type Addressed = Pick<PacketHeader, 'target' | 'session' | 'counter'> & { readonly epoch: number };

/** The packet with which a session speaks. */
export function sealSpeech(
  at: Addressed,
  { frameNumber, endOfTalk, opus }: Speech,
  key: VoiceKey,
  tagKey: SessionTagKey,
): Uint8Array {
  const textEnd = HEADER_BYTES + MEDIA_HEADER_BYTES + opus.length;
  const packet = Buffer.allocUnsafe(textEnd + CHANNEL_TAG_BYTES + SESSION_TAG_BYTES);
  writeHeader(packet, PacketKind.voice, at);
  packet.writeUInt32BE(frameNumber + (endOfTalk ? END_OF_TALK_BIT : 0), HEADER_BYTES);
  packet.set(opus, HEADER_BYTES + MEDIA_HEADER_BYTES);
  key.seal(packet, textEnd);
  tagKey.write(packet);
  return packet;
}

/** A ping, which in the tunnel tells the relay that the session gets its voice there. */
export function makePing(session: number, counter: number, tagKey: SessionTagKey): Uint8Array {
  const packet = Buffer.alloc(PING_BYTES);
  writeHeader(packet, PacketKind.ping, { target: 0, session, counter, epoch: 0 });
  tagKey.write(packet);
  return packet;
}

const opened = Buffer.alloc(MAX_PACKET_BYTES);

/** Opens a voice packet as the relay forwards it. Returns undefined where the seal does not hold under this key. What is returned holds until the next call. */
export function openSpeech(packet: Uint8Array, key: VoiceKey): Speech | undefined {
  if (packet.length > MAX_PACKET_BYTES) return undefined;
  const bytes = key.open(packet, opened);
  if (bytes === undefined || bytes < MEDIA_HEADER_BYTES) return undefined;
  const mediaHeader = opened.readUInt32BE(0);
  const opus = opened.subarray(MEDIA_HEADER_BYTES, bytes);
  const endOfTalk = mediaHeader >= END_OF_TALK_BIT;
  if (opus.length === 0 && !endOfTalk) return undefined;
  return { frameNumber: endOfTalk ? mediaHeader - END_OF_TALK_BIT : mediaHeader, endOfTalk, opus };
}

function writeHeader(packet: Buffer, kind: number, { epoch, target, session, counter }: Addressed): void {
  packet.writeUInt8(kind, 0);
  packet.writeUInt8(epoch & 0xff, 1);
  packet.writeUInt32BE(target, 2);
  packet.writeUInt32BE(session, 6);
  packet.writeUIntBE(counter, 10, 6);
}
