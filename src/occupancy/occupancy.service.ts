import { AttemptLimiter } from '../auth/attempt-limiter.js';
import type { Channel } from '../channels/channel.entity.js';
import type { ChannelService } from '../channels/channel.service.js';
import { AppError, notFound } from '../errors.js';
import { causeOf } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { ChannelId, OrganizationId, SessionId, UserId } from '../ids.js';
import { type Page, type PageRequest, pageOf, pageStart } from '../pagination.js';
import { holds, Permission } from '../permissions/bits.js';
import { effectivePermissions, type Subject } from '../permissions/evaluate.js';
import { denied, type LoadedPolicy, type PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import { type Departure, NO_OTHER_NODES, type OtherNodes } from '../sessions/other-nodes.js';
import { MAX_LISTENED_CHANNELS, type Session } from '../sessions/session.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import { JoinLookup } from './join-lookup.js';
import type { Occupancy } from './occupancy.js';

export interface OccupancyLimits {
  /** How many sessions fit in a channel at most, and where the channel itself says nothing. */
  readonly maxUsersPerChannel: number;
  /** How many channels a session may have joined at once. */
  readonly maxJoinedChannels: number;
}

/** A user who is in a channel. */
export interface Occupant {
  readonly id: UserId;
  readonly session: Session;
}

/** How many sessions listen at most to a channel that they are not in. */
export const MAX_LISTENERS_OF_CHANNEL = 100;

/** Wrong passwords of one user for one channel. */
const PASSWORD_LIMIT = { attempts: 5, windowS: 60 };

/** Who goes into a channel, and who has to go out. */
export class OccupancyService {
  readonly #channels: ChannelService;
  readonly #permissions: PermissionService;
  readonly #registry: SessionRegistry;
  readonly #occupancy: Occupancy;
  readonly #events: EventBus;
  readonly #limits: OccupancyLimits;
  readonly #others: OtherNodes;
  readonly #lookup: JoinLookup;
  readonly #passwords = new AttemptLimiter('password of the channel', PASSWORD_LIMIT);

  constructor(
    channels: ChannelService,
    permissions: PermissionService,
    registry: SessionRegistry,
    occupancy: Occupancy,
    events: EventBus,
    limits: OccupancyLimits,
    others = NO_OTHER_NODES,
  ) {
    this.#channels = channels;
    this.#permissions = permissions;
    this.#registry = registry;
    this.#occupancy = occupancy;
    this.#events = events;
    this.#limits = limits;
    this.#others = others;
    this.#lookup = new JoinLookup(channels, permissions);
  }

  /** How many sessions fit in the channel. */
  capacityOf(channel: Channel): number {
    const { maxUsersPerChannel } = this.#limits;
    return channel.maxUsers === null || channel.maxUsers === 0
      ? maxUsersPerChannel
      : Math.min(channel.maxUsers, maxUsersPerChannel);
  }

  /**
   * The actor's own session enters the channel; where it is there already, nothing happens. An empty password is none.
   *
   * Throws NOT_FOUND, PERMISSION_DENIED, PASSWORD_REQUIRED, WRONG_PASSWORD, RATE_LIMITED, QUOTA_EXCEEDED or CHANNEL_FULL.
   * A right that is lost while this runs is found by {@link reconcile}, which follows every change of rights.
   */
  async join(ctx: RequestContext, sessionId: SessionId, channelId: ChannelId, password: string): Promise<void> {
    const session = this.#ownSession(ctx, sessionId);
    const joined = await this.#occupancy.channelsOf(sessionId);
    if (joined.includes(channelId)) return;
    const channel = await this.#requireEntrance(session, channelId, password);
    this.#requireFewChannels(joined.length);
    await this.#enter(ctx, session, channel);
  }

  /**
   * The actor's own session hears the channel from now on without being in it, until it joins it; where it hears it
   * already, nothing happens. It takes no place. Throws as {@link join}; CHANNEL_FULL where too many listen.
   */
  async listen(ctx: RequestContext, sessionId: SessionId, channelId: ChannelId, password: string): Promise<void> {
    const session = this.#ownSession(ctx, sessionId);
    if (session.listeningChannelIds.includes(channelId)) return;
    if ((await this.#occupancy.channelsOf(sessionId)).includes(channelId)) return;
    const channel = await this.#requireEntrance(session, channelId, password);
    this.#addListener(ctx, sessionId, channel);
  }

  /** The actor's own session does not listen to the channel any more. Throws NOT_JOINED where it did not. */
  unlisten(ctx: RequestContext, sessionId: SessionId, channelId: ChannelId): void {
    if (this.stopListening(ctx, sessionId, channelId)) return;
    throw new AppError('NOT_JOINED', 'You do not listen to this channel.');
  }

  /** As {@link unlisten}; returns false where it did not listen. */
  stopListening(ctx: RequestContext, sessionId: SessionId, channelId: ChannelId): boolean {
    return this.#removeListener(ctx, this.#ownSession(ctx, sessionId), channelId);
  }

  /** A moderator brings somebody into a channel: JOIN is needed, a password is not. Throws as {@link join}. Only the server itself does this. */
  async bring(ctx: RequestContext, sessionId: SessionId, channelId: ChannelId): Promise<void> {
    const session = this.#anySession(ctx, sessionId);
    if (!this.#registry.isLocal(sessionId)) {
      await this.#others.bring(sessionId, channelId);
      return;
    }
    const joined = await this.#occupancy.channelsOf(sessionId);
    if (joined.includes(channelId)) return;
    const found = await this.#lookup.find(session.organizationId, session.userId, channelId);
    if (found === undefined) throw notFound('channel');
    if (!holds(found.permissions, Permission.JOIN)) throw denied('They lack JOIN in this channel.', 'JOIN');
    this.#requireFewChannels(joined.length);
    await this.#enter(ctx, session, found.channel);
  }

  /** A moderator takes somebody out of a channel. Only the server itself does this. */
  async takeOut(
    ctx: RequestContext,
    sessionId: SessionId,
    channelId: ChannelId,
    { reason, movedTo }: Departure,
  ): Promise<void> {
    const session = this.#anySession(ctx, sessionId);
    if (this.#registry.isLocal(sessionId)) await this.#takeOut(ctx, session, channelId, { reason, movedTo });
    else await this.#others.takeOut(sessionId, channelId, { reason, movedTo });
  }

  /** A new session of this node is in these channels from the first: it has taken them over. Only the server itself does this. */
  async adopt(ctx: RequestContext, sessionId: SessionId, channelIds: readonly ChannelId[]): Promise<void> {
    const { organizationId, userId } = this.#anySession(ctx, sessionId);
    const channels = await this.#channels.getMany(ctx, channelIds);
    for (const [index, channelId] of channelIds.entries()) {
      const channel = channels[index];
      if (this.#registry.find(sessionId) === undefined) throw notFound('session');
      if (channel !== undefined)
        await this.#occupancy.adopt({ id: sessionId, userId }, channelId, this.capacityOf(channel));
      this.#events.publish({ type: 'channel_joined', organizationId, channelId, sessionId, userId }, causeOf(ctx));
    }
  }

  /** The channels that a session has joined, in the order of joining. Only the server itself asks. */
  channelsOf(ctx: RequestContext, sessionId: SessionId): Promise<readonly ChannelId[]> {
    return this.#occupancy.channelsOf(this.#anySession(ctx, sessionId).id);
  }

  /** The actor's own session leaves the channel. Throws NOT_JOINED. */
  async leave(ctx: RequestContext, sessionId: SessionId, channelId: ChannelId): Promise<void> {
    const session = this.#ownSession(ctx, sessionId);
    if (await this.#takeOut(ctx, session, channelId, { reason: 'left' })) return;
    throw new AppError('NOT_JOINED', 'You are not in this channel.');
  }

  /** Who is in each of these channels, which are of one organization, in the order of joining. */
  async membersOf(
    ctx: RequestContext,
    organizationId: OrganizationId,
    channelIds: readonly ChannelId[],
  ): Promise<ReadonlyMap<ChannelId, readonly SessionId[]>> {
    this.#permissions.requireAccess(ctx, organizationId, 'organization');
    const members = await Promise.all(channelIds.map(async (id) => [id, await this.#occupancy.members(id)] as const));
    return new Map(members);
  }

  /** Who is in the channel now, by the id of the user. Throws NOT_FOUND. A session that is just ending is left out. */
  async occupantsOf(ctx: RequestContext, channelId: ChannelId, request: PageRequest): Promise<Page<Occupant>> {
    const { organizationId } = await this.#channels.get(ctx, channelId);
    const members = new Set(await this.#occupancy.members(channelId));
    const { afterId, limit } = pageStart(request);
    const found = this.#registry
      .ofOrganization(organizationId)
      .filter(({ id, userId }) => members.has(id) && userId > afterId)
      .sort((left, right) => left.userId - right.userId)
      .slice(0, limit)
      .map((session) => ({ id: session.userId, session }));
    return pageOf(found, request);
  }

  /**
   * Takes out of the organization's channels whoever may not be there under these rules: who has lost JOIN, and whose
   * channel is gone. A capacity that was lowered puts nobody out. Only the server itself does this, each node for its own.
   */
  async reconcile(ctx: RequestContext, organizationId: OrganizationId, loaded: LoadedPolicy): Promise<void> {
    if (ctx.actor.kind !== 'system') throw denied('Only the server itself does this.');
    for (const session of this.#registry.localOf(organizationId)) {
      const subject = loaded.subjects.get(session.userId);
      for (const channelId of await this.#occupancy.channelsOf(session.id)) {
        if (!loaded.policy.channels.has(channelId)) {
          await this.#takeOut(ctx, session, channelId, { reason: 'channel_deleted' });
        } else if (subject !== undefined && !mayJoin(loaded, subject, channelId)) {
          await this.#takeOut(ctx, session, channelId, { reason: 'permission_lost' });
        }
      }
      for (const channelId of session.listeningChannelIds) {
        const mayListen = subject === undefined || mayJoin(loaded, subject, channelId);
        if (!mayListen) this.#removeListener(ctx, session, channelId);
      }
    }
    await this.#removeGhosts([...loaded.policy.channels.keys()]);
  }

  /** Sessions that have ended and are in a channel all the same: what was kept elsewhere may outlive its node. */
  async #removeGhosts(channelIds: readonly ChannelId[]): Promise<void> {
    for (const channelId of channelIds) {
      for (const sessionId of await this.#occupancy.members(channelId)) {
        if (this.#registry.find(sessionId) === undefined) await this.#occupancy.leave(channelId, sessionId);
      }
    }
  }

  async #enter(ctx: RequestContext, session: Session, channel: Channel): Promise<void> {
    const { id: sessionId, organizationId, userId } = session;
    const channelId = channel.id;
    const capacity = this.capacityOf(channel);
    const outcome = await this.#occupancy.join(channelId, session, capacity);
    if (outcome === 'full') {
      throw new AppError('CHANNEL_FULL', `The channel is full: ${capacity} fit in.`, { params: { max: capacity } });
    }
    if (this.#registry.find(sessionId) === undefined) {
      await this.#occupancy.leave(channelId, sessionId);
      throw notFound('session');
    }
    this.#events.publish({ type: 'channel_joined', organizationId, channelId, sessionId, userId }, causeOf(ctx));
    this.#removeListener(ctx, session, channelId);
  }

  #addListener(ctx: RequestContext, sessionId: SessionId, { id: channelId }: Channel): void {
    const session = this.#registry.find(sessionId);
    if (session === undefined) throw notFound('session');
    const { organizationId, listeningChannelIds } = session;
    if (listeningChannelIds.length >= MAX_LISTENED_CHANNELS) {
      const own = `You listen to ${MAX_LISTENED_CHANNELS} channels, which is all that you may at once.`;
      throw quotaExceeded(own, 'max_listened_channels', MAX_LISTENED_CHANNELS);
    }
    const others = this.#registry.ofOrganization(organizationId);
    const listening = others.filter((other) => other.listeningChannelIds.includes(channelId)).length;
    if (listening >= MAX_LISTENERS_OF_CHANNEL) {
      throw new AppError('CHANNEL_FULL', `${MAX_LISTENERS_OF_CHANNEL} listen to this channel, which is all that may.`, {
        params: { max: MAX_LISTENERS_OF_CHANNEL },
      });
    }
    this.#setListening(ctx, session, [...listeningChannelIds, channelId]);
  }

  /** False where the session does not listen to the channel. */
  #removeListener(ctx: RequestContext, { id }: Session, channelId: ChannelId): boolean {
    const session = this.#registry.find(id);
    if (session?.listeningChannelIds.includes(channelId) !== true) return false;
    this.#setListening(
      ctx,
      session,
      session.listeningChannelIds.filter((each) => each !== channelId),
    );
    return true;
  }

  #setListening(ctx: RequestContext, session: Session, listeningChannelIds: readonly ChannelId[]): void {
    const { id: sessionId, organizationId, userId } = session;
    this.#registry.put({ ...session, listeningChannelIds });
    this.#events.publish({ type: 'session_changed', organizationId, sessionId, userId }, causeOf(ctx));
  }

  async #takeOut(ctx: RequestContext, session: Session, channelId: ChannelId, departure: Departure): Promise<boolean> {
    const { id: sessionId, organizationId, userId } = session;
    if (!(await this.#occupancy.leave(channelId, sessionId))) return false;
    this.#events.publish(
      { type: 'channel_left', organizationId, channelId, sessionId, userId, ...departure },
      causeOf(ctx),
    );
    return true;
  }

  #anySession({ actor }: RequestContext, sessionId: SessionId): Session {
    if (actor.kind !== 'system') throw denied('Only the server itself does this.');
    const session = this.#registry.find(sessionId);
    if (session === undefined) throw notFound('session');
    return session;
  }

  #ownSession(ctx: RequestContext, sessionId: SessionId): Session {
    this.#permissions.requireLogin(ctx);
    const session = this.#registry.find(sessionId);
    if (session === undefined || ctx.actor.kind !== 'user' || ctx.actor.userId !== session.userId) {
      throw notFound('session');
    }
    return session;
  }

  /** The channel, where the user may go into it. */
  async #requireEntrance(session: Session, channelId: ChannelId, password: string): Promise<Channel> {
    const found = await this.#lookup.find(session.organizationId, session.userId, channelId);
    if (found === undefined) throw notFound('channel');
    const { channel, permissions } = found;
    if (!holds(permissions, Permission.JOIN)) throw denied('You lack JOIN in this channel.', 'JOIN');
    if (!holds(permissions, Permission.MANAGE)) await this.#requirePassword(session, channel, password);
    return channel;
  }

  async #requirePassword({ userId }: Session, channel: Channel, password: string): Promise<void> {
    if (channel.passwordHash === null) return;
    if (password === '') throw new AppError('PASSWORD_REQUIRED', 'This channel has a password.');
    const attempt = `${userId}:${channel.id}`;
    this.#passwords.take(attempt);
    if (!(await this.#channels.verifyPassword(channel, password))) {
      throw new AppError('WRONG_PASSWORD', 'The password of the channel is wrong.');
    }
    this.#passwords.giveBack(attempt);
  }

  #requireFewChannels(joined: number): void {
    const { maxJoinedChannels } = this.#limits;
    if (joined < maxJoinedChannels) return;
    const own = `You are in ${joined} channels, which is all that you may join at once.`;
    throw quotaExceeded(own, 'max_joined_channels', maxJoinedChannels);
  }
}

function mayJoin({ policy }: LoadedPolicy, subject: Subject, channelId: ChannelId): boolean {
  return holds(effectivePermissions(policy, subject, channelId), Permission.JOIN);
}

function quotaExceeded(message: string, quota: string, max: number): AppError {
  return new AppError('QUOTA_EXCEEDED', message, { params: { quota, max } });
}
