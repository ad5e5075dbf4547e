import { createCipheriv, type KeyObject } from 'node:crypto';

const HEADER_BYTES = 16;
const TAG_BYTES = 12;

/** A packet before its session tag. */
export interface PacketFields {
  readonly kind: number;
  readonly epoch: number;
  readonly target: number;
  readonly session: number;
  /** 0 to 2^48 - 1. */
  readonly counter: number;
  readonly body: Uint8Array;
}

/** The bytes of a packet with its session tag, written from docs/NETWORK_PROTOCOL.md and not from the relay's code. */
export function sealedPacket(fields: PacketFields, key: KeyObject): Uint8Array {
  const packet = untaggedPacket(fields);
  packet.set(sessionTag(packet.subarray(0, -TAG_BYTES), key), packet.length - TAG_BYTES);
  return packet;
}

/** The same with zeros where the tag is to be. */
export function untaggedPacket({ kind, epoch, target, session, counter, body }: PacketFields): Uint8Array {
  const packet = Buffer.alloc(HEADER_BYTES + body.length + TAG_BYTES);
  packet.writeUInt8(kind, 0);
  packet.writeUInt8(epoch & 0xff, 1);
  packet.writeUInt32BE(target, 2);
  packet.writeUInt32BE(session, 6);
  packet.writeUIntBE(counter, 10, 6);
  packet.set(body, HEADER_BYTES);
  return packet;
}

/** True where the last 12 bytes are the tag of those before them. */
export function hasTag(packet: Uint8Array, key: KeyObject): boolean {
  return sessionTag(packet.subarray(0, -TAG_BYTES), key).equals(packet.subarray(-TAG_BYTES));
}

function sessionTag(tagged: Uint8Array, key: KeyObject): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.set(tagged.subarray(6, HEADER_BYTES), 2);
  const cipher = createCipheriv('aes-128-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(tagged);
  cipher.final();
  return cipher.getAuthTag();
}
