import type { AuthService } from '../auth/auth.service.js';
import { AppError, invalidInput, notFound, unreachable } from '../errors.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { ChannelId, SessionId } from '../ids.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import type { Login, Resume } from '../protocol/generated/control_pb.js';
import { MAX_PACKET_BYTES } from '../relay/packet.js';
import { ANONYMOUS, type Door, type RequestContext, systemContext, type UserActor } from '../request-context.js';
import { MAX_LISTENED_CHANNELS, type Session } from '../sessions/session.js';
import type { Inheritance, OpenedSession, SessionService } from '../sessions/session.service.js';
import { encodeServerMessage, MAX_FRAME_BYTES, type ServerBody } from './control-frames.js';
import type { LiveSession, LiveSessions, VoiceConnection } from './live-sessions.js';
import { type Arrival, type Placement, Redirected } from './placement.js';
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
  /** Where voice goes by UDP; empty where that is where the control connection leads. */
  readonly udpHost: string;
}

/** What sessions are opened with. */
export interface OpeningPorts {
  readonly auth: AuthService;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  /** Where clients are served. */
  readonly placement: Placement;
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
  /** The door through which it comes. */
  readonly door: Door;
  readonly remoteAddress: string | null;
}

/** A session that is open, and the words with which its client is let in. */
export interface Opened {
  readonly live: LiveSession;
  /** Welcome and the whole present state. */
  readonly frames: Uint8Array;
}

/** Who the visitor is by something else than what the Login says, or undefined where that has to tell. */
export type Proof = (ctx: RequestContext) => Promise<UserActor | undefined>;

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
  login(login: Login, requestId: string, proof?: Proof): Promise<(messageId: number) => Opened> {
    return this.#ports.auth.logins.counting(this.#visitor.door, () => this.#login(login, requestId, proof));
  }

  async #login(login: Login, requestId: string, proof?: Proof): Promise<(messageId: number) => Opened> {
    requireVersion(login.protocolVersion);
    const { connection, door, remoteAddress } = this.#visitor;
    const ctx: RequestContext = { actor: ANONYMOUS, door, requestId, remoteAddress };
    const { feed, live, sessions } = this.#ports;
    const { actor, inherits } = await this.#authenticate(ctx, login, proof);
    const { session, channelIds } = await this.#begin({ ...ctx, actor }, login, inherits);
    this.#begun = session.id;
    try {
      await feed.admit(session);
      if (channelIds.length > 0) await this.#enter(session, channelIds);
      // Nobody would end the session of a connection that has ended before it had one.
      if (this.#isGone) throw notFound('session');
    } catch (error) {
      await sessions.close(systemContext(requestId), session.id, 'disconnected');
      throw error;
    }
    return (messageId) => {
      const frames = this.#welcome(session, messageId);
      this.#begun = null;
      return { live: live.open(session, { actor, followsRedirects: login.followsRedirects }, connection), frames };
    };
  }

  /** Throws {@link Redirected} where the session is to be opened elsewhere. */
  async #begin(
    ctx: RequestContext & { readonly actor: UserActor },
    { clientName, credentials, followsRedirects }: Login,
    inherits: Inheritance | null,
  ): Promise<OpenedSession> {
    const { sessions, placement } = this.#ports;
    if (inherits !== null) return sessions.takeOver(ctx, clientName, inherits);
    if (credentials.case !== 'ticket') {
      const redirection = await placement.elsewhere(ctx.actor, followsRedirects);
      if (redirection !== null) throw new Redirected(redirection);
    }
    return { session: await sessions.open(ctx, { clientName }), channelIds: [] };
  }

  /** A session that has come from another node is in its channels, and has their keys, before its client is welcomed. */
  async #enter(session: Session, channelIds: readonly ChannelId[]): Promise<void> {
    const { occupancy, feed } = this.#ports;
    await occupancy.adopt(systemContext('voice-move'), session.id, channelIds);
    const entered = await Promise.allSettled(channelIds.map((id) => feed.untilJoined(session, id)));
    for (const outcome of entered) {
      // Who may not be there any more is taken out, and sees it.
      if (outcome.status === 'rejected' && !(outcome.reason instanceof AppError)) throw outcome.reason;
    }
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
  async #authenticate(ctx: RequestContext, login: Login, proof?: Proof): Promise<Arrival> {
    const meanwhile: DomainEvent[] = [];
    const unsubscribe = this.#ports.events.subscribe((event) => {
      if ('userId' in event) meanwhile.push(event);
    });
    try {
      const arrival = await this.#identify(ctx, login, proof);
      if (this.#isGone || meanwhile.some((event) => withdraws(event, arrival.actor))) {
        throw new AppError('UNAUTHENTICATED', 'This login does not hold any more.');
      }
      return arrival;
    } finally {
      unsubscribe();
    }
  }

  async #identify(ctx: RequestContext, { credentials }: Login, proof?: Proof): Promise<Arrival> {
    const { auth, placement } = this.#ports;
    const proven = await proof?.(ctx);
    if (proven !== undefined) return { actor: proven, inherits: null };
    switch (credentials.case) {
      case 'password': {
        const { organizationTag, username, password } = credentials.value;
        const tag = organizationTag === '' ? null : organizationTag;
        const actor = await auth.verifyPassword(ctx, { organizationTag: tag, username, password });
        return { actor, inherits: null };
      }
      case 'accessToken':
        return { actor: await auth.authenticate(credentials.value, ctx.remoteAddress), inherits: null };
      case 'ticket':
        return placement.admit(credentials.value);
      case undefined:
        throw invalidInput(['credentials'], 'Log in with a password or an access token.');
      default:
        return unreachable(credentials);
    }
  }

  /** From now on the client is told what happens. */
  #welcome(session: Session, messageId: number): Uint8Array {
    const { feed, live, placement } = this.#ports;
    const { keys, udpPort, name, tag, frames } = feed.enter(session, this.#visitor.connection);
    const { serverName, maxBitrate, defaultBitrate, maxJoinedChannels, idleTimeoutMs, resumeTimeoutMs, udpHost } =
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
        voice: { udpPort, clientKey: keys.clientKey, serverKey: keys.serverKey, udpHost },
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
        otherNodes: [...placement.others()],
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
