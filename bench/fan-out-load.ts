import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPong, PacketKind, sealPing, sealVoice } from '../src/client/voice-packet.js';
import type { FanOutSession } from './fan-out-messages.js';
import { LOOPBACK, openLoopbackSocket } from './loopback-socket.js';

/** 32 kbit/s in packets of 20 ms. */
const OPUS_BYTES = 80;
/** Packets whose copies have not all arrived: enough that the forwarder never waits, and few enough that no buffer is full. */
const MAX_IN_FLIGHT = 32;
/** Copies that have not come so long after the last one are lost. */
const LOST_AFTER_MS = 500;
const PROOF_TIMEOUT_MS = 10_000;
const POLL_MS = 10;

export interface FanOutLoadOptions {
  readonly channels: number;
  readonly membersPerChannel: number;
}

/** What came of a burst. */
export interface BurstResult {
  readonly copiesExpected: number;
  readonly copiesReceived: number;
  readonly elapsedMs: number;
}

/** The people of the bench, all in this process, each with a socket: they speak one after another, and all of a channel get what is said there. */
export class FanOutLoad {
  readonly #people: readonly Person[];
  readonly #copiesPerPacket: number;
  readonly #channelKey = createSecretKey(randomBytes(16));
  #received = 0;
  #onCopy: () => void = () => undefined;

  static async open(options: FanOutLoadOptions): Promise<FanOutLoad> {
    const { channels, membersPerChannel } = options;
    const sockets = await Promise.all(Array.from({ length: channels * membersPerChannel }, openLoopbackSocket));
    // Neighbours in this order are in different channels, so that speaking in order changes the channel each time.
    const people = sockets.map((socket, index) => new Person(socket, index + 1, 1 + (index % channels)));
    return new FanOutLoad(people, membersPerChannel - 1);
  }

  private constructor(people: readonly Person[], copiesPerPacket: number) {
    this.#people = people;
    this.#copiesPerPacket = copiesPerPacket;
    for (const person of people) {
      person.onVoice = () => {
        this.#received += 1;
        this.#onCopy();
      };
    }
  }

  get sessions(): readonly FanOutSession[] {
    return this.#people.map(({ session }) => session);
  }

  /** Proves everybody's address to the relay at this port. */
  async prove(port: number): Promise<void> {
    for (const person of this.#people) person.ping(port);
    for (let waitedMs = 0; waitedMs < PROOF_TIMEOUT_MS; waitedMs += POLL_MS) {
      if (this.#people.every(({ isProven }) => isProven)) return;
      await sleep(POLL_MS);
    }
    throw new Error(`Not every address was proven within ${PROOF_TIMEOUT_MS / 1000} s.`);
  }

  /** Sends so many voice packets to this port, as fast as the copies come back. They are sealed before the time begins. */
  async burst(port: number, packetCount: number): Promise<BurstResult> {
    const packets = Array.from({ length: packetCount }, (_, index) => {
      const speaker = this.#speakerOf(index);
      return { speaker, bytes: speaker.sealVoice(this.#channelKey) };
    });
    const copiesExpected = packetCount * this.#copiesPerPacket;
    const mayWait = MAX_IN_FLIGHT * this.#copiesPerPacket;
    this.#received = 0;
    let sent = 0;
    let lost = 0;
    let lastCopyAtMs = performance.now();
    const sendMore = () => {
      while (sent < packetCount && sent * this.#copiesPerPacket - this.#received - lost < mayWait) {
        packets[sent]?.speaker.send(packets[sent]?.bytes ?? new Uint8Array(), port);
        sent += 1;
      }
    };
    const startedAtMs = lastCopyAtMs;
    await new Promise<void>((resolve) => {
      const end = () => {
        clearInterval(watch);
        resolve();
      };
      const watch = setInterval(() => {
        if (performance.now() - lastCopyAtMs < LOST_AFTER_MS) return;
        lost = sent * this.#copiesPerPacket - this.#received;
        if (sent === packetCount) end();
        else sendMore();
      }, LOST_AFTER_MS / 5);
      this.#onCopy = () => {
        lastCopyAtMs = performance.now();
        if (this.#received >= copiesExpected) end();
        else sendMore();
      };
      sendMore();
    });
    this.#onCopy = () => undefined;
    return { copiesExpected, copiesReceived: this.#received, elapsedMs: lastCopyAtMs - startedAtMs };
  }

  async close(): Promise<void> {
    await Promise.all(this.#people.map((person) => person.close()));
  }

  #speakerOf(packetIndex: number): Person {
    const speaker = this.#people[packetIndex % this.#people.length];
    if (speaker === undefined) throw new Error('nobody is there');
    return speaker;
  }
}

/** One session, as its client sees it. */
class Person {
  readonly session: FanOutSession;
  onVoice: () => void = () => undefined;
  readonly #socket: Socket;
  readonly #clientKey: KeyObject;
  readonly #serverKey: KeyObject;
  #counter = 0;
  #echoedToken = 0n;
  #isProven = false;

  constructor(socket: Socket, sessionId: number, target: number) {
    const [clientKey, serverKey] = [randomBytes(16), randomBytes(16)];
    this.session = { sessionId, target, port: socket.address().port, clientKey, serverKey };
    this.#socket = socket;
    this.#clientKey = createSecretKey(clientKey);
    this.#serverKey = createSecretKey(serverKey);
    socket.on('message', (packet, { port }) => {
      if (packet[0] === PacketKind.voice) this.onVoice();
      else this.#onPong(packet, port);
    });
  }

  get isProven(): boolean {
    return this.#isProven;
  }

  ping(port: number): void {
    const probe = { timestamp: 0n, pathToken: this.#echoedToken };
    this.send(sealPing(this.session.sessionId, this.#nextCounter(), probe, this.#clientKey), port);
  }

  sealVoice(channelKey: KeyObject): Uint8Array {
    const { sessionId, target: targetId } = this.session;
    const counter = this.#nextCounter();
    const opus = new Uint8Array(OPUS_BYTES);
    const voice = { sessionId, targetId, counter, epoch: 0, frameNumber: 2 * counter, endOfTalk: false, opus };
    return sealVoice(voice, channelKey, this.#clientKey);
  }

  send(packet: Uint8Array, port: number): void {
    this.#socket.send(packet, port, LOOPBACK);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  /** The answer to the ping that echoed the token is the proof. */
  #onPong(packet: Uint8Array, port: number): void {
    const pong = openPong(packet, this.session.sessionId, this.#serverKey);
    if (pong === undefined) return;
    if (pong.pathToken === this.#echoedToken) {
      this.#isProven = true;
      return;
    }
    this.#echoedToken = pong.pathToken;
    this.ping(port);
  }

  #nextCounter(): number {
    this.#counter += 1;
    return this.#counter;
  }
}
