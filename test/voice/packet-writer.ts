/** Packets as a client makes and reads them, written from docs/NETWORK_PROTOCOL.md and not from the relay's code. */
import { createCipheriv } from 'node:crypto';
import { type SessionId, sessionId } from '../../src/ids.js';
import type { SessionUpdate } from '../../src/relay/relay-update.js';
import type { Random } from './random.js';

/** A session's side of the protocol: its keys and its counter. */
export class PacketWriter {
  readonly id: SessionId;
  readonly keys: SessionUpdate;
  /** The counter of the last packet. */
  counter = 0;

  constructor(id: number, random: Random) {
    this.id = sessionId(id);
    this.keys = { sessionId: this.id, clientKey: random.bytes(16), serverKey: random.bytes(16) };
  }

  /** A voice packet whose sealed payload is `payload`: the relay cannot look into it. */
  voice(target: number, options: { epoch?: number; payload?: Uint8Array; counter?: number } = {}): Uint8Array {
    const { epoch = 0, payload = new Uint8Array(100) } = options;
    return this.tagged(Buffer.concat([this.header(0x50, epoch & 0xff, target, options.counter), payload]));
  }

  ping(options: { timestamp?: bigint; token?: bigint; counter?: number } = {}): Uint8Array {
    const body = Buffer.alloc(16);
    body.writeBigUInt64BE(options.timestamp ?? 0n, 0);
    body.writeBigUInt64BE(options.token ?? 0n, 8);
    return this.tagged(Buffer.concat([this.header(0x51, 0, 0, options.counter), body]));
  }

  header(kind: number, epoch: number, target: number, counter?: number): Buffer {
    if (counter === undefined) this.counter += 1;
    const header = Buffer.alloc(16);
    header.writeUInt8(kind, 0);
    header.writeUInt8(epoch, 1);
    header.writeUInt32BE(target, 2);
    header.writeUInt32BE(this.id, 6);
    header.writeUIntBE(counter ?? this.counter, 10, 6);
    return header;
  }

  tagged(packet: Buffer): Uint8Array {
    return Buffer.concat([packet, sessionTag(this.keys.clientKey, packet)]);
  }

  /** What a pong says, or undefined where its tag is not the server's. */
  readPong(pong: Uint8Array): { counter: number; timestamp: bigint; token: bigint } | undefined {
    const bytes = Buffer.from(pong);
    const tagged = bytes.subarray(0, -12);
    const isPong = bytes.length === 44 && bytes.readUInt8(0) === 0x52 && bytes.readUInt32BE(6) === this.id;
    if (!isPong || !sessionTag(this.keys.serverKey, tagged).equals(bytes.subarray(-12))) return undefined;
    return { counter: bytes.readUIntBE(10, 6), timestamp: bytes.readBigUInt64BE(16), token: bytes.readBigUInt64BE(24) };
  }
}

function sessionTag(key: Uint8Array, packet: Buffer): Buffer {
  const nonce = Buffer.concat([Buffer.alloc(2), packet.subarray(6, 16)]);
  const cipher = createCipheriv('aes-128-gcm', key, nonce, { authTagLength: 12 });
  cipher.setAAD(packet);
  cipher.final();
  return cipher.getAuthTag();
}
