import { once } from 'node:events';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type CertificatePolicy, checkCertificate } from '../src/client/certificate.js';
import type { ClientBody, ServerBody } from '../src/client/control-stream.js';
import { encodeFrame, FrameSplitter } from '../src/client/frame-splitter.js';
import { ClientMessageSchema, ServerMessageSchema, type Welcome } from '../src/protocol/generated/control_pb.js';

const PROTOCOL_VERSION = 1;
const PING_INTERVAL_MS = 10_000;
const CLIENT_NAME = 'parley bench';
/** One for all: a client has its own, and makes it in its own time. */
const SECURE_CONTEXT = createSecureContext({ minVersion: 'TLSv1.2' });
/** First bytes of events: the number of the field in `ServerMessage`, and its wire type. */
const SKIPPED_EVENTS: ReadonlySet<number | undefined> = new Set([
  // channel_state, channel_removed, session_state, session_removed
  ...[6, 7, 8, 9].map((field) => (field << 3) | 2),
]);

export interface CrowdConnectionOptions extends CertificatePolicy {
  readonly host: string;
  readonly port: number;
  readonly accessToken: string;
}

/**
 * The control connection of one of a thousand clients in one process: it receives all that the server tells, and leaves
 * unread who else is there, which a thousand clients would read on a thousand machines.
 */
export class CrowdConnection {
  readonly welcome: Promise<Welcome>;
  /** Resolves when the whole present state has come. */
  readonly synchronized: Promise<void>;
  readonly #socket: TLSSocket;
  readonly #splitter = new FrameSplitter();
  readonly #answers = new Map<number, PromiseWithResolvers<ServerBody>>();
  readonly #synchronized = Promise.withResolvers<void>();
  readonly #onEvent: (body: ServerBody) => void;
  readonly #pings: NodeJS.Timeout;
  #newestRequestId = 0;
  #isClosing = false;

  /** Connects, checks the certificate and logs in; `onEvent` is told what is read. */
  static async open(options: CrowdConnectionOptions, onEvent: (body: ServerBody) => void): Promise<CrowdConnection> {
    const { host, port, accessToken } = options;
    const socket = connect({ host, port, rejectUnauthorized: false, secureContext: SECURE_CONTEXT });
    await once(socket, 'secureConnect');
    checkCertificate(socket, options);
    return new CrowdConnection(socket, accessToken, onEvent);
  }

  private constructor(socket: TLSSocket, accessToken: string, onEvent: (body: ServerBody) => void) {
    this.#socket = socket;
    this.#onEvent = onEvent;
    this.synchronized = this.#synchronized.promise;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the server closed a connection')));
    this.#pings = setInterval(() => this.#send({ case: 'ping', value: {} }), PING_INTERVAL_MS);
    const credentials = { case: 'accessToken' as const, value: accessToken };
    const value = { protocolVersion: PROTOCOL_VERSION, clientName: CLIENT_NAME, credentials };
    this.welcome = this.request({ case: 'login', value }).then((answer) => {
      if (answer.case !== 'welcome') throw new Error(`a login was answered by ${answer.case}`);
      return answer.value;
    });
  }

  /** Sends a request and waits for its answer. Throws the server's refusal. */
  request(body: ClientBody): Promise<ServerBody> {
    const answer = Promise.withResolvers<ServerBody>();
    this.#answers.set(this.#send(body), answer);
    return answer.promise;
  }

  /** Logs out, and resolves when the connection is closed. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#pings);
    const closed = once(this.#socket, 'close');
    this.#send({ case: 'logout', value: {} });
    this.#socket.end();
    await closed;
  }

  #send(body: ClientBody): number {
    this.#newestRequestId += 1;
    const message = create(ClientMessageSchema, { requestId: this.#newestRequestId, body });
    this.#socket.write(encodeFrame(toBinary(ClientMessageSchema, message)));
    return this.#newestRequestId;
  }

  #read(chunk: Buffer): void {
    for (const frame of this.#splitter.push(chunk)) {
      if (SKIPPED_EVENTS.has(frame[0])) continue;
      const { requestId, body } = fromBinary(ServerMessageSchema, frame);
      if (body.case === 'disconnect') this.#end(new Error(`a client was sent away: ${body.value.message}`));
      else if (body.case === 'synchronized') this.#synchronized.resolve();
      else if (requestId === 0) this.#onEvent(body);
      else this.#answer(requestId, body);
    }
  }

  #answer(requestId: number, body: ServerBody): void {
    const answer = this.#answers.get(requestId);
    this.#answers.delete(requestId);
    if (body.case === 'refused') answer?.reject(new Error(`a client was refused: ${body.value.message}`));
    else answer?.resolve(body);
  }

  /** A connection that a bench did not end makes what it measures worthless: whoever waits is told, and else everybody. */
  #end(error: Error): void {
    clearInterval(this.#pings);
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#socket.destroy();
    this.#synchronized.reject(error);
    for (const answer of this.#answers.values()) answer.reject(error);
    this.#answers.clear();
  }
}
