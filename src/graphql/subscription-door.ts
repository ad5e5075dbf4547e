/** Subscriptions by WebSocket (graphql-transport-ws), on the port and path of GraphQL. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import { CloseCode, type Context, handleProtocols, makeServer, type Server } from 'graphql-ws';
import type { Logger } from 'pino';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { IdentityWatch, WatchedIdentity } from '../auth/identity-watch.js';
import { AppError } from '../errors.js';
import { tokenOf } from '../http/authentication.js';
import { RequestNote } from '../http/request-note.js';
import type { UserId } from '../ids.js';
import type { LiveService } from '../live/live.service.js';
import { messageOf } from '../thrown.js';
import type { CostBudget } from './cost-budget.js';
import { formatError, isBug, originalOf } from './error-format.js';
import type { GraphqlContext } from './graphql-context.js';
import { type LoaderSources, makeLoaders } from './loaders.js';
import { SubscriptionConnection } from './subscription-connection.js';
import { checkSubscription } from './subscription-operation.js';

export interface SubscriptionDoorOptions {
  readonly schema: GraphQLSchema;
  readonly live: LiveService;
  readonly identities: IdentityWatch;
  readonly sources: LoaderSources;
  /** What each actor may spend, on queries and subscriptions together. */
  readonly budget: CostBudget;
  /** Connections at a time. */
  readonly maxConnections: number;
  readonly logger: Logger;
}

const PATH = '/graphql';
/** The largest message of a client, in bytes: that of a document with its variables. */
const MAX_FRAME_BYTES = 65_536;
/** How long a client may take to say who it is, in milliseconds. */
const INIT_TIMEOUT_MS = 5000;
/** Subscriptions of one connection at a time. */
export const MAX_OPERATIONS = 20;
/** Connections of one user at a time. */
export const MAX_CONNECTIONS_OF_USER = 100;
/** How long goodbyes may take when the server ends, in milliseconds. */
const CLOSE_MS = 1000;

/** How graphql-ws begins its error for a message that only a server sends. */
const UNEXPECTED = 'Unexpected message of type';

const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;
/** What graphql-ws itself says for "too many". */
const TOO_MANY = 4429;

type Connections = { readonly connection: SubscriptionConnection };
type Connected = Context<Record<string, unknown> | undefined, Connections>;

/** Takes WebSockets in, asks each who it is, and lets it subscribe. */
export class SubscriptionDoor {
  readonly #options: SubscriptionDoorOptions;
  readonly #sockets: WebSocketServer;
  readonly #server: Server<Connections>;
  readonly #connections = new Set<SubscriptionConnection>();
  readonly #connectionsOfUser = new Map<UserId, number>();
  #isClosing = false;

