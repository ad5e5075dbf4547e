import { create } from '@bufbuild/protobuf';
import { API_KEY_PREFIX } from '../auth/api-key-prefix.js';
import type { CertificateFingerprints } from '../certificates/certificate-fingerprints.js';
import { AppError, type ErrorCode } from '../errors.js';
import type { LeaveReason } from '../events/domain-event.js';
import { type Login, LoginSchema, type ServerMessage, type Welcome } from '../protocol/generated/control_pb.js';
import type { MumbleAuthenticate, MumblePing, MumbleVersion } from '../protocol/generated/mumble_pb.js';
import { MumbleReject_RejectType as RejectType } from '../protocol/generated/mumble_pb.js';
import { systemContext } from '../request-context.js';
import { FrameReader, readServerMessage } from '../voice/control-frames.js';
import type { ControlRequests } from '../voice/control-requests.js';
import type { VoiceConnection } from '../voice/live-sessions.js';
import { PROTOCOL_VERSION, type Proof } from '../voice/session-opening.js';
import { htmlText } from './html-text.js';
import { type LoginName, loginName } from './login-name.js';
import type { MumbleConnection, MumbleHandler } from './mumble-connection.js';
import { denial } from './mumble-denial.js';
import { encodeMessage, type MumbleMessage } from './mumble-messages.js';
import type { MumblePorts } from './mumble-ports.js';
import { MumbleSession } from './mumble-session.js';

/** 1.4.0: a server that says 1.5 or later is spoken to in another format of voice. */
export const MUMBLE_VERSION = 0x01_04_00;
const MAX_CLIENT_NAME_BYTES = 64;
/** The longest frame of Parley's own that a session is told something in, in bytes. */
const MAX_TOLD_BYTES = 16 * 1024 * 1024;

/** Where a client comes from. */
export interface MumbleVisitor {
  readonly remoteAddress: string;
  /** The name of the host that it has asked for by TLS, or null. */
  readonly hostName: string | null;
  /** The certificate that it has shown, or null. */
  readonly certificate: CertificateFingerprints | null;
  /** Called in the moment of the login. */
  readonly onOpen: () => void;
}

/** One Mumble client: a Parley client that happens to live in the server. It logs in, asks and is told as every other, and this translates. */
export class MumbleClient implements MumbleHandler, VoiceConnection {
  readonly readsView = true;
  readonly #ports: MumblePorts;
  readonly #visitor: MumbleVisitor;
  readonly #connection: MumbleConnection;
  readonly #requests: ControlRequests;
  #version: MumbleVersion | null = null;
  #isLoggingIn = false;
  /** Null before the login. */
  #session: MumbleSession | null = null;

  constructor(ports: MumblePorts, visitor: MumbleVisitor, connection: MumbleConnection) {
    const { host } = ports;
    this.#ports = ports;
    this.#visitor = visitor;
    this.#connection = connection;
    const { remoteAddress, onOpen } = visitor;
    this.#requests = host.requestsOf({ connection: this, door: 'mumble', remoteAddress, onOpen });
    connection.send(
      encodeMessage('version', { versionV1: MUMBLE_VERSION, release: host.terms.serverName, os: 'Parley' }),
    );
  }

  // What the host tells the session.

