import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redirect, Welcome } from '../protocol/generated/control_pb.js';
import { Backoff } from './backoff.js';
import type { ClientBody, ControlStream, ControlStreamOptions, ServerBody } from './control-stream.js';
import { type Entered, enterBy, logIn, resume } from './server-entrance.js';
import { placesToSeek, type ServerPlace, toldPlace } from './server-place.js';
import { VoiceClientError } from './voice-client-error.js';
import type { VoiceReportFields } from './voice-meter.js';

/** The server ends a session from which nothing came for long; the protocol asks for a ping each 15 s at least. */
const KEEP_ALIVE_INTERVAL_MS = 10_000;
/** How long a connection that is lost is tried to be restored where nothing else is asked for, in milliseconds. */
const RECONNECT_FOR_MS = 120_000;
/** A connection that lasted so long was a good one, in milliseconds. */
const STABLE_MS = 10_000;

/** Who logs in: by password in an organization, or by an access token of GraphQL or REST. */
export type Credentials =
  | { readonly organizationTag: string; readonly username: string; readonly password: string }
  | { readonly accessToken: string };

/** Where to connect, and as whom. */
export interface ControlLinkOptions extends ControlStreamOptions {
  readonly credentials: Credentials;
  /** Name and version of the program, at most 64 bytes. */
  readonly clientName: string;
  /** How long to try to come back when the connection has broken, in milliseconds: 120000 where it is left out, 0 for never. */
  readonly reconnectForMs?: number | undefined;
}

/** To the same session; to a new one at another node that goes on for it, in the same channels; or to a new one in none. */
export type WayBack = 'resumed' | 'moved' | 'anew';

/** What happens on a link. */
export interface ControlLinkListener {
  /** An event of the server, in the order in which they came. */
  event(body: ServerBody): void;
  /** What a keep-alive ping tells of voice. */
  voiceReport(): VoiceReportFields;
  /** The answer to a keep-alive ping. */
  alive(pong: ServerBody): void;
  /** The connection is lost, and another one is being sought. */
  reconnecting(reason: VoiceClientError): void;
  /** There is another connection. Its state follows. */
  welcomed(welcome: Welcome, way: WayBack): void;
  /** Resolves when voice goes by the connection of the last welcome. */
  settled(): Promise<void>;
  /** There is no connection any more. Called once, and not after `close`. */
  lost(reason: VoiceClientError): void;
}

/**
 * The control connection of a session, and those that take its place when it breaks: by the resume token of the session,
 * or by a new login, here or at another node of the server, where it is not known any more. It goes to another node when
 * the server asks for it, and leaves the first one when voice goes by the other. Keeps the connection alive.
 */
export class ControlLink {
  /** The words with which the server let the client in. */
  readonly welcome: Welcome;
  readonly #options: ControlLinkOptions;
  readonly #backoff = new Backoff(Math.random);
  readonly #closing = new AbortController();
  /** Undefined while another one is sought. */
  #stream: ControlStream | undefined;
  #sinceMs = performance.now();
  /** Where the session is. */
  #place: ServerPlace;
  #otherPlaces: readonly ServerPlace[];
  #sessionId: number;
  #token: Uint8Array;
  /** True while another node is entered. */
  #isMoving = false;
  /** Why the present connection was lost meanwhile. */
  #lostReason: VoiceClientError | undefined;
  #listener: ControlLinkListener | undefined;
  #isPersistent = false;
  #seeking: Promise<void> = Promise.resolve();
  #keepAlive: NodeJS.Timeout | undefined;
  #ended: VoiceClientError | undefined;

  /** Connects and logs in. Throws CANNOT_CONNECT, CERTIFICATE_REFUSED, or the server's refusal. */
  static async open(options: ControlLinkOptions): Promise<ControlLink> {
    return new ControlLink(options, await logIn(options, originOf(options)));
  }

  private constructor(options: ControlLinkOptions, { stream, welcome, place }: Entered) {
    this.#options = options;
    this.#stream = stream;
    this.welcome = welcome;
    this.#place = place;
    this.#otherPlaces = welcome.otherNodes.map((node) => toldPlace(node, options));
    this.#sessionId = welcome.sessionId;
    this.#token = welcome.resumeToken;
  }

