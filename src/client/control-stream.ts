import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { ClientMessageSchema, type ServerMessage, ServerMessageSchema } from '../protocol/generated/control_pb.js';
import { type CertificatePolicy, checkCertificate } from './certificate.js';
import { encodeFrame, FrameSplitter } from './frame-splitter.js';
import { refusalFromServer, VoiceClientError } from './voice-client-error.js';

const CONNECT_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1000;

/** One of the messages that a client sends. */
export type ClientBody = NonNullable<MessageInitShape<typeof ClientMessageSchema>['body']>;
/** One of the messages that a server sends. */
export type ServerBody = ServerMessage['body'];

/** Where the server is, and how its certificate is judged. */
export interface ControlStreamOptions extends CertificatePolicy {
  readonly host: string;
  readonly port: number;
  /** Ends an attempt to connect. */
  readonly signal?: AbortSignal | undefined;
}

/** What happens on a control connection. */
export interface ControlStreamListener {
  /** An event of the server, in the order in which they came. */
  event(body: ServerBody): void;
  /** The connection is gone. Called once, and not after `close`. */
  lost(reason: VoiceClientError): void;
}

interface PendingRequest {
  resolve(body: ServerBody): void;
  reject(error: VoiceClientError): void;
}

/** The control connection: TLS, frames, requests and their answers. */
export class ControlStream {
  readonly #socket: TLSSocket;
  readonly #splitter = new FrameSplitter();
  readonly #pending = new Map<number, PendingRequest>();
  /** What came before somebody listens. */
  #backlog: ServerBody[] = [];
  #listener: ControlStreamListener | undefined;
  #newestRequestId = 0;
  #ended: VoiceClientError | undefined;

  /** Connects and checks the certificate before anything is sent. Throws CANNOT_CONNECT or CERTIFICATE_REFUSED. */
  static async connect(options: ControlStreamOptions): Promise<ControlStream> {
    const socket = connect({
      host: options.host,
      port: options.port,
      // Without this the handshake fails before the certificate's fingerprint could be shown: `checkCertificate` decides.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ...(isIP(options.host) === 0 ? { servername: options.host } : {}),
    });
    try {
      await secured(socket, `${options.host}:${options.port}`, options.signal);
      checkCertificate(socket, options);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new ControlStream(socket);
  }

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#end(disconnected(`The connection broke: ${error.message}.`, error)));
    socket.on('close', () => this.#end(disconnected('The server closed the connection.')));
  }

  /** The address of the server's end: IPv4 or IPv6. */
  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  /** The address of this end. */
  get localAddress(): string {
    return this.#socket.localAddress ?? '';
  }

  /** False when the connection is gone. */
  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** How many bytes wait to be sent. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Begins to hand on what comes, first what has come already. */
  listen(listener: ControlStreamListener): void {
    this.#listener = listener;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const body of backlog) listener.event(body);
    if (this.#ended !== undefined) listener.lost(this.#ended);
  }

  /** Sends a request and waits for its answer. Throws the server's refusal, TIMED_OUT after 10 s, or DISCONNECTED. */
  request(body: ClientBody): Promise<ServerBody> {
    const requestId = this.#send(body);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        settle(() => reject(new VoiceClientError('TIMED_OUT', 'The server did not answer in time.')));
      }, REQUEST_TIMEOUT_MS);
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#pending.delete(requestId);
        finish();
      };
      this.#pending.set(requestId, {
        resolve: (answer) => settle(() => resolve(answer)),
        reject: (error) => settle(() => reject(error)),
      });
    });
  }

  /** Sends a message that has no answer. Throws DISCONNECTED. */
  send(body: ClientBody): void {
    this.#send(body);
  }

  /** Ends the connection once everything is sent, or after a second; requests that wait are answered by DISCONNECTED. */
  async close(): Promise<void> {
    this.#listener = undefined;
    this.#markEnded(disconnected('The connection was closed.'));
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    await closed;
    clearTimeout(timer);
  }

  #send(body: ClientBody): number {
    if (this.#ended !== undefined) throw this.#ended;
    this.#newestRequestId = (this.#newestRequestId % 0xffff_ffff) + 1;
    const message = create(ClientMessageSchema, { requestId: this.#newestRequestId, body });
    this.#socket.write(encodeFrame(toBinary(ClientMessageSchema, message)));
    return this.#newestRequestId;
  }

  #read(chunk: Buffer): void {
    for (const message of this.#decode(chunk)) this.#dispatch(message);
  }

  #decode(chunk: Buffer): ServerMessage[] {
    try {
      return this.#splitter.push(chunk).map((frame) => fromBinary(ServerMessageSchema, frame));
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#end(
        new VoiceClientError('MALFORMED', `The server does not speak the protocol: ${detail}`, { cause: error }),
      );
      return [];
    }
  }

  #dispatch({ requestId, body }: ServerMessage): void {
    if (this.#ended !== undefined) return;
    if (body.case === 'disconnect') {
      this.#end(refusalFromServer(body.value.code, body.value.message));
    } else if (requestId === 0) {
      if (this.#listener === undefined) this.#backlog.push(body);
      else this.#listener.event(body);
    } else {
      // An answer whose request has timed out finds nobody: its caller has been told.
      const pending = this.#pending.get(requestId);
      if (body.case !== 'refused') pending?.resolve(body);
      else pending?.reject(refusalFromServer(body.value.code, body.value.message, body.value.retryAfterMs));
    }
  }

  #end(reason: VoiceClientError): void {
    this.#socket.destroy();
    this.#markEnded(reason);
  }

  #markEnded(reason: VoiceClientError): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    for (const pending of [...this.#pending.values()]) pending.reject(reason);
    this.#listener?.lost(reason);
  }
}

function secured(socket: TLSSocket, server: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (detail: string, cause?: unknown) =>
      reject(new VoiceClientError('CANNOT_CONNECT', `Cannot connect to ${server}: ${detail}.`, { cause }));
    const timer = setTimeout(() => fail(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`), CONNECT_TIMEOUT_MS);
    const onError = (error: Error) => fail(describe(error), error);
    const onClose = () => fail('the server closed the connection');
    const onAbort = () => fail('nobody waits for it any more');
    signal?.addEventListener('abort', onAbort, { once: true });
    const stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('close', onClose);
    };
    socket.once('error', onError).once('close', onClose).once('error', stop).once('close', stop);
    socket.once('secureConnect', () => {
      stop();
      resolve();
    });
  });
}

/** What went wrong, in a few words. Node wraps the errors of several addresses of one name without a message. */
function describe(error: Error): string {
  const parts = error instanceof AggregateError ? error.errors : [error];
  return parts.map((part) => (part instanceof Error ? part.message : String(part))).join('; ');
}

function disconnected(message: string, cause?: unknown): VoiceClientError {
  return new VoiceClientError('DISCONNECTED', message, { cause });
}