  send(frames: Uint8Array): void {
    const reader = new FrameReader(MAX_TOLD_BYTES);
    reader.push(frames);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) this.#onTold(readServerMessage(frame));
  }

  sendVoice(packet: Uint8Array): void {
    this.#session?.voice.onRelayed(packet);
  }

  end(_code: ErrorCode, message: string, reason: LeaveReason): void {
    if (this.#session !== null && isFinal(reason)) {
      const { sessionId } = this.#session;
      this.#connection.send(
        encodeMessage('userRemove', { session: sessionId, reason: message, ban: reason === 'banned' }),
      );
    }
    this.#connection.close();
  }

  // What the client says.

  tunneled(packet: Uint8Array): void {
    if (this.#session === null) throw beforeLogin();
    this.#session.voice.receiveTunneled(packet);
  }

  handleAtOnce({ name, value }: MumbleMessage): boolean {
    switch (name) {
      case 'version':
        // Some send it behind their login.
        this.#version ??= value;
        return true;
      case 'ping':
        this.#answerPing(value);
        return true;
      default:
        if (this.#session === null && (name !== 'authenticate' || this.#isLoggingIn)) throw beforeLogin();
        if (name === 'authenticate' && this.#session === null) this.#isLoggingIn = true;
        return false;
    }
  }

  async handle(message: MumbleMessage, requestId: string): Promise<void> {
    if (this.#connection.isEnded) return;
    if (this.#session !== null) await this.#session.handle(message, requestId);
    else if (message.name === 'authenticate') await this.#logIn(message.value, requestId);
  }

  ended(isTimedOut: boolean): void {
    this.#session?.leave();
    this.#requests.ended(isTimedOut ? 'timed_out' : 'disconnected', false);
  }

  async #answerPing(ping: MumblePing): Promise<void> {
    const counters = await this.#session?.countersFor(ping);
    this.#connection.send(encodeMessage('ping', { ...counters, timestamp: ping.timestamp ?? 0n }));
  }

  async #logIn(authenticate: MumbleAuthenticate, requestId: string): Promise<void> {
    let isToBeBound = false;
    try {
      const name = await this.#counted(async () => this.#nameOf(authenticate));
      const login = await this.#counted(() => this.#credentials(authenticate, name, requestId));
      const proof = this.#proofOf(name);
      const open = await this.#requests.login(login, requestId, proof.prove);
      if (this.#connection.isEnded) return;
      this.#welcome(open(0), authenticate.tokens);
      isToBeBound = login.credentials.case === 'password' && !proof.wasProved();
    } catch (error) {
      if (this.#connection.isEnded) return;
      if (!(error instanceof AppError) || error.kind === 'bug') throw error;
      this.#reject(error);
      return;
    }
    if (isToBeBound) await this.#bindCertificate(requestId);
    await this.#session?.enterFirstChannel(requestId);
  }

  /** The certificate of the connection says who comes where it is bound to that user, whatever the password. */
  #proofOf(name: LoginName): { readonly prove: Proof; readonly wasProved: () => boolean } {
    let wasProved = false;
    const { certificate } = this.#visitor;
    return {
      prove: async (ctx) => {
        if (certificate === null) return undefined;
        const actor = await this.#ports.services.auth.verifyCertificate(ctx, name, certificate);
        wasProved = actor !== undefined;
        return actor;
      },
      wasProved: () => wasProved,
    };
  }

  /** Who has shown the password need not show it again with this certificate. The login holds in any case. */
  async #bindCertificate(requestId: string): Promise<void> {
    const { certificate, remoteAddress } = this.#visitor;
    if (certificate === null || this.#session === null || this.#connection.isEnded) return;
    try {
      const ctx = { actor: this.#requests.actor, door: 'mumble' as const, requestId, remoteAddress };
      await this.#ports.services.certificates.bind(ctx, certificate);
    } catch (error) {
      if (!(error instanceof AppError) || error.kind === 'bug') throw error;
      this.#connection.send(denial(error, this.#session.sessionId));
    }
  }

  /** What is refused here does not come as far as where logins are counted. */
  async #counted<Result>(step: () => Promise<Result>): Promise<Result> {
    try {
      return await step();
    } catch (error) {
      this.#ports.services.auth.logins.failed('mumble', error);
      throw error;
    }
  }

  #nameOf({ username = '' }: MumbleAuthenticate): LoginName {
    const name = loginName(username, this.#visitor.hostName, this.#ports.tenants);
    if (name !== undefined) return name;
    throw new AppError('INVALID_INPUT', 'Say which organization is meant: your user name is NAME@TAG.');
  }

  async #credentials({ password = '' }: MumbleAuthenticate, name: LoginName, requestId: string): Promise<Login> {
    const { remoteAddress } = this.#visitor;
    const common = { protocolVersion: PROTOCOL_VERSION, clientName: clientNameOf(this.#version) };
    if (!password.startsWith(API_KEY_PREFIX)) {
      return create(LoginSchema, { ...common, credentials: { case: 'password', value: { ...name, password } } });
    }
    await this.#requireOwnKey(password, name, requestId, remoteAddress);
    return create(LoginSchema, { ...common, credentials: { case: 'accessToken', value: password } });
  }

  /** An API key says by itself who comes: it is not to open the door under another name. */
  async #requireOwnKey(key: string, name: LoginName, requestId: string, remoteAddress: string): Promise<void> {
    const { auth, organizations } = this.#ports.services;
    const { organizationId, username } = await auth.authenticate(key, remoteAddress);
    const tag =
      organizationId === null ? null : (await organizations.get(systemContext(requestId), organizationId)).tag;
    const isSame =
      tag?.toLowerCase() === name.organizationTag.toLowerCase() && username === name.username.normalize('NFC');
    if (!isSame) throw new AppError('INVALID_CREDENTIALS', 'This key is not of this user.');
  }

  /** The session is open: the client is told all, in the order that its kind expects. */
  #welcome(frames: Uint8Array, tokens: readonly string[]): void {
    const reader = new FrameReader(MAX_TOLD_BYTES);
    reader.push(frames);
    const first = reader.next();
    const told = first === undefined ? undefined : readServerMessage(first);
    if (told?.body.case !== 'welcome') throw new Error('a session begins with Welcome');
    this.#session = this.#makeSession(told.body.value, tokens);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) this.#onTold(readServerMessage(frame));
    this.#connection.opened();
    this.#session.begin();
  }

  #makeSession(welcome: Welcome, tokens: readonly string[]): MumbleSession {
    const { remoteAddress } = this.#visitor;
    return new MumbleSession(this.#ports, {
      welcome,
      tokens,
      version: this.#version,
      connection: this.#connection,
      requests: this.#requests,
      remoteAddress,
    });
  }

  #onTold({ body }: ServerMessage): void {
    const session = this.#session;
    if (session === null) return;
    switch (body.case) {
      case 'channelKey':
      case 'whisperKey':
        session.voice.putKey({ target: body.value.targetId, epoch: body.value.epoch, key: body.value.key });
        break;
      case 'whisperEnded':
        session.voice.removeKey(body.value.targetId);
        break;
      case 'textMessage': {
        const { sessionId, channelId, text } = body.value;
        const to = channelId === 0 ? { session: [session.sessionId] } : { channelId: [channelId] };
        this.#connection.send(encodeMessage('textMessage', { actor: sessionId, ...to, message: htmlText(text) }));
        break;
      }
      // The mirror tells states, and answers come back to whoever asks.
      default:
        break;
    }
  }

  #reject(error: AppError): void {
    this.#connection.send(encodeMessage('reject', { type: rejectType(error.code), reason: error.message }));
    this.#connection.close();
  }
}

function rejectType(code: ErrorCode): RejectType {
  switch (code) {
    case 'INVALID_INPUT':
      return RejectType.INVALID_USERNAME;
    // The client asks for the password again.
    case 'INVALID_CREDENTIALS':
    case 'UNAUTHENTICATED':
      return RejectType.WRONG_USER_PW;
    case 'SERVER_FULL':
      return RejectType.SERVER_FULL;
    default:
      return RejectType.NONE;
  }
}

/** True where the client is told that it is put out and is not to come back by itself; otherwise it connects again. */
function isFinal(reason: LeaveReason): boolean {
  return reason !== 'shutting_down' && reason !== 'disconnected' && reason !== 'timed_out';
}

function beforeLogin(): AppError {
  return new AppError('UNEXPECTED_MESSAGE', 'Log in first, once.');
}

/** Name and version of the program, cut to what a session may have. */
function clientNameOf(version: MumbleVersion | null): string {
  const words = `Mumble ${version?.release ?? ''}`
    .replace(/\p{Cc}/gu, '')
    .toWellFormed()
    .trim();
  return Buffer.from(words)
    .subarray(0, MAX_CLIENT_NAME_BYTES)
    .toString()
    .replace(/\uFFFD+$/, '');
}
