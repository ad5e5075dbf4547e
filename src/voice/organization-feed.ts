import type { Logger } from 'pino';
import type { BanService } from '../bans/ban.service.js';
import type { ChannelService } from '../channels/channel.service.js';
import { AppError, notFound } from '../errors.js';
import type { LeaveReason } from '../events/domain-event.js';
import type { ChannelId, OrganizationId, SessionId } from '../ids.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import type { OrganizationService } from '../organizations/organization.service.js';
import { holds, Permission } from '../permissions/bits.js';
import type { LoadedPolicy, PermissionService } from '../permissions/permission.service.js';
import type { RouteUpdate } from '../relay/relay-update.js';
import { systemContext } from '../request-context.js';
import type { Session } from '../sessions/session.js';
import type { SessionService } from '../sessions/session.service.js';
import { type ChannelKey, ChannelKeys } from './channel-keys.js';
import { ControlEvents } from './control-events.js';
import { OrganizationFacts } from './organization-facts.js';
import { isSameRoute, OrganizationView } from './organization-view.js';
import { endOfSession } from './refusal.js';
import type { RelayHost } from './relay-host.js';
import { RepeatedTask } from './repeated-task.js';

/** What the feed of an organization asks and tells. */
export interface FeedPorts {
  readonly relay: RelayHost;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  readonly permissions: PermissionService;
  readonly channels: ChannelService;
  readonly organizations: OrganizationService;
  readonly bans: BanService;
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** A key on its way to sessions; it is sent when the relay knows of it. */
interface KeyDelivery {
  readonly channelId: ChannelId;
  readonly key: ChannelKey;
  readonly recipients: readonly SessionId[];
}

/** A session whose rights are being loaded: nobody is told of it yet. */
interface Admission {
  session: Session;
  /** Why it has ended meanwhile, or null. */
  endedBy: LeaveReason | null;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Clients are told of changes at once, and then not more often than one millisecond per this many clients. */
const CLIENTS_PER_MS = 10;
const MAX_PUBLISH_INTERVAL_MS = 100;

/**
 * Keeps the relay and the clients of one organization at what is true. Joins and leaves come as events and need no
 * database; every change of rights makes it load the rules again. While that fails, what was last known holds.
 */
export class OrganizationFeed {
  readonly events = new ControlEvents();
  readonly view: OrganizationView;
  readonly #ports: FeedPorts;
  readonly #keys: ChannelKeys;
  readonly #routes = new Map<ChannelId, RouteUpdate>();
  readonly #dirty = new Set<ChannelId>();
  readonly #keyed = new Map<SessionId, Set<ChannelId>>();
  readonly #waiters = new Map<string, Waiter[]>();
  readonly #admissions = new Map<SessionId, Admission>();
  readonly #refreshing: RepeatedTask;
  readonly #publishWaiters: (() => void)[] = [];
  #isPumpDue = false;
  #rekeyTimer: NodeJS.Timeout | undefined;
  #publishTimer: NodeJS.Timeout | undefined;
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(organizationId: OrganizationId, ports: FeedPorts) {
    this.view = new OrganizationView(organizationId);
    this.#ports = ports;
    this.#keys = new ChannelKeys(ports.randomBytes);
    this.#refreshing = new RepeatedTask(() => this.#load(), ports.logger);
  }

  /** True where nobody is here or about to come. */
  get isEmpty(): boolean {
    return this.view.sessions.size === 0 && this.#admissions.size === 0;
  }

  /** What the relay was last told. */
  get routes(): Iterable<RouteUpdate> {
    return this.#routes.values();
  }

  /** Takes a new session in and loads what it may do. Throws the reason where it has ended meanwhile, UNAVAILABLE where the database is away. */
  async admit(session: Session): Promise<void> {
    const admission: Admission = { session, endedBy: null };
    this.#admissions.set(session.id, admission);
    try {
      await this.refresh();
    } finally {
      this.#admissions.delete(session.id);
    }
    if (admission.endedBy !== null) throw endOf(admission.endedBy);
    this.view.putSession(admission.session);
    this.#schedulePublish();
  }

  /** Loads the rules again. Resolves when all that was committed before the call has been taken in and told to the relay. */
  refresh(): Promise<void> {
    return this.#refreshing.run();
  }

  /** Loads the rules again, and again until it succeeds. */
  refreshPersistently(): void {
    this.#refreshing.runUntilDone();
  }

  /** Finds what an event should have told that was lost. Never rejects: what fails is tried again. */
  async heal(): Promise<void> {
    this.refreshPersistently();
    try {
      await this.refresh();
      await this.#healMembership();
    } catch {
      // The failure of the one run that both have asked for is told and repeated by the other.
    }
  }

