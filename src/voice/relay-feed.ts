import { AppError, notFound, unreachable } from '../errors.js';
import type { DomainEvent, EventCause } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { ChannelId, OrganizationId, SessionId, UserId, WhisperTargetId } from '../ids.js';
import type { SendText } from '../protocol/generated/control_pb.js';
import type { SessionUpdate } from '../relay/relay-update.js';
import { type Credential, systemContext } from '../request-context.js';
import type { Session } from '../sessions/session.js';
import type { Tracing } from '../tracing/tracing.js';
import type { UserService } from '../users/user.service.js';
import type { ControlClient } from './control-events.js';
import { encodeServerMessage } from './control-frames.js';
import type { FeedPorts } from './feed-ports.js';
import { KeyExpiry } from './key-expiry.js';
import { OrganizationFeed } from './organization-feed.js';
import type { OrganizationView } from './organization-view.js';
import type { RelayHost } from './relay-host.js';
import { RelayKeeper } from './relay-keeper.js';
import { addressText } from './text-messages.js';
import { WhisperTargetIds } from './whisper-target-ids.js';
import type { WhisperAudience } from './whispers.js';

/** How often the relay is told the whole truth, and each organization loaded again, in milliseconds: so long an event that was lost can do harm. */
const RESYNC_INTERVAL_MS = 5000;
const SESSION_KEY_BYTES = 16;

/** The clients of sessions of other nodes. */
export interface RemoteClients {
  /** Brings them a whole frame of the protocol. Never throws; who cannot be reached does not get it. */
  deliverText(sessionIds: readonly SessionId[], frame: Uint8Array): void;
}

export interface RelayFeedOptions extends Omit<FeedPorts, 'relay' | 'onPublished'> {
  /** The workers of the relay: each organization is served by one of them. */
  readonly relays: readonly RelayHost[];
  readonly events: EventBus;
  readonly users: UserService;
  /** Null where there are no other nodes. */
  readonly others: RemoteClients | null;
  /** Null where nothing is traced. */
  readonly tracing: Tracing | null;
}

/** What a client is told that comes in. */
export interface Entrance {
  /** The keys of its session. */
  readonly keys: SessionUpdate;
  /** Where its voice goes by UDP. */
  readonly udpPort: number;
  /** Name and tag of the organization. */
  readonly name: string;
  readonly tag: string;
  /** The present state. */
  readonly frames: Uint8Array;
}

interface ServedSession {
  readonly keys: SessionUpdate;
  readonly relay: RelayHost;
}

/** The one place that turns what the control plane has decided into what the relay does and what clients are told. */
export class RelayFeed {
  readonly #options: RelayFeedOptions;
  readonly #feedPorts: Omit<FeedPorts, 'relay'>;
  readonly #publishedListeners: ((view: OrganizationView) => void)[] = [];
  readonly #organizations = new Map<OrganizationId, OrganizationFeed>();
  /** The sessions that the relay knows. */
  readonly #sessions = new Map<SessionId, ServedSession>();
  readonly #keepers: readonly RelayKeeper[];
  readonly #whisperTargetIds: WhisperTargetIds;
  readonly #unsubscribe: () => void;
  readonly #resyncTimer: NodeJS.Timeout;
  readonly #keyExpiry = new KeyExpiry((sessionId) => this.#onKeyOver(sessionId));
  #generation = 0;
  #isHealing = false;

