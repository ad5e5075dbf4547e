/** Voice packets as docs/NETWORK_PROTOCOL.md describes them: seal what a client sends, open what it receives. Pure. */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

/** The first byte of a packet. */
export const PacketKind = { voice: 0x50, ping: 0x51, pong: 0x52 } as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];

/** The longest Opus packet that a voice packet carries, in bytes. */
export const MAX_OPUS_BYTES = 1152;
/** The highest frame number; frames count units of 10 ms. */
export const MAX_FRAME_NUMBER = 2 ** 31 - 1;
/** The highest packet counter of a session. */
export const MAX_COUNTER = 2 ** 48 - 1;

const HEADER_BYTES = 16;
const MEDIA_HEADER_BYTES = 4;
const CHANNEL_TAG_BYTES = 16;
const SESSION_TAG_BYTES = 12;
const PROBE_BYTES = HEADER_BYTES + 8 + 8 + SESSION_TAG_BYTES;
const END_OF_TALK_BIT = 2 ** 31;
const CIPHER = 'aes-128-gcm';

/** The header with which every packet begins. */
export interface PacketHeader {
  readonly kind: PacketKind;
  /** The low 8 bits of the epoch of the target's key; 0 in pings and pongs. */
  readonly epoch: number;
  /** A channel id or a whisper target; 0 in pings and pongs. */
  readonly targetId: number;
  /** The sender of voice and pings, the receiver of pongs. */
  readonly sessionId: number;
  /** 1 to 2^48 - 1. */
  readonly counter: number;
}

/** What is inside the seal. */
export interface VoicePayload {
  /** Of the first sample, in units of 10 ms. */
  readonly frameNumber: number;
  readonly endOfTalk: boolean;
  /** One Opus packet; empty only with the end of talk. */
  readonly opus: Uint8Array;
}

/** The body of a ping and of the pong that answers it. */
export interface Probe {
  /** The client's own; a pong echoes it, and has 0 where nothing was asked. */
  readonly timestamp: bigint;
  readonly pathToken: bigint;
}

/** Everything that a voice packet to the server is made of. */
export interface OutgoingVoice extends VoicePayload {
  readonly sessionId: number;
  readonly counter: number;
  readonly targetId: number;
  /** The whole epoch; the packet carries its low 8 bits. */
  readonly epoch: number;
}

/** True for the target of a whisper, false for a channel. */
export function isWhisperTarget(targetId: number): boolean {
  return targetId >= 2 ** 31;
}

/** Builds the datagram of a voice packet. Throws RangeError for a value that the format cannot hold. */
export function sealVoice(voice: OutgoingVoice, channelKey: KeyObject, clientKey: KeyObject): Uint8Array {
  requireRange('frame number', voice.frameNumber, 0, MAX_FRAME_NUMBER);
  requireRange('length of the Opus packet', voice.opus.length, voice.endOfTalk ? 0 : 1, MAX_OPUS_BYTES);
  const header = encodeHeader({ ...voice, kind: PacketKind.voice, epoch: voice.epoch & 0xff });
  const mediaHeader = Buffer.alloc(MEDIA_HEADER_BYTES);
  mediaHeader.writeUInt32BE(voice.frameNumber + (voice.endOfTalk ? END_OF_TALK_BIT : 0));

  const cipher = createCipheriv(CIPHER, channelKey, nonceOf(header));
  cipher.setAAD(header);
  const sealed = [header, cipher.update(mediaHeader), cipher.update(voice.opus), cipher.final(), cipher.getAuthTag()];
  return withSessionTag(Buffer.concat(sealed), clientKey);
}

/** Builds the datagram of a ping. */
export function sealPing(sessionId: number, counter: number, probe: Probe, clientKey: KeyObject): Uint8Array {
  const header = encodeHeader({ kind: PacketKind.ping, epoch: 0, targetId: 0, sessionId, counter });
  const body = Buffer.alloc(16);
  body.writeBigUInt64BE(probe.timestamp, 0);
  body.writeBigUInt64BE(probe.pathToken, 8);
  return withSessionTag(Buffer.concat([header, body]), clientKey);
}