  /** A session has joined a channel. */
  joined(channelId: ChannelId, sessionId: SessionId): void {
    if (!this.view.addMember(channelId, sessionId)) return;
    this.#touch(channelId);
    this.#schedulePublish();
    if (this.#mayHear(channelId, sessionId)) return;
    // Either the right was given a moment ago, or taken: the rules say which, and put out whoever may not stay.
    this.refresh().catch((error: unknown) => this.#settleWaiters(channelId, sessionId, error));
  }

  /** A session is no longer in a channel. */
  left(channelId: ChannelId, sessionId: SessionId, reason: LeaveReason): void {
    if (!this.view.removeMember(channelId, sessionId)) return;
    const wasKeyed = this.#forgetKey(channelId, sessionId);
    this.#settleWaiters(channelId, sessionId, refusalOfJoin(reason));
    if (wasKeyed && reason !== 'left') this.events.sendChannelLeft(sessionId, channelId, reason);
    this.#touch(channelId);
    this.#schedulePublish();
  }

  /** Something of a session has changed. */
  changed(session: Session): void {
    const admission = this.#admissions.get(session.id);
    if (admission !== undefined) admission.session = session;
    const viewed = this.view.sessions.get(session.id);
    if (viewed === undefined) return;
    this.view.putSession(session);
    for (const channelId of viewed.channelIds) this.#touch(channelId);
    this.#schedulePublish();
  }

  /** A session has ended. */
  closed(sessionId: SessionId, reason: LeaveReason): void {
    const admission = this.#admissions.get(sessionId);
    if (admission !== undefined) admission.endedBy = reason;
    this.#admissions.delete(sessionId);
    const channelIds = this.view.removeSession(sessionId);
    if (channelIds === undefined) return;
    for (const channelId of channelIds) {
      this.#forgetKey(channelId, sessionId);
      this.#settleWaiters(channelId, sessionId, endOf(reason));
      this.#touch(channelId);
    }
    this.#keyed.delete(sessionId);
    this.events.leave(this.view, sessionId, reason);
    this.#schedulePublish();
  }

  /** Resolves when the session has been given the key of a channel that it has joined, and others know of it. Throws where it may not be there after all. */
  async untilKeyed(channelId: ChannelId, sessionId: SessionId): Promise<void> {
    if (this.#keyed.get(sessionId)?.has(channelId) !== true) {
      if (!this.view.isMember(channelId, sessionId)) throw refusalOfJoin('permission_lost');
      const key = waiterKey(channelId, sessionId);
      await new Promise<void>((resolve, reject) => {
        this.#waiters.set(key, [...(this.#waiters.get(key) ?? []), { resolve, reject }]);
      });
    }
    // A voice that comes before the session is known would be a stranger's.
    if (!this.events.isTold(sessionId)) await new Promise<void>((resolve) => this.#publishWaiters.push(resolve));
  }

  /** Takes all routes back and stops. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#rekeyTimer);
    clearTimeout(this.#publishTimer);
    this.#refreshing.stop();
    for (const target of this.#routes.keys()) this.#ports.relay.update({ type: 'remove_route', target });
    this.#routes.clear();
    for (const resolve of this.#publishWaiters.splice(0)) resolve();
  }

  async #load(): Promise<void> {
    const { organizations, channels, permissions, occupancy, sessions, bans } = this.#ports;
    const { organizationId } = this.view;
    const ctx = systemContext('voice-feed');
    const present = [...this.view.sessions.values(), ...this.#admissions.values()].map(({ session }) => session);
    const userIds = present.map(({ userId }) => userId);
    let loaded: LoadedPolicy;
    let banned: readonly boolean[];
    try {
      const [organization, tree, policy, verdicts] = await Promise.all([
        organizations.get(ctx, organizationId),
        channels.tree(ctx, organizationId),
        permissions.policyOf(ctx, organizationId, userIds),
        bans.match(organizationId, present),
      ]);
      [loaded, banned] = [policy, verdicts];
      if (this.#isClosed) return;
      this.#takeFacts(new OrganizationFacts(organization, tree, policy, (channel) => occupancy.capacityOf(channel)));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'NOT_FOUND') throw error;
      await sessions.closeOfOrganization(ctx, organizationId, 'organization_deleted');
      return;
    }
    // The relay is told at once; who may not stay is then taken out of the channels too.
    for (const [index, { id, userId }] of present.entries()) {
      if (!loaded.subjects.has(userId)) await sessions.close(ctx, id, 'user_deleted');
      else if (banned[index] === true) await sessions.close(ctx, id, 'banned');
    }
    await occupancy.reconcile(ctx, organizationId, loaded);
    this.#pump();
    await this.#ports.relay.settled();
    this.#schedulePublish();
  }

  #takeFacts(facts: OrganizationFacts): void {
    this.view.facts = facts;
    this.#keys.retain(facts.channels);
    for (const channelId of [...this.view.occupiedChannels(), ...this.#routes.keys()]) this.#dirty.add(channelId);
    this.#pump();
  }

  /** Takes over who is in which channel from where that is kept. */
  async #healMembership(): Promise<void> {
    const { view } = this;
    const channelIds = new Set([...(view.facts?.channels.keys() ?? []), ...view.occupiedChannels()]);
    const versionBefore = view.membershipVersion;
    const { occupancy } = this.#ports;
    const truth = await occupancy.membersOf(systemContext('voice-heal'), view.organizationId, [...channelIds]);
    // What was read is older than an event that has come meanwhile.
    if (view.membershipVersion !== versionBefore) return;
    for (const sessionId of view.sessions.keys()) {
      for (const [channelId, members] of truth) {
        const isMember = members.includes(sessionId);
        if (isMember && !view.isMember(channelId, sessionId)) this.joined(channelId, sessionId);
        if (!isMember && view.isMember(channelId, sessionId)) this.left(channelId, sessionId, 'moved');
      }
    }
  }

  #touch(channelId: ChannelId): void {
    this.#dirty.add(channelId);
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    // All that happens in one turn is told in one update.
    setImmediate(() => this.#pump());
  }

  /** Tells the relay what has changed, then hands out the keys. */
  #pump(): void {
    this.#isPumpDue = false;
    if (this.#isClosed) return;
    const deliveries: KeyDelivery[] = [];
    let dueAtMs = Number.POSITIVE_INFINITY;
    for (const channelId of this.#dirty) {
      const change = this.#keys.settle(channelId, this.view.hearers(channelId), this.#ports.nowMs());
      this.#tellRoute(channelId, change === null ? null : this.view.route(channelId, change.current.epoch));
      if (change === null) continue;
      if (change.recipients.length > 0) {
        deliveries.push({ channelId, key: change.current, recipients: change.recipients });
      }
      if (change.dueAtMs === null) this.#dirty.delete(channelId);
      else dueAtMs = Math.min(dueAtMs, change.dueAtMs);
    }
    this.#scheduleRekey(dueAtMs);
    if (deliveries.length > 0) this.#deliver(deliveries);
  }

  #tellRoute(channelId: ChannelId, route: RouteUpdate | null): void {
    const { relay } = this.#ports;
    const told = this.#routes.get(channelId);
    if (route === null) {
      this.#dirty.delete(channelId);
      if (this.#routes.delete(channelId)) relay.update({ type: 'remove_route', target: channelId });
    } else if (told === undefined || !isSameRoute(told, route)) {
      this.#routes.set(channelId, route);
      relay.update({ type: 'set_route', ...route });
    }
  }

  #scheduleRekey(dueAtMs: number): void {
    clearTimeout(this.#rekeyTimer);
    if (dueAtMs === Number.POSITIVE_INFINITY) return;
    this.#rekeyTimer = setTimeout(() => this.#pump(), Math.max(1, dueAtMs - this.#ports.nowMs()));
  }

  /** A client that uses a key which the relay does not know yet would lose its first words. */
  #deliver(deliveries: readonly KeyDelivery[]): void {
    this.#ports.relay.settled().then(() => {
      for (const { channelId, key, recipients } of deliveries) {
        for (const sessionId of recipients) {
          if (!this.#keys.isHolder(channelId, sessionId)) continue;
          this.events.sendKey(sessionId, channelId, key);
          this.#keyed.set(sessionId, (this.#keyed.get(sessionId) ?? new Set<ChannelId>()).add(channelId));
          this.#settleWaiters(channelId, sessionId, null);
        }
      }
    });
  }

