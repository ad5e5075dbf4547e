import type { TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { AppError, type ErrorCode } from '../errors.js';
import type { LeaveReason } from '../events/domain-event.js';
import type { ClientMessage, Login, Resume } from '../protocol/generated/control_pb.js';
import { TokenBucket } from '../relay/rate-limit.js';
import {
  decodeClientMessage,
  encodeServerMessage,
  FrameReader,
  MAX_FRAME_BYTES,
  MAX_LOGIN_FRAME_BYTES,
  type ServerBody,
} from './control-frames.js';
import type { VoiceConnection } from './live-sessions.js';
import { Redirected } from './placement.js';
import { disconnect, refused } from './refusal.js';
import { VoiceQueue } from './voice-queue.js';

/** Requests of one connection that wait for their turn; beyond them nothing more is read. */
const MAX_WAITING_REQUESTS = 16;
/** Messages of one connection that are read per second, voice in the tunnel too; beyond them nothing more is read for a moment. */
const MAX_MESSAGES_PER_SECOND = 1000;
/** Voice that waits for a client that does not read fast enough: older than this comes too late to be of use. */
const MAX_WAITING_VOICE_BYTES = 65_536;
/** A client that lets so much wait does not read any more. */
const MAX_UNSENT_BYTES = 1_048_576;
/** How long the last words of a connection may take, in milliseconds. */
const DRAIN_MS = 1000;
/** How long nothing is read from a connection that sends too much, in milliseconds. */
const PAUSE_MS = 50;

/** A request that comes after the login. */
export type RequestBody = Exclude<
  ClientMessage['body'],
  { case: 'login' } | { case: 'resume' } | { case: 'logout' } | { case: 'tunneledVoice' } | { case: undefined }
>;

/** What a connection asks of whoever serves it. What is thrown refuses the request, or a {@link Redirected} answers a login; anything but these and an AppError is a bug. */
export interface ConnectionHandler {
  /** Answers a login. What it returns is called at the moment of the answer, and gives the frames of it. */
  login(login: Login, requestId: string): Promise<(messageId: number) => Uint8Array>;
  /** Answers a resume with the frames of it. */
  resume(resume: Resume, messageId: number): Uint8Array;
  request(body: RequestBody, requestId: string): Promise<ServerBody>;
  /** A voice packet came through the connection. */
  tunneled(packet: Uint8Array): void;
  /** The connection has ended, or is about to. `isLost` where neither side wanted that. Called once. */
  ended(reason: LeaveReason, isLost: boolean): void;
}

export interface ControlConnectionOptions {
  /** Letters, digits and `-`: the beginning of the ids of its requests. */
  readonly id: string;
  readonly idleTimeoutMs: number;
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

/** `expects_login`: nothing has come yet. `logging_in`: the login or the resume is being judged. `open`: there is a session. */
type State = 'expects_login' | 'logging_in' | 'open' | 'ended';

/**
 * One control connection: cuts its bytes into messages, answers requests one after the other, and ends when the client
 * breaks the protocol, falls silent or does not read. Nothing that a client sends makes it throw.
 */
export class ControlConnection implements VoiceConnection {
  readonly #socket: TLSSocket;
  readonly #handler: ConnectionHandler;
  readonly #options: ControlConnectionOptions;
  readonly #reader = new FrameReader(MAX_LOGIN_FRAME_BYTES);
  readonly #waiting: ClientMessage[] = [];
  readonly #budget: TokenBucket;
  readonly #waitingVoice = new VoiceQueue(MAX_WAITING_VOICE_BYTES);
  #state: State = 'expects_login';
  #isWorking = false;
  #isCorked = false;
  #requestCount = 0;
  #droppedVoice = 0;
  #heardAtMs: number;
  #idleTimer: NodeJS.Timeout | undefined;
  #pauseTimer: NodeJS.Timeout | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(
    socket: TLSSocket,
    options: ControlConnectionOptions,
    handlerFor: (connection: ControlConnection) => ConnectionHandler,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#heardAtMs = options.nowMs();
    this.#budget = new TokenBucket(MAX_MESSAGES_PER_SECOND, this.#heardAtMs);
    this.#handler = handlerFor(this);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    // Whoever wants to go says so before: an end without a word is one that the network has made.
    socket.on('end', () => this.#finish('disconnected', true));
    socket.on('drain', () => this.#sendWaitingVoice());
    socket.on('error', () => this.#abort('disconnected'));
    socket.on('close', () => this.#abort('disconnected'));
  }

  /** Voice packets that were not sent because the client did not read fast enough. */
  get droppedVoice(): number {
    return this.#droppedVoice;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  send(frames: Uint8Array): void {
    if (this.#state === 'ended') return;
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) {
      this.#options.logger.info({ connection: this.#options.id }, 'a voice client does not read: disconnected');
      this.#abort('timed_out');
      return;
    }
    this.#write(frames);
  }

  /** Sends a voice packet. Where the client does not read fast enough it waits, and the oldest that wait give way. */
  sendVoice(packet: Uint8Array): void {
    if (this.#state !== 'open') return;
    if (this.#waitingVoice.isEmpty && !this.#socket.writableNeedDrain) this.#writeVoice(packet);
    else this.#droppedVoice += this.#waitingVoice.push(packet);
  }

  end(code: ErrorCode, message: string, reason: LeaveReason): void {
    this.#dismiss(code, message, reason, false);
  }

  #sendWaitingVoice(): void {
    for (const packet of this.#waitingVoice.takeAll()) this.#writeVoice(packet);
  }

  #writeVoice(packet: Uint8Array): void {
    this.#write(encodeServerMessage(0, { case: 'tunneledVoice', value: { packet } }));
  }

  #onData(chunk: Buffer): void {
    // What comes after the end is read and dropped: unread bytes would make the system take our last words back.
    if (this.#state === 'ended') return;
    this.#reader.push(chunk);
    this.#advance();
  }

  /** Takes as many messages as may be taken now, and reads on or not. */
  #advance(): void {
    try {
      while (this.#mayTake()) {
        const frame = this.#reader.next();
        if (frame === undefined) break;
        this.#budget.take(1);
        this.#onMessage(decodeClientMessage(frame));
      }
    } catch (error) {
      this.#fail(error, this.#nextRequestId());
    }
    this.#regulate();
  }

  #mayTake(): boolean {
    return (
      this.#state !== 'ended' &&
      this.#waiting.length < MAX_WAITING_REQUESTS &&
      this.#budget.has(1, this.#options.nowMs())
    );
  }

  #regulate(): void {
    if (this.#state === 'ended' || this.#mayTake()) {
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

  #onMessage(message: ClientMessage): void {
    this.#heardAtMs = this.#options.nowMs();
    const { body } = message;
    if (body.case === undefined) throw unexpected('This message is not one of version 1.');
    const isOpening = body.case === 'login' || body.case === 'resume';
    if (isOpening !== (this.#state === 'expects_login')) {
      throw unexpected(isOpening ? 'You have logged in already.' : 'Log in first.');
    }
    if (body.case === 'tunneledVoice') {
      if (this.#state !== 'open') throw unexpected('Log in first.');
      this.#handler.tunneled(body.value.packet);
      return;
    }
    if (message.requestId === 0) throw new AppError('MALFORMED', 'The id of a request is not 0.');
    if (body.case === 'logout') {
      this.#logOut(message.requestId);
      return;
    }
    if (isOpening) this.#state = 'logging_in';
    this.#waiting.push(message);
    if (!this.#isWorking) this.#work();
  }

  /** Answers what waits, one after the other. */
  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let message = this.#waiting.shift(); message !== undefined; message = this.#waiting.shift()) {
      await this.#answer(message);
      this.#advance();
    }
    this.#isWorking = false;
  }

  async #answer({ requestId: messageId, body }: ClientMessage): Promise<void> {
    if (this.#isOver()) return;
    const requestId = this.#nextRequestId();
    try {
      switch (body.case) {
        case 'login': {
          const answer = await this.#handler.login(body.value, requestId);
          if (!this.#isOver()) this.#open(answer(messageId));
          break;
        }
        case 'resume':
          this.#open(this.#handler.resume(body.value, messageId));
          break;
        case 'logout':
        case 'tunneledVoice':
        case undefined:
          break;
        default:
          this.send(encodeServerMessage(messageId, await this.#handler.request(body, requestId)));
      }
    } catch (error) {
      if (!this.#isOver()) this.#refuse(messageId, error, requestId);
    }
  }

  #open(frames: Uint8Array): void {
    this.#state = 'open';
    this.#reader.maxFrameBytes = MAX_FRAME_BYTES;
    this.#heardAtMs = this.#options.nowMs();
    this.#watchIdleness(this.#options.idleTimeoutMs);
    this.send(frames);
  }

  #refuse(messageId: number, error: unknown, requestId: string): void {
    if (error instanceof Redirected) {
      this.send(encodeServerMessage(messageId, error.body));
      this.#finish('disconnected', false);
      return;
    }
    if (!(error instanceof AppError) || error.kind === 'bug') {
      this.#fail(error, requestId);
      return;
    }
    if (error.kind === 'fault')
      this.#options.logger.warn({ err: error, request_id: requestId }, 'voice request failed');
    this.send(encodeServerMessage(messageId, refused(error)));
    if (this.#state === 'logging_in') this.#finish('disconnected', false);
  }

  /** Ends the connection because of what the client did, or because of a bug, which is told to the log and to nobody else. */
  #fail(error: unknown, requestId: string): void {
    if (error instanceof AppError && error.kind !== 'bug') {
      this.end(error.code, error.message, 'disconnected');
      return;
    }
    this.#options.logger.error({ err: error, request_id: requestId }, 'bug in a voice request');
    this.end('INTERNAL', `Something went wrong on the server (request ${requestId}).`, 'disconnected');
  }

  #watchIdleness(waitMs: number): void {
    this.#idleTimer = setTimeout(() => {
      const { idleTimeoutMs, nowMs } = this.#options;
      // Whoever waits for an answer is not idle.
      if (this.#isWorking) this.#heardAtMs = nowMs();
      const leftMs = this.#heardAtMs + idleTimeoutMs - nowMs();
      if (leftMs > 0) this.#watchIdleness(leftMs);
      else this.#dismiss('TIMED_OUT', 'Nothing was heard from you for too long.', 'timed_out', true);
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

  /** At once, whatever waits for its turn: nobody is kept from going. */
  #logOut(messageId: number): void {
    if (this.#state !== 'open') throw unexpected('Log in first.');
    this.#write(encodeServerMessage(messageId, { case: 'done', value: {} }));
    this.#finish('disconnected', false);
  }

  #dismiss(code: ErrorCode, message: string, reason: LeaveReason, isLost: boolean): void {
    if (this.#state === 'ended') return;
    this.#write(encodeServerMessage(0, disconnect(code, message)));
    this.#finish(reason, isLost);
  }

  /** Sends what waits, and closes: by force after a second. */
  #finish(reason: LeaveReason, isLost: boolean): void {
    if (this.#state === 'ended') return;
    this.#leave(reason, isLost);
    this.#socket.resume();
    this.#drainTimer = setTimeout(() => this.#socket.destroy(), DRAIN_MS);
    this.#socket.end();
  }

  /** Closes at once: the connection is of no use any more. */
  #abort(reason: LeaveReason): void {
    clearTimeout(this.#drainTimer);
    this.#socket.destroy();
    if (this.#state !== 'ended') this.#leave(reason, true);
  }

  #leave(reason: LeaveReason, isLost: boolean): void {
    this.#state = 'ended';
    this.#waiting.length = 0;
    this.#droppedVoice += this.#waitingVoice.takeAll().length;
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#pauseTimer);
    this.#handler.ended(reason, isLost);
  }

  #isOver(): boolean {
    return this.#state === 'ended';
  }

  #nextRequestId(): string {
    this.#requestCount += 1;
    return `${this.#options.id}-${this.#requestCount}`;
  }
}

function unexpected(message: string): AppError {
  return new AppError('UNEXPECTED_MESSAGE', message);
}
