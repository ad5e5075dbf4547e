/** A control connection that obeys nobody: it sends what the test says, written from docs/NETWORK_PROTOCOL.md alone, and remembers what comes. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  ClientMessageSchema,
  ErrorCode,
  type ServerMessage,
  ServerMessageSchema,
} from '../../src/protocol/generated/control_pb.js';
import { eventually } from '../support/eventually.js';

export type ClientBody = NonNullable<MessageInitShape<typeof ClientMessageSchema>['body']>;

export class RawControl {
  readonly received: ServerMessage[] = [];
  readonly socket: TLSSocket;
  readonly #waiting = new Map<
    number,
    { readonly resolve: (body: ServerMessage['body']) => void; readonly reject: (error: Error) => void }
  >();
  #bytes: Buffer = Buffer.alloc(0);
  #lastRequestId = 0;
  #isClosed = false;

  static async open(port: number): Promise<RawControl> {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    return new RawControl(socket);
  }

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('close', () => {
      this.#isClosed = true;
      for (const [requestId, { reject }] of this.#waiting) reject(new Error(`no answer to request ${requestId}`));
    });
    // A server that cuts the connection is what some tests are about.
    socket.on('error', () => undefined);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends a request and returns its id. */
  send(body: ClientBody, requestId = this.nextId()): number {
    this.sendBytes(frameOf(toBinary(ClientMessageSchema, create(ClientMessageSchema, { requestId, body }))));
    return requestId;
  }

  sendBytes(bytes: Uint8Array | string): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'hex') : bytes);
  }

  async request(body: ClientBody): Promise<ServerMessage['body']> {
    return this.answerTo(this.send(body));
  }

  /** Waits for the answer. Fails where the connection ends without it. */
  async answerTo(requestId: number): Promise<ServerMessage['body']> {
    const known = this.received.find((message) => message.requestId === requestId);
    if (known !== undefined) return known.body;
    if (this.#isClosed) throw new Error(`no answer to request ${requestId}`);
    return new Promise((resolve, reject) => this.#waiting.set(requestId, { resolve, reject }));
  }

  /** Logs in and waits for the whole state. */
  async login(organizationTag: string, username: string, password: string): Promise<ServerMessage['body']> {
    const answer = await this.request(loginBody(organizationTag, username, password));
    if (answer.case === 'welcome') await eventually(() => this.cases.includes('synchronized'));
    return answer;
  }

  /** The kinds of messages that came, in their order. */
  get cases(): readonly (string | undefined)[] {
    return this.received.map(({ body }) => body.case);
  }

  /** Waits for the end, and returns the code of the last words, or undefined where there were none. */
  async lastWords(): Promise<keyof typeof ErrorCode | undefined> {
    await eventually(() => this.#isClosed);
    const last = this.received.at(-1)?.body;
    if (last?.case === 'disconnect') return codeName(last.value.code);
    return undefined;
  }

  /** The codes of the refusals that came. */
  get refusals(): readonly (keyof typeof ErrorCode)[] {
    return this.received.flatMap(({ body }) => (body.case === 'refused' ? [codeName(body.value.code)] : []));
  }

  /** Goes in an orderly way: a session ends at once. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const closed = once(this.socket, 'close');
    const isLoggedIn = this.cases.includes('welcome') && !this.socket.readableEnded && this.socket.writable;
    if (isLoggedIn) this.send({ case: 'logout', value: {} });
    // Nobody waits for a server that does not read.
    this.socket.end(() => this.socket.destroy());
    await closed;
  }

  /** Breaks the connection: a session waits for its client. */
  async cut(): Promise<void> {
    if (this.#isClosed) return;
    const closed = once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }

  nextId(): number {
    this.#lastRequestId += 1;
    return this.#lastRequestId;
  }

  #onData(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUInt32BE(0)) {
      const end = 4 + this.#bytes.readUInt32BE(0);
      const message = fromBinary(ServerMessageSchema, this.#bytes.subarray(4, end));
      this.#bytes = this.#bytes.subarray(end);
      this.received.push(message);
      this.#waiting.get(message.requestId)?.resolve(message.body);
      this.#waiting.delete(message.requestId);
    }
  }
}

export function loginBody(organizationTag: string, username: string, password: string): ClientBody {
  return {
    case: 'login',
    value: {
      protocolVersion: 1,
      clientName: 'raw',
      credentials: { case: 'password', value: { organizationTag, username, password } },
    },
  };
}

export function frameOf(message: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

export function codeName(code: ErrorCode): keyof typeof ErrorCode {
  const names = Object.entries(ErrorCode).filter(
    (entry): entry is [keyof typeof ErrorCode, ErrorCode] => entry[1] === code,
  );
  const [first] = names;
  if (first === undefined) throw new Error(`no code of the protocol: ${code}`);
  return first[0];
}
