import type { AuthService } from '../auth/auth.service.js';
import { AppError, invalidInput, notFound, unreachable } from '../errors.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { SessionId } from '../ids.js';
import type { Login, Resume } from '../protocol/generated/control_pb.js';
import { MAX_PACKET_BYTES } from '../relay/packet.js';
import { ANONYMOUS, type RequestContext, systemContext, type UserActor } from '../request-context.js';
import { MAX_LISTENED_CHANNELS, type Session } from '../sessions/session.js';
import type { SessionService } from '../sessions/session.service.js';
import { encodeServerMessage, MAX_FRAME_BYTES, type ServerBody } from './control-frames.js';
import type { LiveSession, LiveSessions, VoiceConnection } from './live-sessions.js';
import type { RelayFeed } from './relay-feed.js';
import { MAX_WHISPER_RECEIVERS, MAX_WHISPER_TARGETS } from './whispers.js';

/** The version of the control protocol that this server speaks. */
export const PROTOCOL_VERSION = 1;

/** What clients are told at their login. */
export interface VoiceTerms {
  /** Name and version of the server program. */
  readonly serverName: string;
  /** In bits per second, over whole datagrams. */
  readonly maxBitrate: number;
  /** In bits per second of Opus. */
  readonly defaultBitrate: number;
  readonly maxJoinedChannels: number;
  readonly idleTimeoutMs: number;
  /** How long a session waits for its client after its connection was lost; 0 where it does not wait. */
  readonly resumeTimeoutMs: number;
}

/** What sessions are opened with. */
export interface OpeningPorts {
  readonly auth: AuthService;
  readonly sessions: SessionService;
  readonly events: EventBus;
  readonly feed: RelayFeed;
  readonly live: LiveSessions;
  readonly terms: VoiceTerms;
  /** Is told what could not be done for a session that has ended. */
  readonly onError: (error: unknown) => void;
}

/** Somebody at the door. */
export interface Visitor {
  readonly connection: VoiceConnection;
  readonly remoteAddress: string | null;
}

/** A session that is open, and the words with which its client is let in. */
export interface Opened {
  readonly live: LiveSession;
  /** Welcome and the whole present state. */
  readonly frames: Uint8Array;
}

/** How one visitor comes to a session: by logging in, or by coming back to one. */
export class SessionOpening {
  readonly #ports: OpeningPorts;
  readonly #visitor: Visitor;
  /** Opened, and not yet served by the connection. */
  #begun: SessionId | null = null;
  #isGone = false;

  constructor(ports: OpeningPorts, visitor: Visitor) {
    this.#ports = ports;
    this.#visitor = visitor;
  }