  /** The server's end of the present or last connection and this one, so that a change of the network shows. */
  get addresses(): { readonly remote: string; readonly local: string } {
    const { remoteAddress: remote = '', localAddress: local = '' } = this.#stream ?? {};
    return { remote, local };
  }

  /** How many bytes wait to be sent; infinitely many while there is no connection. */
  get unsentBytes(): number {
    return this.#stream?.unsentBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Begins to hand on what comes, first what has come already. */
  listen(listener: ControlLinkListener): void {
    this.#listener = listener;
    this.#keepAlive = setInterval(() => this.#ping(), KEEP_ALIVE_INTERVAL_MS);
    if (this.#stream !== undefined) this.#follow(this.#stream);
  }

  /** From now on a connection that breaks is followed by another one. */
  persist(): void {
    this.#isPersistent = (this.#options.reconnectForMs ?? RECONNECT_FOR_MS) > 0;
  }

  /** Sends a request and waits for its answer. Throws the server's refusal, TIMED_OUT after 10 s, or DISCONNECTED where there is no connection, or none any more. */
  async request(body: ClientBody): Promise<ServerBody> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#stream === undefined) throw away();
    return this.#stream.request(body);
  }

  /** Sends a message that has no answer; without a connection it is dropped. */
  send(body: ClientBody): void {
    this.#stream?.send(body);
  }

  /** Says goodbye and ends the connection. */
  async close(): Promise<void> {
    const stream = this.#stream;
    this.#listener = undefined;
    this.#end(new VoiceClientError('DISCONNECTED', 'The session was closed.'));
    await this.#seeking;
    await leave(stream);
  }

  #follow(stream: ControlStream): void {
    const isPresent = () => this.#stream === stream && this.#ended === undefined;
    stream.listen({
      event: (body) => {
        if (!isPresent()) return;
        if (body.case === 'redirect') this.#seeking = this.#move(body.value, stream);
        else this.#listener?.event(body);
      },
      lost: (reason) => {
        if (isPresent()) this.#onLost(reason);
      },
    });
  }

