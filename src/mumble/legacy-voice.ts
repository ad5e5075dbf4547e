/** Voice packets of Mumble before version 1.5, as they are inside the seal of a datagram and in the tunnel. Pure. */
import { MAX_VARINT_BYTES, readVarint, writeVarint } from './varint.js';

/** The longest packet, in bytes. */
export const MAX_LEGACY_BYTES = 1024;
/** The target of normal talk, and the one by which somebody hears themselves. */
export const Target = { normal: 0, loopback: 31 } as const;
/** How a receiver came to hear a packet. */
export const Context = { normal: 0, shout: 1, whisper: 2, listen: 3 } as const;
export type Context = (typeof Context)[keyof typeof Context];

const PING_TYPE = 1;
const OPUS_TYPE = 4;
const TARGET_MASK = 0x1f;
const END_OF_TALK_BIT = 0x2000;
const LENGTH_MASK = 0x1fff;
/** Frame numbers of both protocols count units of 10 ms; Parley's have 31 bits. */
const FRAME_NUMBERS = 2 ** 31;

/** What a client says. */
export interface SpokenPacket {
  /** 0 is normal talk, 1 to 30 a voice target, 31 oneself. */
  readonly target: number;
  readonly frameNumber: number;
  readonly endOfTalk: boolean;
  /** One Opus packet; empty only with the end of talk. */
  readonly opus: Uint8Array;
}

/** What a client hears. */
export interface HeardPacket extends Omit<SpokenPacket, 'target'> {
  readonly context: Context;
  readonly sessionId: number;
}

/** What a client has sent: speech, a ping, or nothing that can be used. */
export type ClientPacket = ({ readonly kind: 'speech' } & SpokenPacket) | { readonly kind: 'ping' };

/** Reads a packet of a client. Returns undefined for what is no ping and no Opus: other codecs are not spoken here. */
export function readClientPacket(packet: Uint8Array): ClientPacket | undefined {
  const [header] = packet;
  if (header === undefined || packet.length > MAX_LEGACY_BYTES) return undefined;
  const type = header >> 5;
  if (type === PING_TYPE) return { kind: 'ping' };
  if (type !== OPUS_TYPE) return undefined;
  const sequence = readVarint(packet, 1);
  const length = sequence && readVarint(packet, sequence.end);
  if (sequence === undefined || length === undefined || length.value > (LENGTH_MASK | END_OF_TALK_BIT))
    return undefined;
  const opus = packet.subarray(length.end, length.end + (length.value & LENGTH_MASK));
  if (opus.length !== (length.value & LENGTH_MASK)) return undefined;
  const endOfTalk = (length.value & END_OF_TALK_BIT) !== 0;
  if (opus.length === 0 && !endOfTalk) return undefined;
  // A position may follow. It is not passed on.
  const frameNumber = sequence.value % FRAME_NUMBERS;
  return { kind: 'speech', target: header & TARGET_MASK, frameNumber, endOfTalk, opus };
}

/** The packet that a client hears. */
export function writeHeardPacket({ context, sessionId, frameNumber, endOfTalk, opus }: HeardPacket): Uint8Array {
  const packet = Buffer.allocUnsafe(1 + 3 * MAX_VARINT_BYTES + opus.length);
  packet[0] = (OPUS_TYPE << 5) | context;
  let end = writeVarint(packet, 1, sessionId);
  end = writeVarint(packet, end, frameNumber);
  end = writeVarint(packet, end, opus.length | (endOfTalk ? END_OF_TALK_BIT : 0));
  packet.set(opus, end);
  return packet.subarray(0, end + opus.length);
}
