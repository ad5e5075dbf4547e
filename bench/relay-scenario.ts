import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { sealPing, sealVoice } from '../src/client/voice-packet.js';

/** Who is where, and how much is said. */
export interface RelayScenario {
  readonly channels: number;
  readonly membersPerChannel: number;
  readonly speakersPerChannel: number;
  /** Of each speaker. */
  readonly packetsPerSecond: number;
}

/** Those of all loads of the relay's benches, and the channels of the load with the most. */
export const USERS = 1000;
export const MAX_CHANNELS = 50;
/** Above it a session would be limited. */
const MAX_PACKETS_PER_SECOND = 200;
/** Of a voice packet, which has 140 bytes with it: 16 header, 4 media header, 16 channel tag, 12 session tag. */
const OPUS = new Uint8Array(92).fill(0xfc);
const VOICE_BYTES = 140;
const PONG_BYTES = 44;
const PING_INTERVAL_MS = 5000;
/** Of a packet with 20 ms. */
const FRAMES_OF_10_MS = 2;
const FIRST_SESSION_ID = 1;
/** 127.1.0.1: each session has an address of its own from here on. */
const FIRST_ADDRESS = 0x7f010001;
/** Of a record in a file: when it is due in nanoseconds (8), session (4), length (4). */
const RECORD_HEADER_BYTES = 16;
const FILE_HEADER_BYTES = 8;
const RECORD_BYTES = RECORD_HEADER_BYTES + Math.ceil(VOICE_BYTES / 8) * 8;
const SESSION_BYTES = 16;

/** 1000 users of whom so many speak, 50 times a second or more often, that this many copies go out. */
export function scenarioOf(membersPerChannel: number, packetsOutPerSecond: number): RelayScenario {
  const channels = USERS / membersPerChannel;
  const packetsInPerChannel = packetsOutPerSecond / (membersPerChannel - 1) / channels;
  const speakersPerChannel = Math.max(2, Math.ceil(packetsInPerChannel / MAX_PACKETS_PER_SECOND));
  return {
    channels,
    membersPerChannel,
    speakersPerChannel,
    packetsPerSecond: packetsInPerChannel / speakersPerChannel,
  };
}

/** A session and all that its client knows. */
export interface BenchSession {
  readonly id: number;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
  /** The channel in which it speaks and listens, from 1 on. */
  readonly target: number;
  readonly channelEpoch: number;
  readonly channelKey: Uint8Array;
}

interface Packet {
  readonly dueNs: number;
  readonly session: number;
  readonly bytes: Uint8Array;
}

/** The clients of a bench: makes their packets beforehand, and the files in which the programs in C read them. */
export class Crowd {
  /** Their ids are one after the other, and so are the members of a channel. */
  readonly sessions: readonly BenchSession[];
  readonly #scenario: RelayScenario;
  readonly #firstId: number;
  readonly #clientKeys: readonly KeyObject[];
  readonly #channelKeys: readonly KeyObject[];
  readonly #counters: number[];
  /** The path token of each session's newest pong. */
  readonly #tokens: bigint[];

  /** A crowd of sessions that no server has opened, for a relay that is told of them. */
  static invented(scenario: RelayScenario): Crowd {
    const { channels, membersPerChannel } = scenario;
    const channelKeys = Array.from({ length: channels }, () => randomBytes(16));
    const sessions = Array.from({ length: channels * membersPerChannel }, (_, index) => {
      const channel = Math.floor(index / membersPerChannel);
      return {
        id: FIRST_SESSION_ID + index,
        clientKey: randomBytes(16),
        serverKey: randomBytes(16),
        target: 1 + channel,
        channelEpoch: 0,
        channelKey: channelKeys[channel] ?? randomBytes(16),
      };
    });
    return new Crowd(scenario, sessions);
  }

  constructor(scenario: RelayScenario, sessions: readonly BenchSession[]) {
    this.#scenario = scenario;
    this.sessions = sessions;
    this.#firstId = sessions[0]?.id ?? FIRST_SESSION_ID;
    this.#clientKeys = sessions.map(({ clientKey }) => createSecretKey(clientKey));
    this.#channelKeys = sessions.map(({ channelKey }) => createSecretKey(channelKey));
    this.#counters = sessions.map(() => 0);
    this.#tokens = sessions.map(() => 0n);
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
    for (let offset = 0; offset + PONG_BYTES <= pongs.length; offset += PONG_BYTES) {
      const session = pongs.readUInt32BE(offset + 6) - this.#firstId;
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
      due.map(({ dueNs, session, isVoice }) => ({
        dueNs,
        session,
        bytes: isVoice ? this.#voice(session) : this.#ping(session),
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
      for (let dueNs = phaseNs; dueNs < durationMs * 1e6; dueNs += periodNs) yield { dueNs, session, isVoice: true };
    }
  }

  *#pingTimes(durationMs: number) {
    for (const [session] of this.sessions.entries()) {
      const phaseMs = (session * PING_INTERVAL_MS) / this.sessions.length;
      for (let dueMs = phaseMs; dueMs < durationMs; dueMs += PING_INTERVAL_MS) {
        yield { dueNs: dueMs * 1e6, session, isVoice: false };
      }
    }
  }

  #voice(session: number): Uint8Array {
    const { id: sessionId, target: targetId, channelEpoch: epoch } = this.#sessionAt(session);
    const counter = this.#nextCounter(session);
    const frameNumber = FRAMES_OF_10_MS * counter;
    const voice = { sessionId, targetId, epoch, counter, frameNumber, endOfTalk: false, opus: OPUS };
    return sealVoice(voice, keyAt(this.#channelKeys, session), keyAt(this.#clientKeys, session));
  }

  #ping(session: number): Uint8Array {
    const probe = { timestamp: 0n, pathToken: this.#tokens[session] ?? 0n };
    const counter = this.#nextCounter(session);
    return sealPing(this.#sessionAt(session).id, counter, probe, keyAt(this.#clientKeys, session));
  }

  #sessionAt(index: number): BenchSession {
    const session = this.sessions[index];
    if (session === undefined) throw new RangeError(`there is no session ${index}`);
    return session;
  }

  #nextCounter(session: number): number {
    const counter = (this.#counters[session] ?? 0) + 1;
    this.#counters[session] = counter;
    return counter;
  }
}

function keyAt(keys: readonly KeyObject[], index: number): KeyObject {
  const key = keys[index];
  if (key === undefined) throw new RangeError(`there is no session ${index}`);
  return key;
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