  /** Begins a session. What it returns is to be called in the moment of the answer, and opens it. Throws the reasons of a refused Login. */
  async login(login: Login, requestId: string): Promise<(messageId: number) => Opened> {
    requireVersion(login.protocolVersion);
    const { connection, remoteAddress } = this.#visitor;
    const ctx: RequestContext = { actor: ANONYMOUS, door: 'voice', requestId, remoteAddress };
    const { sessions, feed, live } = this.#ports;
    const actor = await this.#authenticate(ctx, login);
    const session = await sessions.open({ ...ctx, actor }, { clientName: login.clientName });
    this.#begun = session.id;
    try {
      await feed.admit(session);
      // Nobody would end the session of a connection that has ended before it had one.
      if (this.#isGone) throw notFound('session');
    } catch (error) {
      await sessions.close(systemContext(requestId), session.id, 'disconnected');
      throw error;
    }
    return (messageId) => {
      const frames = this.#welcome(session, messageId);
      this.#begun = null;
      return { live: live.open(session, actor, connection), frames };
    };
  }

  /** Comes back to a session. Throws the reasons of a refused Resume. */
  resume({ protocolVersion, sessionId, token }: Resume, messageId: number): Opened {
    requireVersion(protocolVersion);
    const { connection, remoteAddress } = this.#visitor;
    const { live, sessions, feed } = this.#ports;
    const resumed = live.resume(sessionId, token, connection);
    const session = sessions.relocate(systemContext('voice-resume'), resumed.session.id, remoteAddress);
    feed.relocated(session);
    return { live: resumed, frames: this.#welcome(session, messageId) };
  }

  /** The visitor is gone: what was begun is taken back. */
  abandon(): void {
    this.#isGone = true;
    if (this.#begun === null) return;
    const { sessions, onError } = this.#ports;
    sessions.close(systemContext('voice-end'), this.#begun, 'disconnected').catch(onError);
  }

  /** Somebody whose password is changed or who is removed while this looks must not come in afterwards. */
  async #authenticate(ctx: RequestContext, login: Login): Promise<UserActor> {
    const meanwhile: DomainEvent[] = [];
    const unsubscribe = this.#ports.events.subscribe((event) => {
      if ('userId' in event) meanwhile.push(event);
    });
    try {
      const actor = await this.#identify(ctx, login);
      if (this.#isGone || meanwhile.some((event) => withdraws(event, actor))) {
        throw new AppError('UNAUTHENTICATED', 'This login does not hold any more.');
      }
      return actor;
    } finally {
      unsubscribe();
    }
  }

  #identify(ctx: RequestContext, { credentials }: Login): Promise<UserActor> {
    const { auth } = this.#ports;
    switch (credentials.case) {
      case 'password': {
        const { organizationTag, username, password } = credentials.value;
        const tag = organizationTag === '' ? null : organizationTag;
        return auth.verifyPassword(ctx, { organizationTag: tag, username, password });
      }
      case 'accessToken':
        return auth.authenticate(credentials.value, ctx.remoteAddress);
      case undefined:
        throw invalidInput(['credentials'], 'Log in with a password or an access token.');
      default:
        return unreachable(credentials);
    }
  }

  /** From now on the client is told what happens. */
  #welcome(session: Session, messageId: number): Uint8Array {
    const { feed, live } = this.#ports;
    const { keys, udpPort, name, tag, frames } = feed.enter(session, this.#visitor.connection);
    const { serverName, maxBitrate, defaultBitrate, maxJoinedChannels, idleTimeoutMs, resumeTimeoutMs } =
      this.#ports.terms;
    const { id, userId, username, organizationId } = session;
    const welcome: ServerBody = {
      case: 'welcome',
      value: {
        sessionId: id,
        userId,
        username,
        organizationId,
        organizationName: name,
        organizationTag: tag,
        voice: { udpPort, clientKey: keys.clientKey, serverKey: keys.serverKey },
        limits: {
          maxFrameBytes: MAX_FRAME_BYTES,
          maxDatagramBytes: MAX_PACKET_BYTES,
          maxBitrate,
          defaultBitrate,
          maxJoinedChannels,
          idleTimeoutMs,
          maxWhisperTargets: MAX_WHISPER_TARGETS,
          maxWhisperReceivers: MAX_WHISPER_RECEIVERS,
          maxListenedChannels: MAX_LISTENED_CHANNELS,
          resumeTimeoutMs,
        },
        serverName,
        resumeToken: live.issueToken(id),
      },
    };
    return Buffer.concat([encodeServerMessage(messageId, welcome), frames]);
  }
}

/** True where a login that was being judged does not hold any more after this. */
function withdraws(event: DomainEvent, { userId, credential }: UserActor): boolean {
  switch (event.type) {
    case 'user_credentials_changed':
    case 'user_deleted':
      return event.userId === userId;
    case 'login_ended':
      return event.loginId === credential.loginId;
    case 'api_key_revoked':
      return event.apiKeyId === credential.apiKey?.id;
    default:
      return false;
  }
}

function requireVersion(version: number): void {
  if (version === PROTOCOL_VERSION) return;
  throw new AppError('UNSUPPORTED_VERSION', `This server speaks version ${PROTOCOL_VERSION} of the protocol.`, {
    params: { version: PROTOCOL_VERSION },
  });
}