  constructor(options: RelayFeedOptions) {
    this.#options = options;
    this.#feedPorts = {
      ...options,
      onPublished: (view) => {
        for (const listener of this.#publishedListeners) listener(view);
      },
    };
    this.#whisperTargetIds = new WhisperTargetIds(randomNumber(options.randomBytes));
    this.#unsubscribe = options.events.subscribe((event, cause) => {
      this.#onEvent(event);
      if (cause !== null) this.#tell(event, cause);
    });
    this.#resyncTimer = setInterval(() => this.#resync(), RESYNC_INTERVAL_MS);
    const { logger, nowMs } = options;
    this.#keepers = options.relays.map(
      (relay) => new RelayKeeper({ relay, logger, nowMs, onRestarted: () => this.#tellAll(relay) }),
    );
  }

  /**
   * Makes a session known to the relay, and resolves when its rights are loaded too. Throws the reason where it has ended
   * meanwhile, and UNAVAILABLE where the database is away.
   */
  async admit(session: Session): Promise<void> {
    const { randomBytes } = this.#options;
    const { id: sessionId, organizationId } = session;
    // What has ended before it came here would never be told to end.
    if (!this.#options.sessions.isOpen(sessionId)) {
      throw new AppError('REPLACED', 'You have logged in from somewhere else.');
    }
    const [clientKey, serverKey] = [randomBytes(SESSION_KEY_BYTES), randomBytes(SESSION_KEY_BYTES)];
    const keys = { sessionId, organizationId, clientKey, serverKey };
    const organization = this.#organization(organizationId);
    const { relay } = organization;
    this.#sessions.set(sessionId, { keys, relay });
    relay.update({ type: 'add_session', ...keys });
    const leftMs = session.credential.apiKey?.leftMs ?? null;
    if (leftMs !== null) this.#keyExpiry.watch(sessionId, leftMs);
    await organization.admit(session);
  }

  /** From now on the client is told what happens, also where another one was before. Throws UNAUTHENTICATED where the session has ended. */
  enter({ id, organizationId }: Session, client: ControlClient): Entrance {
    const organization = this.#organizations.get(organizationId);
    const served = this.#sessions.get(id);
    const facts = organization?.view.facts;
    if (organization === undefined || served === undefined || !facts || !organization.view.sessions.has(id)) {
      throw new AppError('UNAUTHENTICATED', 'Your session has ended.');
    }
    const udpPort = served.relay.voicePort;
    return { keys: served.keys, udpPort, name: facts.name, tag: facts.tag, frames: organization.enter(id, client) };
  }

  /** The client of the session is told nothing until it comes back; then it gets the texts that came meanwhile. */
  pause({ id, organizationId }: Session): void {
    this.#organizations.get(organizationId)?.events.pause(id);
  }

  /** The session's client is at another address, which may be banned. */
  relocated(session: Session): void {
    const organization = this.#organizations.get(session.organizationId);
    const former = organization?.view.sessions.get(session.id)?.session;
    if (organization === undefined || former === undefined || former.remoteAddress === session.remoteAddress) return;
    organization.view.amend(session);
    organization.refreshPersistently();
  }

  /** What voice knows of the organization, or undefined where nobody of it is here. */
  viewOf(id: OrganizationId): OrganizationView | undefined {
    return this.#organizations.get(id)?.view;
  }

  /** The worker of the relay that serves the organization, or undefined where nobody of it is here. */
  relayServing(id: OrganizationId): RelayHost | undefined {
    return this.#organizations.get(id)?.relay;
  }

  /** Calls each time when the clients of an organization have been told what is new in the view. */
  onPublished(listener: (view: OrganizationView) => void): void {
    this.#publishedListeners.push(listener);
  }

  /** Resolves when a join has come to its end: the relay knows, and the session has the key. Throws where it may not be there after all. */
  async untilJoined({ organizationId, id }: Session, channelId: ChannelId): Promise<void> {
    await this.#present(organizationId).untilKeyed(channelId, id);
  }

  /** Says to whom a session whispers, by a new target where `target` is null. Resolves with the target when the relay knows and the speaker has the key. Throws NOT_FOUND, PERMISSION_DENIED or QUOTA_EXCEEDED. */
  setWhisper(
    { organizationId, id }: Session,
    target: WhisperTargetId | null,
    audience: WhisperAudience,
  ): Promise<WhisperTargetId> {
    return this.#present(organizationId).setWhisper(id, target, audience);
  }

  /** Throws NOT_FOUND where the session has no such target. */
  removeWhisper({ organizationId, id }: Session, target: WhisperTargetId): void {
    this.#present(organizationId).removeWhisper(id, target);
  }

  /** Brings a text of the session to those who are to read it. Throws as {@link addressText}. */
  sendText({ organizationId, id }: Session, text: SendText): void {
    const organization = this.#present(organizationId);
    const { message, receivers } = addressText(organization.view, id, text);
    const frame = encodeServerMessage(0, message);
    organization.events.sendLasting(receivers, frame);
    const { others, sessions } = this.#options;
    const remote = others === null ? [] : receivers.filter((receiver) => !sessions.isLocal(receiver));
    if (remote.length > 0) others?.deliverText(remote, frame);
  }

  /** Brings a text from another node to the clients of these sessions. */
  deliverText(sessionIds: readonly SessionId[], frame: Uint8Array): void {
    for (const { events } of this.#organizations.values()) events.sendLasting(sessionIds, frame);
  }

  /** The worker of the relay that serves the session. Throws NOT_FOUND where it has ended. */
  relayOf({ id }: Pick<Session, 'id'>): RelayHost {
    const served = this.#sessions.get(id);
    if (served === undefined) throw notFound('session');
    return served.relay;
  }

  /** Resolves when the relay knows of all that has happened before in the organization of the session. */
  async settled({ organizationId }: Session): Promise<void> {
    // What happens in one turn is told to the relay at the end of it.
    await new Promise((resolve) => setImmediate(resolve));
    await this.#organizations.get(organizationId)?.relay.settled();
  }

  /** Stops following. */
  close(): void {
    this.#unsubscribe();
    clearInterval(this.#resyncTimer);
    for (const keeper of this.#keepers) keeper.close();
    this.#keyExpiry.close();
    for (const organization of this.#organizations.values()) organization.close();
    this.#organizations.clear();
  }

  #onEvent(event: DomainEvent): void {
    const organization = this.#organizations.get(event.organizationId);
    switch (event.type) {
      case 'channel_joined':
        organization?.joined(event.channelId, event.sessionId);
        break;
      case 'channel_left':
        organization?.left(event.channelId, event.sessionId, event.reason);
        break;
      case 'session_opened':
        // One of this node is admitted when its rights are loaded.
        if (!this.#options.sessions.isLocal(event.sessionId)) organization?.openedElsewhere(event.sessionId);
        break;
      case 'session_changed':
        if (organization !== undefined) this.#sessionChanged(organization, event.sessionId);
        break;
      case 'session_closed':
        this.#sessions.get(event.sessionId)?.relay.update({ type: 'remove_session', sessionId: event.sessionId });
        this.#sessions.delete(event.sessionId);
        this.#keyExpiry.forget(event.sessionId);
        organization?.closed(event.sessionId, event.reason, event.message);
        if (organization !== undefined) this.#dropIfEmpty(organization);
        break;
      case 'user_updated':
        if (organization !== undefined) this.#background(this.#takeName(event.userId));
        break;
      case 'user_deleted':
        this.#endSessionOf(event.userId, 'user_deleted');
        break;
      case 'user_credentials_changed':
        this.#endSessionOf(event.userId, 'credentials_changed');
        break;
      case 'organization_deleted':
        this.#background(
          this.#options.sessions.closeOfOrganization(
            systemContext('voice-feed'),
            event.organizationId,
            'organization_deleted',
          ),
        );
        break;
      case 'api_key_revoked':
        this.#endSessionBy(event.userId, ({ apiKey }) => apiKey?.id === event.apiKeyId);
        break;
      case 'login_ended':
        this.#endSessionBy(event.userId, ({ loginId }) => loginId === event.loginId);
        break;
      case 'organization_updated':
      case 'owner_changed':
      case 'ban_created':
      case 'role_updated':
      case 'role_deleted':
      case 'role_assigned':
      case 'role_unassigned':
      case 'channel_created':
      case 'channel_updated':
      case 'channel_deleted':
      case 'channel_acl_changed':
        organization?.refreshPersistently();
        break;
      // These change nothing for anybody who is connected.
      case 'organization_created':
      case 'user_created':
      case 'role_created':
      case 'ban_lifted':
      case 'speaking_changed':
        break;
      default:
        unreachable(event);
    }
  }

  /** It may have ended meanwhile where it is of another node. */
  #sessionChanged(organization: OrganizationFeed, id: SessionId): void {
    const { sessions } = this.#options;
    if (sessions.isOpen(id)) organization.changed(sessions.get(systemContext('voice-feed'), id));
  }

  /** Resolves when the relay knows of all that has happened before in the organization. */
  async #untilTold(organization: OrganizationFeed): Promise<void> {
    await organization.refreshed();
    // What happens in one turn is told to the relay at the end of it.
    await new Promise((resolve) => setImmediate(resolve));
    await organization.relay.settled();
  }

  /** Says when what a request has done has come to the relay: to the log, and to the trace that the request was in. */
  #tell({ type, organizationId }: DomainEvent, { requestId, traceParent }: EventCause): void {
    const organization = this.#organizations.get(organizationId);
    const { logger, nowMs, tracing } = this.#options;
    const isTraced = tracing !== null && traceParent !== undefined;
    if (organization === undefined || !(isTraced || logger.isLevelEnabled('debug'))) return;
    const startedAtMs = nowMs();
    const attributes = { 'parley.event': type, 'parley.request_id': requestId };
    const span = isTraced ? tracing.start('voice follows', { link: traceParent, kind: 'consumer', attributes }) : null;
    const facts = { request_id: requestId, event: type, organization_id: organizationId };
    this.#untilTold(organization).then(
      () => {
        span?.end();
        logger.debug({ ...facts, duration_ms: Math.round(nowMs() - startedAtMs) }, 'voice follows an event');
      },
      () => {
        span?.end('UNAVAILABLE');
        logger.debug(facts, 'voice does not follow an event yet');
      },
    );
  }

  /** Whether the key is over is for the database to say. */
  #onKeyOver(sessionId: SessionId): void {
    for (const organization of this.#organizations.values()) {
      if (organization.view.sessions.has(sessionId)) organization.refreshPersistently();
    }
  }

  #endSessionOf(userId: UserId, reason: 'user_deleted' | 'credentials_changed'): void {
    this.#background(this.#options.sessions.closeOfUser(systemContext('voice-feed'), userId, reason));
  }

  #endSessionBy(userId: UserId, isWithdrawn: (credential: Credential) => boolean): void {
    this.#background(this.#options.sessions.closeOfCredential(systemContext('voice-feed'), userId, isWithdrawn));
  }

  async #takeName(userId: UserId): Promise<void> {
    const { users, sessions } = this.#options;
    const ctx = systemContext('voice-feed');
    const user = await users.get(ctx, userId);
    sessions.rename(ctx, userId, user.username);
  }

  #resync(): void {
    for (const relay of this.#options.relays) this.#tellAll(relay);
    if (this.#isHealing) return;
    this.#isHealing = true;
    this.#background(
      this.#healAll().finally(() => {
        this.#isHealing = false;
      }),
    );
  }

  /** One organization after the other, so that this never takes the database from others. */
  async #healAll(): Promise<void> {
    for (const organization of [...this.#organizations.values()]) await organization.heal();
  }

  /** Tells a worker the whole truth about those whom it serves. */
  #tellAll(relay: RelayHost): void {
    this.#generation += 1;
    const organizations = [...this.#organizations.values()].filter((each) => each.relay === relay);
    relay.update({
      type: 'replace_all',
      generation: this.#generation,
      sessions: [...this.#sessions.values()].filter((served) => served.relay === relay).map(({ keys }) => keys),
      routes: organizations.flatMap(({ routes }) => [...routes]),
    });
  }

  #present(id: OrganizationId): OrganizationFeed {
    const organization = this.#organizations.get(id);
    if (organization === undefined) throw notFound('session');
    return organization;
  }

  #organization(id: OrganizationId): OrganizationFeed {
    const known = this.#organizations.get(id);
    if (known !== undefined) return known;
    const ports = { ...this.#feedPorts, relay: this.#relayFor(id) };
    const organization = new OrganizationFeed(id, ports, this.#whisperTargetIds);
    this.#organizations.set(id, organization);
    return organization;
  }

  /** Other nodes must know to which worker they send: there it is the number of the organization that decides. */
  #relayFor(id: OrganizationId): RelayHost {
    const { links, relays } = this.#options;
    return (links === null ? undefined : relays[id % relays.length]) ?? this.#leastBusyRelay();
  }

  /** The worker that serves the fewest sessions. An organization stays with its worker for as long as anybody is there. */
  #leastBusyRelay(): RelayHost {
    const counts = new Map(this.#options.relays.map((relay) => [relay, 0]));
    for (const { relay } of this.#sessions.values()) counts.set(relay, (counts.get(relay) ?? 0) + 1);
    const [least] = [...counts].sort(([, left], [, right]) => left - right);
    if (least === undefined) throw new Error('a feed has one relay at least');
    return least[0];
  }

  #dropIfEmpty(organization: OrganizationFeed): void {
    if (!organization.isEmpty) return;
    this.#organizations.delete(organization.view.organizationId);
    organization.close();
  }

  /** Work whose outcome nobody waits for: the next resync repeats what has failed. */
  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#options.logger.warn({ err: error }, 'voice could not follow a change yet'));
  }
}

function randomNumber(randomBytes: (length: number) => Uint8Array): number {
  const bytes = randomBytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
