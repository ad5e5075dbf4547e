/** A client of subscriptions, over a real WebSocket. */
import { once } from 'node:events';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { TypedDocumentString } from '../graphql/generated/graphql.js';
import { eventually } from './eventually.js';
import type { Answer, AnswerError } from './test-server.js';

/** How the server ended the connection. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** One WebSocket with a token; it does not come back by itself. */
export class Subscriber {
  readonly #client: Client;
  /** Set when the server has closed the connection. */
  ending: Ending | null = null;

  constructor(url: string, token: string | undefined) {
    this.#client = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
      onNonLazyError: () => undefined,
      ...(token !== undefined && { connectionParams: { authorization: `Bearer ${token}` } }),
    });
    this.#client.on('closed', (event) => {
      const { code, reason }: { readonly code?: number; readonly reason?: string } = Object(event);
      this.ending = { code: code ?? 0, reason: reason ?? '' };
    });
  }

  subscribe<Data, Variables>(
    document: TypedDocumentString<Data, Variables> | string,
    variables: Variables,
  ): Stream<Data> {
    return new Stream<Data>(this.#client, document.toString(), Object(variables));
  }

  untilEnded(): Promise<Ending> {
    return eventually(() => this.ending ?? undefined);
  }

  async close(): Promise<void> {
    await this.#client.dispose();
  }
}

/** What one subscription was told, in order. */
export class Stream<Data> {
  readonly answers: Answer<Data>[] = [];
  isOver = false;
  readonly #stop: () => void;
  #read = 0;

  constructor(client: Client, query: string, variables: Record<string, unknown>) {
    this.#stop = client.subscribe<Data>(
      { query, variables },
      {
        next: ({ data, errors }) => this.#note(data, errors),
        error: (error) => {
          if (Array.isArray(error)) this.#note(undefined, error);
          this.isOver = true;
        },
        complete: () => {
          this.isOver = true;
        },
      },
    );
  }

  /** The next message that nobody has asked for yet, with errors and all. */
  async answer(): Promise<Answer<Data>> {
    const answer = await eventually(() => this.answers[this.#read]);
    this.#read += 1;
    return answer;
  }

  /** As {@link answer}, without errors. */
  async next(): Promise<Data> {
    const { data, errors } = await this.answer();
    if (data === null || data === undefined || errors.length > 0) throw new Error(JSON.stringify(errors));
    return data;
  }

  stop(): void {
    this.#stop();
  }

  #note(data: unknown, errors: unknown): void {
    const shown: readonly AnswerError[] = JSON.parse(JSON.stringify(errors ?? []));
    const told: Data | null | undefined = JSON.parse(JSON.stringify(data ?? null));
    this.answers.push({ status: 200, data: told, errors: shown, extensions: {} });
  }
}

/** A WebSocket to which a test speaks as it likes. */
export class RawSubscriber {
  readonly socket: WebSocket;
  readonly received: unknown[] = [];

  static async open(
    url: string,
    options: { readonly protocol?: string; readonly headers?: Record<string, string> } = {},
  ) {
    const { protocol = 'graphql-transport-ws', headers = {} } = options;
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, protocol, { headers });
    await once(socket, 'open');
    return new RawSubscriber(socket);
  }

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.received.push(JSON.parse(String(data))));
    socket.on('error', () => undefined);
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Says who it is and waits to be let in. */
  async greet(token: string): Promise<void> {
    this.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
    await eventually(() => this.received.length > 0);
  }

  async untilClosed(): Promise<Ending> {
    const [code, reason] = await once(this.socket, 'close');
    return { code: Number(code), reason: String(reason) };
  }
}
