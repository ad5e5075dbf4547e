import { CloseCode } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { WatchedIdentity } from '../auth/identity-watch.js';
import { TokenBucket } from '../relay/rate-limit.js';

/** How often a client is asked whether it is there, in milliseconds; one that has not answered by the next time is gone. */
const PING_INTERVAL_MS = 15_000;
/** How long a client may read nothing of what waits for it, in milliseconds. */
const MAX_STALL_MS = 15 * 60_000;
/** Messages of a client per second, and at once. */
const MAX_MESSAGES_PER_SECOND = 50;

export interface SubscriptionConnectionOptions {
  readonly socket: WebSocket;
  readonly remoteAddress: string | null;
  readonly nowMs: () => number;
}

/** One WebSocket, and who is at its other end. */
export class SubscriptionConnection {
  readonly socket: WebSocket;
  readonly remoteAddress: string | null;
  /** Null until somebody has said who they are. */
  identity: WatchedIdentity | null = null;
  readonly #nowMs: () => number;
  readonly #messages: TokenBucket;
  readonly #timer: NodeJS.Timeout;
  #isAnswered = true;
  #stalledSinceMs: number | null = null;

  constructor({ socket, remoteAddress, nowMs }: SubscriptionConnectionOptions) {
    this.socket = socket;
    this.remoteAddress = remoteAddress;
    this.#nowMs = nowMs;
    this.#messages = new TokenBucket(MAX_MESSAGES_PER_SECOND, nowMs());
    this.#timer = setInterval(() => this.#check(), PING_INTERVAL_MS);
    socket.on('pong', () => {
      this.#isAnswered = true;
    });
    socket.once('close', () => clearInterval(this.#timer));
  }

  /** True where the client may say something now; otherwise the connection is closed. */
  mayTalk(): boolean {
    const nowMs = this.#nowMs();
    if (this.#messages.has(1, nowMs)) {
      this.#messages.take(1);
      return true;
    }
    this.close(CloseCode.TooManyInitialisationRequests, 'Too many messages');
    return false;
  }

  /** Resolves when the text has been handed to the system: who does not read is not read for. */
  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== this.socket.OPEN) resolve();
      else this.socket.send(text, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  /** What waits to be read says that the client is slow, not that it is gone: a ping would only wait behind it. */
  #check(): void {
    if (this.socket.bufferedAmount > 0) {
      this.#stalledSinceMs ??= this.#nowMs();
      if (this.#nowMs() - this.#stalledSinceMs > MAX_STALL_MS) this.socket.terminate();
      return;
    }
    this.#stalledSinceMs = null;
    if (!this.#isAnswered) {
      this.socket.terminate();
      return;
    }
    this.#isAnswered = false;
    this.socket.ping();
  }
}