  constructor(options: SubscriptionDoorOptions) {
    this.#options = options;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      handleProtocols,
    });
    this.#server = makeServer<Record<string, unknown> | undefined, Connections>({
      connectionInitWaitTimeout: INIT_TIMEOUT_MS,
      onConnect: (context) => this.#greet(context),
      onSubscribe: (context, _id, payload) => this.#admit(context, payload),
      onNext: (_context, _id, _payload, _args, { errors, ...result }) =>
        errors === undefined ? undefined : { ...result, errors: this.#shown(errors) },
      onError: (_context, _id, _payload, errors) => this.#shown(errors),
    });
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** What an HTTP server calls for a connection that wants to speak another protocol. */
  readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const refusal = this.#refusalOf(request);
    if (refusal !== null) {
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, request));
  };

  /** Tells everybody to come back later, and to another server perhaps. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const sockets = [...this.#connections].map(({ socket }) => socket);
    const closed = sockets.map((socket) => once(socket, 'close'));
    for (const connection of this.#connections) connection.close(GOING_AWAY, 'Going away');
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.terminate();
    }, CLOSE_MS);
    await Promise.all(closed);
    clearTimeout(timer);
    this.#sockets.close();
  }

  /** A page of another origin has no business here, even though it has no token. */
  #refusalOf({ url = '', headers: { origin, host } }: IncomingMessage): string | null {
    if (url.split('?')[0] !== PATH) return '404 Not Found';
    if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host)) return '403 Forbidden';
    if (this.#isClosing || this.#connections.size >= this.#options.maxConnections) return '503 Service Unavailable';
    return null;
  }

  #open(socket: WebSocket, request: IncomingMessage): void {
    const remoteAddress = request.socket.remoteAddress ?? null;
    const nowMs = () => performance.now();
    const connection = new SubscriptionConnection({ socket, remoteAddress, nowMs });
    this.#connections.add(connection);
    // A frame that is too large or broken: the library has said so to the client and closes.
    socket.on('error', (err) => this.#options.logger.debug({ err }, 'a subscriber sent what is no message'));
    const closed = this.#server.opened(
      {
        protocol: socket.protocol,
        send: (text) => connection.send(text),
        close: (code, reason) => connection.close(code ?? CloseCode.InternalServerError, reason ?? ''),
        onMessage: (receive) => socket.on('message', (data) => void this.#receive(connection, data, receive)),
      },
      { connection },
    );
    socket.once('close', (code, reason) => {
      this.#connections.delete(connection);
      this.#forget(connection);
      closed(code, String(reason)).catch((err: unknown) =>
        this.#options.logger.error({ err }, 'bug: a subscriber could not be dismissed'),
      );
    });
  }

  async #receive(
    connection: SubscriptionConnection,
    data: RawData,
    receive: (text: string) => Promise<void>,
  ): Promise<void> {
    if (connection.socket.readyState !== connection.socket.OPEN || !connection.mayTalk()) return;
    try {
      await receive(String(data));
    } catch (err) {
      // A socket that has broken while something was sent is none of our mistakes.
      if (connection.socket.readyState !== connection.socket.OPEN) return;
      if (messageOf(err).startsWith(UNEXPECTED)) {
        connection.close(CloseCode.BadRequest, 'Unexpected message');
        return;
      }
      this.#options.logger.error({ err }, 'bug: a message of a subscriber could not be handled');
      connection.close(CloseCode.InternalServerError, 'Internal error');
    }
  }

  /** Who does not say who they are is Unauthorized, who says it wrongly is Forbidden. */
  async #greet({ connectionParams, extra: { connection } }: Connected): Promise<boolean | undefined> {
    try {
      const token = tokenOf((name) => parameter(connectionParams, name));
      if (token === undefined) {
        connection.close(CloseCode.Unauthorized, 'Unauthorized');
        return;
      }
      const onLost = () => connection.close(CloseCode.Forbidden, 'Forbidden');
      const identity = await this.#options.identities.watch(token, connection.remoteAddress, onLost);
      if (!this.#keep(connection, identity)) this.#options.identities.forget(identity);
      return true;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const isFault = error.kind === 'fault';
      connection.close(isFault ? TRY_AGAIN_LATER : CloseCode.Forbidden, isFault ? 'Try again later' : 'Forbidden');
      return;
    }
  }

  /** False where the connection has ended meanwhile, or its user has too many. */
  #keep(connection: SubscriptionConnection, identity: WatchedIdentity): boolean {
    if (connection.socket.readyState !== connection.socket.OPEN) return false;
    const count = this.#connectionsOfUser.get(identity.userId) ?? 0;
    if (count >= MAX_CONNECTIONS_OF_USER) {
      connection.close(TOO_MANY, 'Too many connections');
      return false;
    }
    this.#connectionsOfUser.set(identity.userId, count + 1);
    connection.identity = identity;
    return true;
  }

  #forget({ identity }: SubscriptionConnection): void {
    if (identity === null) return;
    this.#options.identities.forget(identity);
    const count = this.#connectionsOfUser.get(identity.userId) ?? 1;
    if (count > 1) this.#connectionsOfUser.set(identity.userId, count - 1);
    else this.#connectionsOfUser.delete(identity.userId);
  }

  #admit({ subscriptions, extra: { connection } }: Connected, payload: Parameters<typeof checkSubscription>[3]) {
    const { schema, budget, sources, live } = this.#options;
    const actor = connection.identity?.actor;
    if (actor === undefined) return [refusal('UNAUTHENTICATED', 'Say first who you are.')];
    // The one that is asked for is counted already.
    if (Object.keys(subscriptions).length > MAX_OPERATIONS) {
      return [refusal('RATE_LIMITED', `A connection has at most ${MAX_OPERATIONS} subscriptions at a time.`)];
    }
    const { remoteAddress, identity } = connection;
    const context = { actor, door: 'graphql', requestId: randomUUID(), remoteAddress } as const;
    const contextValue: GraphqlContext = {
      ...context,
      loaders: makeLoaders(context, sources),
      note: new RequestNote(),
      live: (request) => live.read(context, request, () => identity?.actor),
    };
    return checkSubscription(schema, budget, contextValue, payload);
  }

  #shown(errors: readonly GraphQLError[]): GraphQLFormattedError[] {
    return errors.map((error) => {
      if (isBug(error)) this.#options.logger.error({ err: originalOf(error) }, 'a subscription failed by a bug');
      return formatError(error.toJSON(), error);
    });
  }
}

function parameter(params: Readonly<Record<string, unknown>> | undefined, name: string): string | undefined {
  for (const [key, value] of Object.entries(params ?? {})) {
    if (key.toLowerCase() === name && typeof value === 'string') return value;
  }
  return undefined;
}

function refusal(code: 'UNAUTHENTICATED' | 'RATE_LIMITED', message: string): GraphQLError {
  const error = new AppError(code, message);
  return new GraphQLError(message, { originalError: error });
}
