/** The layout of voice packets, as docs/NETWORK_PROTOCOL.md has it. Reading never throws: bytes beyond the end read as 0. */
import { DropReason } from './drop-reason.js';

/** The first byte of a packet. */
export const PacketKind = { voice: 0x50, ping: 0x51, pong: 0x52 } as const;

/** Bytes of the header that every packet begins with. */
export const HEADER_BYTES = 16;
/** Bytes of the tag that proves a packet to be its session's own; the last of every packet but those that the relay forwards. */
export const SESSION_TAG_BYTES = 12;
/** Bytes of the tag that seals the payload under the target's key. */
export const CHANNEL_TAG_BYTES = 16;
/** Bytes of a ping and of a pong. */
export const PING_BYTES = 44;
/** Bytes of the shortest voice packet: a media header and no Opus. */
export const MIN_VOICE_BYTES = HEADER_BYTES + 4 + CHANNEL_TAG_BYTES + SESSION_TAG_BYTES;
/** Bytes of the shortest packet of any kind. */
export const MIN_PACKET_BYTES = 44;
/** Bytes of the longest packet of any kind. */
export const MAX_PACKET_BYTES = 1200;
/** Bytes of the nonce: two zeros, then session and counter. */
export const NONCE_BYTES = 12;

const EPOCH_OFFSET = 1;
const TARGET_OFFSET = 2;
const SESSION_OFFSET = 6;
const COUNTER_OFFSET = 10;
const TIMESTAMP_OFFSET = 16;
const PATH_TOKEN_OFFSET = 24;
const NONCE_PADDING_BYTES = 2;

/** The fields of a header, to be filled by {@link readHeader} again and again. */
export interface PacketHeader {
  kind: number;
  /** The low 8 bits of the epoch. */
  epoch: number;
  target: number;
  session: number;
  /** 0 to 2^48 - 1. */
  counter: number;
}

/** Why a datagram of `length` bytes cannot be a packet from a client, or null where length and kind are right. */
export function refusalOfShape(packet: Uint8Array, length: number): DropReason | null {
  if (length < MIN_PACKET_BYTES) return DropReason.too_short;
  if (length > MAX_PACKET_BYTES) return DropReason.too_long;
  switch (packet[0]) {
    case PacketKind.voice:
      return length < MIN_VOICE_BYTES ? DropReason.wrong_length : null;
    case PacketKind.ping:
      return length === PING_BYTES ? null : DropReason.wrong_length;
    default:
      return DropReason.unknown_kind;
  }
}

/** Reads the header into `header`, which the caller owns: nothing is allocated. */
export function readHeader(packet: Uint8Array, header: PacketHeader): void {
  header.kind = byteAt(packet, 0);
  header.epoch = byteAt(packet, EPOCH_OFFSET);
  header.target = uint32At(packet, TARGET_OFFSET);
  header.session = uint32At(packet, SESSION_OFFSET);
  header.counter = uint16At(packet, COUNTER_OFFSET) * 2 ** 32 + uint32At(packet, COUNTER_OFFSET + 2);
}

/** Writes the nonce of a packet into `nonce`, whose first two bytes are and stay 0. */
export function writeNonce(packet: Uint8Array, nonce: Uint8Array): void {
  for (let index = NONCE_PADDING_BYTES; index < NONCE_BYTES; index += 1) {
    nonce[index] = byteAt(packet, SESSION_OFFSET - NONCE_PADDING_BYTES + index);
  }
}

/** When a ping was sent, on its sender's clock, in milliseconds: the packet has microseconds. */
export function sentAtMsOf(ping: Uint8Array): number {
  return (uint32At(ping, TIMESTAMP_OFFSET) * 2 ** 32 + uint32At(ping, TIMESTAMP_OFFSET + 4)) / 1000;
}

/** The path token of a ping or pong: 0 where it has none. */
export function pathTokenOf(ping: Uint8Array): bigint {
  return (BigInt(uint32At(ping, PATH_TOKEN_OFFSET)) << 32n) | BigInt(uint32At(ping, PATH_TOKEN_OFFSET + 4));
}

/** The fields of a pong. */
export interface PongFields {
  readonly session: number;
  /** The server's own for the session, 1 to 2^48 - 1. */
  readonly counter: number;
  /** The ping whose timestamp the pong echoes, or null for an unasked pong. */
  readonly ping: Uint8Array | null;
  readonly pathToken: bigint;
}

/** A new pong whose session tag is yet to be written. */
export function makeUntaggedPong(fields: PongFields): Uint8Array {
  const pong = new Uint8Array(PING_BYTES);
  const view = new DataView(pong.buffer);
  view.setUint8(0, PacketKind.pong);
  view.setUint32(SESSION_OFFSET, fields.session);
  view.setUint16(COUNTER_OFFSET, Math.floor(fields.counter / 2 ** 32));
  view.setUint32(COUNTER_OFFSET + 2, fields.counter % 2 ** 32);
  if (fields.ping !== null) {
    view.setUint32(TIMESTAMP_OFFSET, uint32At(fields.ping, TIMESTAMP_OFFSET));
    view.setUint32(TIMESTAMP_OFFSET + 4, uint32At(fields.ping, TIMESTAMP_OFFSET + 4));
  }
  view.setBigUint64(PATH_TOKEN_OFFSET, fields.pathToken);
  return pong;
}

function byteAt(packet: Uint8Array, offset: number): number {
  return packet[offset] ?? 0;
}

function uint16At(packet: Uint8Array, offset: number): number {
  return byteAt(packet, offset) * 2 ** 8 + byteAt(packet, offset + 1);
}

function uint32At(packet: Uint8Array, offset: number): number {
  return uint16At(packet, offset) * 2 ** 16 + uint16At(packet, offset + 2);
}