/** Reads the header of a packet from the server. Returns undefined for what is not a voice packet or a pong of a possible length. */
export function readHeader(packet: Uint8Array): PacketHeader | undefined {
  const bytes = bufferOver(packet);
  if (bytes.length < HEADER_BYTES) return undefined;
  const kind = bytes.readUInt8(0);
  if (kind === PacketKind.voice) {
    if (bytes.length < HEADER_BYTES + MEDIA_HEADER_BYTES + CHANNEL_TAG_BYTES) return undefined;
  } else if (kind !== PacketKind.pong || bytes.length !== PROBE_BYTES) return undefined;
  return {
    kind,
    epoch: bytes.readUInt8(1),
    targetId: bytes.readUInt32BE(2),
    sessionId: bytes.readUInt32BE(6),
    counter: bytes.readUIntBE(10, 6),
  };
}

/** Opens a voice packet as the server forwards it. Returns undefined where the seal does not hold under this key. */
export function openVoice(packet: Uint8Array, channelKey: KeyObject): VoicePayload | undefined {
  const bytes = bufferOver(packet);
  const tagOffset = bytes.length - CHANNEL_TAG_BYTES;
  if (tagOffset < HEADER_BYTES + MEDIA_HEADER_BYTES) return undefined;
  const plaintext = decrypt(
    bytes.subarray(0, HEADER_BYTES),
    bytes.subarray(HEADER_BYTES, tagOffset),
    bytes.subarray(tagOffset),
    channelKey,
  );
  if (plaintext === undefined) return undefined;
  const mediaHeader = plaintext.readUInt32BE(0);
  const endOfTalk = mediaHeader >= END_OF_TALK_BIT;
  const opus = plaintext.subarray(MEDIA_HEADER_BYTES);
  if (opus.length === 0 && !endOfTalk) return undefined;
  return { endOfTalk, frameNumber: endOfTalk ? mediaHeader - END_OF_TALK_BIT : mediaHeader, opus };
}

/** Opens a pong. Returns undefined where it is none for this session, or its tag is not the server's. */
export function openPong(packet: Uint8Array, sessionId: number, serverKey: KeyObject): Probe | undefined {
  const header = readHeader(packet);
  if (header?.kind !== PacketKind.pong || header.sessionId !== sessionId) return undefined;
  const bytes = bufferOver(packet);
  const tagged = bytes.subarray(0, PROBE_BYTES - SESSION_TAG_BYTES);
  const tag = bytes.subarray(PROBE_BYTES - SESSION_TAG_BYTES);
  if (decrypt(tagged, Buffer.alloc(0), tag, serverKey) === undefined) return undefined;
  return { timestamp: bytes.readBigUInt64BE(HEADER_BYTES), pathToken: bytes.readBigUInt64BE(HEADER_BYTES + 8) };
}

function encodeHeader(header: PacketHeader): Buffer {
  requireRange('counter', header.counter, 1, MAX_COUNTER);
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeUInt8(header.kind, 0);
  bytes.writeUInt8(header.epoch, 1);
  bytes.writeUInt32BE(header.targetId, 2);
  bytes.writeUInt32BE(header.sessionId, 6);
  bytes.writeUIntBE(header.counter, 10, 6);
  return bytes;
}

/** Two zero bytes, then the session and the counter of the header. */
function nonceOf(packet: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(2), packet.subarray(6, HEADER_BYTES)]);
}

function withSessionTag(tagged: Buffer, key: KeyObject): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, nonceOf(tagged), { authTagLength: SESSION_TAG_BYTES });
  cipher.setAAD(tagged);
  cipher.final();
  return Buffer.concat([tagged, cipher.getAuthTag()]);
}

function decrypt(associated: Buffer, sealed: Buffer, tag: Buffer, key: KeyObject): Buffer | undefined {
  const decipher = createDecipheriv(CIPHER, key, nonceOf(associated), { authTagLength: tag.length });
  decipher.setAAD(associated);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(sealed);
  try {
    decipher.final();
  } catch {
    // A tag that does not fit is an answer here, not a fault: anybody can send a datagram.
    return undefined;
  }
  return plaintext;
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function requireRange(what: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`The ${what} must be ${min} to ${max}, not ${value}.`);
  }
}
