import { createCipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

/** Who is where, and how much is said. */
export interface RelayScenario {
  readonly channels: number;
  readonly membersPerChannel: number;
  readonly speakersPerChannel: number;
  /** Of each speaker. */
  readonly packetsPerSecond: number;
}

/** Bytes of a voice packet that a client sends: 16 header, 96 payload, 16 channel tag, 12 session tag. */
export const VOICE_BYTES = 140;

const HEADER_BYTES = 16;
const TAG_BYTES = 12;
const PING_BYTES = 44;
const PING_INTERVAL_MS = 5000;
const VOICE = 0x50;
const PING = 0x51;
const FIRST_SESSION_ID = 1;
/** 127.1.0.1: each session has an address of its own from here on. */
const FIRST_ADDRESS = 0x7f010001;
/** Of a record in a file: when it is due in nanoseconds (8), session (4), length (4). */
const RECORD_HEADER_BYTES = 16;
const FILE_HEADER_BYTES = 8;
const RECORD_BYTES = RECORD_HEADER_BYTES + Math.ceil(VOICE_BYTES / 8) * 8;
const SESSION_BYTES = 16;

/** A session and all that its client knows. */
export interface BenchSession {
  readonly id: number;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  /** The channel in which it speaks and listens, from 1 on. */
  readonly target: number;
}

interface Packet {
  readonly dueNs: number;
  readonly session: number;
  readonly bytes: Uint8Array;
}

/** The clients of a bench: makes their packets beforehand, and the files in which the programs in C read them. */
export class Crowd {
  readonly sessions: readonly BenchSession[];
  readonly #scenario: RelayScenario;
  readonly #keys: readonly KeyObject[];
  readonly #counters: number[];
  /** The path token of each session's newest pong. */
  readonly #tokens: bigint[];

  constructor(scenario: RelayScenario) {
    const { channels, membersPerChannel } = scenario;
    this.#scenario = scenario;
    this.sessions = Array.from({ length: channels * membersPerChannel }, (_, index) => ({
      id: FIRST_SESSION_ID + index,
      clientKey: randomBytes(16),
      serverKey: randomBytes(16),
      target: 1 + Math.floor(index / membersPerChannel),
    }));
    this.#keys = this.sessions.map(({ clientKey }) => createSecretKey(clientKey));
    this.#counters = this.sessions.map(() => 0);
    this.#tokens = this.sessions.map(() => 0n);
  }

  /** For `load` and the relay in C: id, address, target and place in the channel of each session. */
  sessionFile(): Uint8Array {
    const file = Buffer.alloc(SESSION_BYTES * this.sessions.length);
    for (const [index, { id, target }] of this.sessions.entries()) {
      const offset = SESSION_BYTES * index;
      file.writeUInt32LE(id, offset);
      file.writeUInt32BE(FIRST_ADDRESS + index, offset + 4);
      file.writeUInt32LE(target, offset + 8);
      file.writeUInt32LE(index % this.#scenario.membersPerChannel, offset + 12);
    }
    return file;
  }

  /** For the relay in C: the client keys, one after the other. */
  keyFile(): Uint8Array {
    return Buffer.concat(this.sessions.map(({ clientKey }) => clientKey));
  }

  /** A ping of each session, which echoes the newest path token. */
  pings(): Uint8Array {
    return recordFile(this.sessions.map((_, session) => ({ dueNs: 0, session, bytes: this.#ping(session) })));
  }

  /** Takes what the pings were answered with: pongs, one after the other. */
  learnTokens(pongs: Buffer): void {
    for (let offset = 0; offset + PING_BYTES <= pongs.length; offset += PING_BYTES) {
      const session = pongs.readUInt32BE(offset + 6) - FIRST_SESSION_ID;
      this.#tokens[session] = pongs.readBigUInt64BE(offset + 24);
    }
  }

  /** True where each session has had a path token. */
  get isAnswered(): boolean {
    return this.#tokens.every((token) => token !== 0n);
  }

  /** All that is sent within this time: voice of the speakers, evenly spread, and everybody's pings. */
  conversation(durationMs: number): Uint8Array {
    const due = [...this.#voiceTimes(durationMs), ...this.#pingTimes(durationMs)].sort(
      (left, right) => left.dueNs - right.dueNs,
    );
    return recordFile(
      due.map(({ dueNs, session, kind }) => ({
        dueNs,
        session,
        bytes: kind === VOICE ? this.#voice(session) : this.#ping(session),
      })),
    );
  }

  *#voiceTimes(durationMs: number) {
    const { channels, membersPerChannel, speakersPerChannel, packetsPerSecond } = this.#scenario;
    const periodNs = 1e9 / packetsPerSecond;
    const speakers = channels * speakersPerChannel;
    for (let speaker = 0; speaker < speakers; speaker += 1) {
      const channel = speaker % channels;
      const session = channel * membersPerChannel + Math.floor(speaker / channels);
      const phaseNs = (speaker * periodNs) / speakers;
      for (let dueNs = phaseNs; dueNs < durationMs * 1e6; dueNs += periodNs) yield { dueNs, session, kind: VOICE };
    }
  }

  *#pingTimes(durationMs: number) {
    for (const [session] of this.sessions.entries()) {
      const phaseMs = (session * PING_INTERVAL_MS) / this.sessions.length;
      for (let dueMs = phaseMs; dueMs < durationMs; dueMs += PING_INTERVAL_MS) {
        yield { dueNs: dueMs * 1e6, session, kind: PING };
      }
    }
  }

  #voice(session: number): Uint8Array {
    const packet = Buffer.alloc(VOICE_BYTES, session);
    this.#writeHeader(packet, session, VOICE, this.sessions[session]?.target ?? 0);
    return this.#tagged(packet, session);
  }

  #ping(session: number): Uint8Array {
    const packet = Buffer.alloc(PING_BYTES);
    this.#writeHeader(packet, session, PING, 0);
    packet.writeBigUInt64BE(this.#tokens[session] ?? 0n, 24);
    return this.#tagged(packet, session);
  }

  #writeHeader(packet: Buffer, session: number, kind: number, target: number): void {
    const counter = (this.#counters[session] ?? 0) + 1;
    this.#counters[session] = counter;
    packet.writeUInt8(kind, 0);
    packet.writeUInt8(0, 1);
    packet.writeUInt32BE(target, 2);
    packet.writeUInt32BE(FIRST_SESSION_ID + session, 6);
    packet.writeUIntBE(counter, 10, 6);
  }

  #tagged(packet: Buffer, session: number): Uint8Array {
    const key = this.#keys[session];
    if (key === undefined) throw new RangeError(`there is no session ${session}`);
    const nonce = Buffer.alloc(12);
    packet.copy(nonce, 2, 6, HEADER_BYTES);
    const cipher = createCipheriv('aes-128-gcm', key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(packet.subarray(0, -TAG_BYTES));
    cipher.final();
    cipher.getAuthTag().copy(packet, packet.length - TAG_BYTES);
    return packet;
  }
}

function recordFile(packets: readonly Packet[]): Uint8Array {
  const file = Buffer.alloc(FILE_HEADER_BYTES + RECORD_BYTES * packets.length);
  file.writeUInt32LE(packets.length, 0);
  file.writeUInt32LE(RECORD_BYTES, 4);
  for (const [index, { dueNs, session, bytes }] of packets.entries()) {
    const offset = FILE_HEADER_BYTES + RECORD_BYTES * index;
    file.writeBigUInt64LE(BigInt(Math.round(dueNs)), offset);
    file.writeUInt32LE(session, offset + 8);
    file.writeUInt32LE(bytes.length, offset + 12);
    file.set(bytes, offset + RECORD_HEADER_BYTES);
  }
  return file;
}
