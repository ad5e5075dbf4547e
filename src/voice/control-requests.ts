import type { AuthService } from '../auth/auth.service.js';
import { AppError, invalidInput, notFound, unreachable } from '../errors.js';
import type { DomainEventType, LeaveReason } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import { type ChannelId, channelId, parseSerial, type SessionId, type UserId } from '../ids.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import type { Login } from '../protocol/generated/control_pb.js';
import { MAX_PACKET_BYTES } from '../relay/packet.js';
import { TokenBucket } from '../relay/rate-limit.js';
import type { SessionUpdate } from '../relay/relay-update.js';
import { ANONYMOUS, type RequestContext, systemContext, type UserActor } from '../request-context.js';
import type { Session } from '../sessions/session.js';
import type { SessionService } from '../sessions/session.service.js';
import type { ConnectionHandler, RequestBody } from './control-connection.js';
import type { ControlClient } from './control-events.js';
import { encodeServerMessage, MAX_FRAME_BYTES, type ServerBody } from './control-frames.js';
import type { RelayFeed } from './relay-feed.js';
import type { RelayHost } from './relay-host.js';

/** The version of the control protocol that this server speaks. */
export const PROTOCOL_VERSION = 1;
/** Joins of one session per second, after a first {@link JOIN_BURST}. Each costs the server some work. */
const JOINS_PER_SECOND = 5;
const JOIN_BURST = 32;

/** After these a login that was being judged does not hold any more. */
const WITHDRAWALS: ReadonlySet<DomainEventType> = new Set([
  'user_credentials_changed',
  'user_deleted',
  'api_key_revoked',
]);

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
}

/** What requests are answered with. */
export interface RequestPorts {
  readonly auth: AuthService;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  readonly events: EventBus;
  readonly relay: RelayHost;
  readonly feed: RelayFeed;
  readonly terms: VoiceTerms;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** Is told what could not be done for a session that has ended. */
  readonly onError: (error: unknown) => void;
}

export interface ClientConnection {
  readonly client: ControlClient;
  readonly remoteAddress: string | null;
  /** Called in the moment of the welcome. */
  readonly onOpen: (sessionId: SessionId) => void;
  /** Called once, when the connection has ended. */
  readonly onEnd: () => void;
}

/** Answers the requests of one client by the services. */
export class ControlRequests implements ConnectionHandler {
  readonly #ports: RequestPorts;
  readonly #connection: ClientConnection;
  readonly #joinRate: TokenBucket;
  #actor: UserActor | null = null;
  #session: Session | null = null;
  #hasEnded = false;

  constructor(ports: RequestPorts, connection: ClientConnection) {
    this.#ports = ports;
    this.#connection = connection;
    this.#joinRate = new TokenBucket(JOINS_PER_SECOND, ports.nowMs(), JOIN_BURST);
  }