  /** Goes to another node. Where that fails, all stays as it was until this node ends it. */
  async #move(redirect: Redirect, former: ControlStream): Promise<void> {
    if (this.#isMoving || this.#ended !== undefined) return;
    this.#isMoving = true;
    try {
      const entered = await enterBy({ ...this.#options, signal: this.#closing.signal }, redirect);
      if (await this.#take(entered, 'moved')) {
        this.#lostReason = undefined;
        await this.#listener?.settled();
        await leave(former);
      }
    } catch (error) {
      if (!(error instanceof VoiceClientError)) throw error;
    }
    this.#isMoving = false;
    const lost = this.#lostReason;
    this.#lostReason = undefined;
    if (lost !== undefined && this.#ended === undefined) this.#onLost(lost);
  }

  #onLost(reason: VoiceClientError): void {
    if (this.#isMoving) {
      // The node from which the client goes may end the connection first.
      this.#lostReason = reason;
      return;
    }
    this.#stream = undefined;
    if (!this.#isPersistent || !isPassing(reason)) {
      this.#giveUp(reason);
      return;
    }
    if (performance.now() - this.#sinceMs >= STABLE_MS) this.#backoff.reset();
    this.#listener?.reconnecting(reason);
    this.#seeking = this.#seek();
  }

  /** Tries until there is a connection, the reason is none that passes, or the time is over. */
  async #seek(): Promise<void> {
    const { reconnectForMs = RECONNECT_FOR_MS } = this.#options;
    const endsAtMs = performance.now() + reconnectForMs;
    const places = placesToSeek(this.#place, this.#otherPlaces, originOf(this.#options));
    let waitMs = this.#backoff.nextPauseMs();
    for (let index = 0; this.#ended === undefined; ) {
      await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      const failure = await this.#attempt(places[index % places.length] ?? this.#place);
      if (failure === undefined) return;
      const isVoidToken = failure.code === 'UNAUTHENTICATED' && this.#token.length > 0;
      if (!isVoidToken && !isPassing(failure)) {
        this.#giveUp(failure);
        return;
      }
      if (isVoidToken) this.#token = new Uint8Array(0);
      else index += 1;
      // Another node may let it in at once: it waits when all have been tried.
      const isRoundOver = !isVoidToken && index % places.length === 0;
      waitMs = isRoundOver ? this.#backoff.nextPauseMs(failure.retryAfterMs) : 0;
      if (performance.now() + waitMs > endsAtMs) this.#giveUp(failure);
    }
  }

  /** Connects once, to the session where that is and there is a token for it. Returns what went wrong, or undefined. */
  async #attempt(place: ServerPlace): Promise<VoiceClientError | undefined> {
    const [sessionId, token] = [this.#sessionId, this.#token];
    const resumes = token.length > 0 && place === this.#place;
    try {
      if (this.#ended !== undefined) return this.#ended;
      const options = { ...this.#options, signal: this.#closing.signal };
      const entered = resumes ? await resume(options, place, { sessionId, token }) : await logIn(options, place);
      await this.#take(entered, resumes ? 'resumed' : 'anew');
      return undefined;
    } catch (error) {
      if (error instanceof VoiceClientError) return error;
      throw error;
    }
  }

  /** Goes on by this connection; returns false where nobody waits for it any more. */
  async #take({ stream, welcome, place }: Entered, way: WayBack): Promise<boolean> {
    if (this.#ended !== undefined) {
      await leave(stream);
      return false;
    }
    this.#stream = stream;
    this.#sinceMs = performance.now();
    this.#place = place;
    this.#otherPlaces = welcome.otherNodes.map((node) => toldPlace(node, this.#options));
    this.#sessionId = welcome.sessionId;
    this.#token = welcome.resumeToken;
    this.#listener?.welcomed(welcome, way);
    this.#follow(stream);
    return true;
  }

  #ping(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const timestamp = BigInt(Math.floor(performance.now()));
    const listener = this.#listener;
    const voice = listener?.voiceReport();
    const answer = stream.request({ case: 'ping', value: { timestamp, ...(voice !== undefined && { voice }) } });
    const onAlive = (pong: ServerBody) => {
      if (this.#stream === stream) listener?.alive(pong);
    };
    answer.then(onAlive).catch((error: unknown) => {
      if (this.#stream !== stream || this.#ended !== undefined) return;
      const detail = error instanceof Error ? error.message : String(error);
      const reason = new VoiceClientError('DISCONNECTED', `The server does not answer: ${detail}`, { cause: error });
      this.#onLost(reason);
      stream.close();
    });
  }

  #giveUp(reason: VoiceClientError): void {
    const listener = this.#listener;
    this.#end(reason);
    listener?.lost(reason);
  }

  #end(reason: VoiceClientError): void {
    this.#ended ??= reason;
    this.#stream = undefined;
    clearInterval(this.#keepAlive);
    this.#closing.abort();
  }
}

/** True where the same may succeed later, without anybody doing anything about it. */
function isPassing({ code }: VoiceClientError): boolean {
  switch (code) {
    case 'CANNOT_CONNECT':
    case 'DISCONNECTED':
    case 'TIMED_OUT':
    case 'SHUTTING_DOWN':
    case 'UNAVAILABLE':
    case 'INTERNAL':
    case 'SERVER_FULL':
    case 'RATE_LIMITED':
      return true;
    default:
      return false;
  }
}

/** Ends the session too: a connection that just closes would leave it waiting. */
async function leave(stream: ControlStream | undefined): Promise<void> {
  if (stream?.isOpen === true) stream.send({ case: 'logout', value: {} });
  await stream?.close();
}

function away(): VoiceClientError {
  return new VoiceClientError('DISCONNECTED', 'The connection is lost, and being restored.');
}

/** Where the client knocked first. */
function originOf({ host, port, fingerprint, insecure }: ControlLinkOptions): ServerPlace {
  return { host, port, fingerprint, insecure };
}