  #forgetKey(channelId: ChannelId, sessionId: SessionId): boolean {
    this.#keys.lose(channelId, sessionId);
    return this.#keyed.get(sessionId)?.delete(channelId) ?? false;
  }

  /** `refusal` is null where the join has come to its end. */
  #settleWaiters(channelId: ChannelId, sessionId: SessionId, refusal: unknown): void {
    const key = waiterKey(channelId, sessionId);
    const waiters = this.#waiters.get(key) ?? [];
    this.#waiters.delete(key);
    for (const { resolve, reject } of waiters) refusal === null ? resolve() : reject(refusal);
  }

  #schedulePublish(): void {
    if (this.#publishTimer !== undefined || this.#isClosed) return;
    const intervalMs = Math.min(MAX_PUBLISH_INTERVAL_MS, this.events.receiverCount / CLIENTS_PER_MS);
    const waitMs = this.#publishedAtMs + intervalMs - this.#ports.nowMs();
    this.#publishTimer = setTimeout(() => this.#publish(), Math.max(0, waitMs));
  }

  #publish(): void {
    this.#publishTimer = undefined;
    if (this.view.facts === null) return;
    this.#publishedAtMs = this.#ports.nowMs();
    this.events.publish(this.view);
    for (const resolve of this.#publishWaiters.splice(0)) resolve();
  }

  #mayHear(channelId: ChannelId, sessionId: SessionId): boolean {
    const { facts, sessions } = this.view;
    const userId = sessions.get(sessionId)?.session.userId;
    return facts !== null && userId !== undefined && holds(facts.permissionsIn(channelId, userId), Permission.JOIN);
  }
}

function waiterKey(channelId: ChannelId, sessionId: SessionId): string {
  return `${channelId} ${sessionId}`;
}

/** What somebody is told whose session has ended in the middle of a request. */
function endOf(reason: LeaveReason): AppError {
  return endOfSession(reason) ?? notFound('session');
}

/** Why a join that had been granted is taken back. */
function refusalOfJoin(reason: LeaveReason): AppError {
  return reason === 'channel_deleted'
    ? notFound('channel')
    : new AppError('PERMISSION_DENIED', 'You may not be in this channel.', { params: { permission: 'JOIN' } });
}