  async login(login: Login, requestId: string): Promise<(messageId: number) => Uint8Array> {
    if (login.protocolVersion !== PROTOCOL_VERSION) {
      throw new AppError('UNSUPPORTED_VERSION', `This server speaks version ${PROTOCOL_VERSION} of the protocol.`, {
        params: { version: PROTOCOL_VERSION },
      });
    }
    const { remoteAddress, client, onOpen } = this.#connection;
    const ctx: RequestContext = { actor: ANONYMOUS, door: 'voice', requestId, remoteAddress };
    const { sessions, feed } = this.#ports;
    const actor = await this.#authenticate(ctx, login);
    const session = await sessions.open({ ...ctx, actor }, { clientName: login.clientName });
    this.#actor = actor;
    this.#session = session;
    let keys: SessionUpdate;
    try {
      keys = await feed.admit(session);
      // Nobody would end the session of a connection that has ended before it had one.
      if (this.#hasEnded) throw notFound('session');
    } catch (error) {
      await sessions.close(systemContext(requestId), session.id, 'disconnected');
      throw error;
    }
    return (messageId) => {
      const { name, tag, frames } = feed.enter(session, client);
      onOpen(session.id);
      return Buffer.concat([encodeServerMessage(messageId, this.#welcome(session, keys, { name, tag })), frames]);
    };
  }

  async request(body: RequestBody, requestId: string): Promise<ServerBody> {
    const [ctx, session] = this.#present(requestId);
    switch (body.case) {
      case 'join':
        await this.#join(ctx, session, body.value);
        break;
      case 'leave':
        await this.#ports.occupancy.leave(ctx, session.id, toChannelId(body.value.channelId));
        await this.#ports.feed.settled();
        break;
      case 'setSelfState':
        this.#ports.sessions.setSelfState(ctx, session.id, body.value);
        await this.#ports.feed.settled();
        break;
      case 'ping':
        return { case: 'pong', value: { timestamp: body.value.timestamp } };
      default:
        unreachable(body);
    }
    return { case: 'done', value: {} };
  }

  tunneled(packet: Uint8Array): void {
    if (this.#session === null) return;
    // What is too long is dropped and counted by the relay, which one byte too many is enough for.
    this.#ports.relay.receiveTunneled(this.#session.id, packet.subarray(0, MAX_PACKET_BYTES + 1));
  }

  ended(reason: LeaveReason): void {
    this.#hasEnded = true;
    this.#connection.onEnd();
    if (this.#session === null) return;
    this.#ports.sessions.close(systemContext('voice-end'), this.#session.id, reason).catch(this.#ports.onError);
  }

  async #join(
    ctx: RequestContext,
    session: Session,
    { channelId: number, password }: { readonly channelId: number; readonly password: string },
  ): Promise<void> {
    this.#takeJoin();
    const { occupancy, feed } = this.#ports;
    const id = toChannelId(number);
    await occupancy.join(ctx, session.id, id, password);
    try {
      await feed.untilJoined(session, id);
    } catch (error) {
      // Refused means that nothing has happened: whoever was let in and cannot stay is out again.
      await occupancy.leave(ctx, session.id, id).catch(() => undefined);
      throw error;
    }
  }

  /** Somebody whose password is changed or who is removed while this looks must not come in afterwards. */
  async #authenticate(ctx: RequestContext, login: Login): Promise<UserActor> {
    const revoked = new Set<UserId>();
    const unsubscribe = this.#ports.events.subscribe((event) => {
      if (WITHDRAWALS.has(event.type) && 'userId' in event) revoked.add(event.userId);
    });
    try {
      const actor = await this.#identify(ctx, login);
      if (this.#hasEnded || revoked.has(actor.userId)) {
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

  #present(requestId: string): readonly [RequestContext, Session] {
    if (this.#actor === null || this.#session === null) throw notFound('session');
    const { remoteAddress } = this.#connection;
    return [{ actor: this.#actor, door: 'voice', requestId, remoteAddress }, this.#session];
  }

  #takeJoin(): void {
    if (!this.#joinRate.has(1, this.#ports.nowMs())) {
      throw new AppError('RATE_LIMITED', 'You join too many channels in a short time.', {
        retryAfterMs: 1000 / JOINS_PER_SECOND,
      });
    }
    this.#joinRate.take(1);
  }

  #welcome(
    { id, userId, username, organizationId }: Session,
    { clientKey, serverKey }: SessionUpdate,
    organization: { readonly name: string; readonly tag: string },
  ): ServerBody {
    const { serverName, maxBitrate, defaultBitrate, maxJoinedChannels, idleTimeoutMs } = this.#ports.terms;
    return {
      case: 'welcome',
      value: {
        sessionId: id,
        userId,
        username,
        organizationId,
        organizationName: organization.name,
        organizationTag: organization.tag,
        voice: { udpPort: this.#ports.relay.voicePort, clientKey, serverKey },
        limits: {
          maxFrameBytes: MAX_FRAME_BYTES,
          maxDatagramBytes: MAX_PACKET_BYTES,
          maxBitrate,
          defaultBitrate,
          maxJoinedChannels,
          idleTimeoutMs,
        },
        serverName,
      },
    };
  }
}

/** A number from the network that cannot be a channel's is one that there is not. */
function toChannelId(number: number): ChannelId {
  const serial = parseSerial(String(number));
  if (serial === undefined) throw notFound('channel');
  return channelId(serial);
}
