/** Parley's own voice packets (docs/NETWORK_PROTOCOL.md), as whoever holds the key of a channel opens and seals them. */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import {
  CHANNEL_TAG_BYTES,
  HEADER_BYTES,
  MAX_PACKET_BYTES,
  NONCE_BYTES,
  type PacketHeader,
  PacketKind,
  PING_BYTES,
  readHeader,
  SESSION_TAG_BYTES,
  writeNonce,
} from '../relay/packet.js';
import type { SessionTagKey } from '../relay/session-tag.js';

const CIPHER = 'aes-128-gcm';
const MEDIA_HEADER_BYTES = 4;
const END_OF_TALK_BIT = 2 ** 31;

/** The longest Opus packet that fits in, in bytes. */
export const MAX_OPUS_BYTES =
  MAX_PACKET_BYTES - HEADER_BYTES - MEDIA_HEADER_BYTES - CHANNEL_TAG_BYTES - SESSION_TAG_BYTES;

/** Written anew for each packet; the first two bytes stay 0. */
const nonce = new Uint8Array(NONCE_BYTES);

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
  key: KeyObject,
  tagKey: SessionTagKey,
): Uint8Array {
  const sealedBytes = HEADER_BYTES + MEDIA_HEADER_BYTES + opus.length + CHANNEL_TAG_BYTES;
  const packet = Buffer.alloc(sealedBytes + SESSION_TAG_BYTES);
  writeHeader(packet, PacketKind.voice, at);
  writeNonce(packet, nonce);
  const mediaHeader = Buffer.alloc(MEDIA_HEADER_BYTES);
  mediaHeader.writeUInt32BE(frameNumber + (endOfTalk ? END_OF_TALK_BIT : 0));
  const cipher = createCipheriv(CIPHER, key, nonce);
  cipher.setAAD(packet.subarray(0, HEADER_BYTES));
  cipher.update(mediaHeader).copy(packet, HEADER_BYTES);
  cipher.update(opus).copy(packet, HEADER_BYTES + MEDIA_HEADER_BYTES);
  cipher.final();
  cipher.getAuthTag().copy(packet, sealedBytes - CHANNEL_TAG_BYTES);
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

/** The header of a packet as the relay forwards it. */
export function headerOf(packet: Uint8Array): PacketHeader {
  const header = { kind: 0, epoch: 0, target: 0, session: 0, counter: 0 };
  readHeader(packet, header);
  return header;
}

/** Opens a voice packet as the relay forwards it. Returns undefined where the seal does not hold under this key. */
export function openSpeech(packet: Uint8Array, key: KeyObject): Speech | undefined {
  const end = packet.length - CHANNEL_TAG_BYTES;
  if (end < HEADER_BYTES + MEDIA_HEADER_BYTES) return undefined;
  writeNonce(packet, nonce);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: CHANNEL_TAG_BYTES });
  decipher.setAAD(packet.subarray(0, HEADER_BYTES));
  decipher.setAuthTag(packet.subarray(end));
  const text = decipher.update(packet.subarray(HEADER_BYTES, end));
  try {
    decipher.final();
  } catch {
    // A tag that does not fit is an answer here, not a fault: a member may seal whatever it likes.
    return undefined;
  }
  const mediaHeader = text.readUInt32BE(0);
  const opus = text.subarray(MEDIA_HEADER_BYTES);
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
