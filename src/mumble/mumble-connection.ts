import type { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import { TokenBucket } from '../relay/rate-limit.js';
import { MAX_BODY_BYTES, MumbleFrameReader } from './mumble-frame-reader.js';
import { decodeMessage, encodeFrame, type MumbleMessage, TUNNEL_TYPE } from './mumble-messages.js';

/** Requests of one connection that wait for their turn; beyond them nothing more is read. */
const MAX_WAITING_REQUESTS = 16;
/** Frames of one connection that are read per second, voice in the tunnel too; beyond them nothing more is read for a moment. */
const MAX_FRAMES_PER_SECOND = 1000;
/** Voice that would wait behind so much comes too late to be of use. */
const MAX_UNSENT_VOICE_BYTES = 65_536;
/** A client that lets so much wait does not read any more. */
const MAX_UNSENT_BYTES = 1_048_576;
/** How long the last words of a connection may take, in milliseconds. */
const DRAIN_MS = 1000;
/** How long nothing is read from a connection that sends too much, in milliseconds. */
const PAUSE_MS = 50;

/** What a connection asks of whoever serves it. */
export interface MumbleHandler {
  /** A voice packet came through the connection. */
  tunneled(packet: Uint8Array): void;
  /** Does at once what needs no turn of its own. Returns false for a message that waits for its turn. */
  handleAtOnce(message: MumbleMessage): boolean;
  /** Carries out what a message asks for. What is thrown ends the connection; anything but an AppError is a bug. */
  handle(message: MumbleMessage, requestId: string): Promise<void>;
  /** The connection has ended, or is about to. Called once. */
  ended(isTimedOut: boolean): void;
}

export interface MumbleConnectionOptions {
  /** Letters, digits and `-`: the beginning of the ids of its requests. */
  readonly id: string;
  readonly idleTimeoutMs: number;
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

/**
 * The control connection of a Mumble client: cuts its bytes into messages, has them carried out one after the other, and
 * ends when the client breaks the protocol, falls silent or does not read. Nothing that a client sends makes it throw.
 */
export class MumbleConnection {
  readonly #socket: TLSSocket;
  readonly #options: MumbleConnectionOptions;
  readonly #handler: MumbleHandler;
  readonly #reader = new MumbleFrameReader();
  readonly #waiting: MumbleMessage[] = [];
  readonly #budget: TokenBucket;
  #isWorking = false;
  #isCorked = false;
  #isEnded = false;
  #requestCount = 0;
  #droppedVoice = 0;
  #heardAtMs: number;
  #idleTimer: NodeJS.Timeout | undefined;
  #pauseTimer: NodeJS.Timeout | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(
    socket: TLSSocket,
    options: MumbleConnectionOptions,
    handlerFor: (connection: MumbleConnection) => MumbleHandler,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#heardAtMs = options.nowMs();
    this.#budget = new TokenBucket(MAX_FRAMES_PER_SECOND, this.#heardAtMs);
    this.#handler = handlerFor(this);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.close());
    socket.on('error', () => this.#abort());
    socket.on('close', () => this.#abort());
  }

  /** Voice packets that were not sent because the client did not read fast enough. */
  get droppedVoice(): number {
    return this.#droppedVoice;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The client has logged in: it may send longer messages, and has to be heard now and then. */
  opened(): void {
    this.#reader.maxBodyBytes = MAX_BODY_BYTES;
    this.heard();
    this.#watchIdleness(this.#options.idleTimeoutMs);
  }

  /** The client has been heard by another way. */
  heard(): void {
    this.#heardAtMs = this.#options.nowMs();
  }

  /** Sends whole frames, in the order of the calls. Never throws; a client that is gone gets nothing. */
  send(frames: Uint8Array): void {
    if (this.#isEnded || frames.length === 0) return;
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) {
      this.#options.logger.info({ connection: this.#options.id }, 'a Mumble client does not read: disconnected');
      this.#abort();
      return;
    }
    this.#write(frames);
  }

  /** Sends a voice packet, unless so much waits that it would come too late. */
  sendVoice(packet: Uint8Array): void {
    if (this.#isEnded) return;
    if (this.#socket.writableLength > MAX_UNSENT_VOICE_BYTES) this.#droppedVoice += 1;
    else this.#write(encodeFrame(TUNNEL_TYPE, packet));
  }

  /** Sends what waits, and closes: by force after a second. */
  close(isTimedOut = false): void {
    if (this.#isEnded) return;
    this.#leave(isTimedOut);
    this.#socket.resume();
    this.#drainTimer = setTimeout(() => this.#socket.destroy(), DRAIN_MS);
    this.#socket.end();
  }

  #onData(chunk: Buffer): void {
    // What comes after the end is read and dropped: unread bytes would make the system take our last words back.
    if (this.#isEnded) return;
    this.#reader.push(chunk);
    this.#advance();
  }

  /** Takes as many frames as may be taken now, and reads on or not. */
  #advance(): void {
    try {
      while (this.#mayTake()) {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        this.#budget.take(1);
        this.#onFrame(frame.type, frame.body);
      }
    } catch (error) {
      this.#fail(error, this.#nextRequestId());
    }
    this.#regulate();
  }

  #mayTake(): boolean {
    return !this.#isEnded && this.#waiting.length < MAX_WAITING_REQUESTS && this.#budget.has(1, this.#options.nowMs());
  }

  #regulate(): void {
    if (this.#isEnded || this.#mayTake()) {
      this.#socket.resume();
      return;
    }
    this.#socket.pause();
    // Where requests wait, the end of one of them reads on.
    if (this.#waiting.length >= MAX_WAITING_REQUESTS || this.#pauseTimer !== undefined) return;
    this.#pauseTimer = setTimeout(() => {
      this.#pauseTimer = undefined;
      this.#advance();
    }, PAUSE_MS);
  }

  #onFrame(type: number, body: Uint8Array): void {
    this.heard();
    if (type === TUNNEL_TYPE) {
      this.#handler.tunneled(body);
      return;
    }
    const message = decodeMessage(type, body);
    if (message === undefined || this.#handler.handleAtOnce(message)) return;
    this.#waiting.push(message);
    if (!this.#isWorking) this.#work();
  }

  /** Carries out what waits, one after the other. */
  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      const requestId = this.#nextRequestId();
      try {
        await this.#handler.handle(message, requestId);
      } catch (error) {
        this.#fail(error, requestId);
      }
      this.#advance();
    }
    this.#isWorking = false;
  }

  /** Ends the connection because of what the client did, or because of a bug, which is told to the log and to nobody else. */
  #fail(error: unknown, requestId: string): void {
    if (!(error instanceof AppError) || error.kind === 'bug') {
      this.#options.logger.error({ err: error, request_id: requestId }, 'bug in a request of a Mumble client');
    }
    this.close();
  }

  #watchIdleness(waitMs: number): void {
    this.#idleTimer = setTimeout(() => {
      const { idleTimeoutMs, nowMs } = this.#options;
      // Whoever waits for an answer is not idle.
      if (this.#isWorking) this.heard();
      const leftMs = this.#heardAtMs + idleTimeoutMs - nowMs();
      if (leftMs > 0) this.#watchIdleness(leftMs);
      else this.close(true);
    }, waitMs);
  }

  /** Everything of one turn goes to the network at once. */
  #write(frames: Uint8Array): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(frames);
  }

  /** Closes at once: the connection is of no use any more. */
  #abort(): void {
    clearTimeout(this.#drainTimer);
    this.#socket.destroy();
    if (!this.#isEnded) this.#leave(false);
  }

  #leave(isTimedOut: boolean): void {
    this.#isEnded = true;
    this.#waiting.length = 0;
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#pauseTimer);
    this.#handler.ended(isTimedOut);
  }

  #nextRequestId(): string {
    this.#requestCount += 1;
    return `${this.#options.id}-${this.#requestCount}`;
  }
}
