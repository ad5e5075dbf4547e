import { AppError, invalidInput, notFound } from '../errors.js';
import { causeOf, type LeaveReason } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { ChannelId, OrganizationId, SessionId, UserId } from '../ids.js';
import type { Occupancy } from '../occupancy/occupancy.js';
import { cursorOf, MAX_PAGE_SIZE, type Page, type PageRequest, pageOf, pageStart } from '../pagination.js';
import { denied, type PermissionService } from '../permissions/permission.service.js';
import type { Credential, RequestContext } from '../request-context.js';
import { NO_OTHER_NODES, type OtherNodes } from './other-nodes.js';
import type { PresentSession, SelfState, Session, Standing } from './session.js';
import type { SessionIdSource } from './session-ids.js';
import type { SessionRegistry } from './session-registry.js';

/** The longest name of a client program, in bytes of UTF-8. */
export const MAX_CLIENT_NAME_BYTES = 64;
/** How long somebody should wait who finds the server full, in milliseconds. */
const FULL_RETRY_AFTER_MS = 10_000;

export interface SessionLimits {
  /** How many sessions the server has at most. */
  readonly maxConnections: number;
}

/** What a session takes over from one of another node, from which its client comes. */
export interface Inheritance {
  readonly sessionId: SessionId;
  readonly self: SelfState;
  readonly listeningChannelIds: readonly ChannelId[];
}

/** A session that was opened, with the channels that it has taken over. */
export interface OpenedSession {
  readonly session: Session;
  readonly channelIds: readonly ChannelId[];
}

/** The sessions of voice clients. A user has one, in all nodes: a new login replaces the older one. */
export class SessionService {
  readonly #registry: SessionRegistry;
  readonly #ids: SessionIdSource;
  readonly #occupancy: Occupancy;
  readonly #permissions: PermissionService;
  readonly #events: EventBus;
  readonly #limits: SessionLimits;
  readonly #others: OtherNodes;

  constructor(
    registry: SessionRegistry,
    ids: SessionIdSource,
    occupancy: Occupancy,
    permissions: PermissionService,
    events: EventBus,
    limits: SessionLimits,
    others = NO_OTHER_NODES,
  ) {
    this.#registry = registry;
    this.#ids = ids;
    this.#occupancy = occupancy;
    this.#permissions = permissions;
    this.#events = events;
    this.#limits = limits;
    this.#others = others;
  }

  /** Opens a session for the actor. Throws PERMISSION_DENIED for a user without an organization or an API key that is not for voice, SERVER_FULL, INVALID_INPUT, REPLACED by another login in the same moment, or UNAVAILABLE. */
  async open(ctx: RequestContext, { clientName }: { readonly clientName: string }): Promise<Session> {
    return (await this.#open(ctx, clientName, null)).session;
  }

  /** As {@link open}, in place of a session of another node, whose channels are taken over without a moment between. */
  takeOver(ctx: RequestContext, clientName: string, inherits: Inheritance): Promise<OpenedSession> {
    return this.#open(ctx, clientName, inherits);
  }

  async #open(ctx: RequestContext, clientName: string, inherits: Inheritance | null): Promise<OpenedSession> {
    this.#permissions.requireLogin(ctx);
    const { actor, door, remoteAddress } = ctx;
    if (actor.kind !== 'user' || actor.organizationId === null) {
      throw denied('Users of the platform have no voice: log in as a user of an organization.');
    }
    if (actor.scopes !== null && !actor.scopes.includes('voice')) throw denied('This API key is not for voice.');
    requireClientName(clientName);
    const older = this.#localOf(actor.userId);
    if (older === undefined) this.#requirePlace();
    // Nothing waits between taking the older session away and putting the new one in, so that two logins at once leave one session.
    const replaced = older === undefined ? undefined : this.#end(ctx, older.id, 'replaced');
    const { userId, organizationId, username } = actor;
    const session: Session = {
      id: this.#ids.next((id) => this.#registry.find(id) !== undefined),
      ...{ userId, organizationId, username, door, clientName, remoteAddress },
      connectedAt: new Date(),
      credential: actor.credential,
      selfMuted: inherits?.self.muted ?? false,
      selfDeafened: inherits?.self.deafened ?? false,
      recording: inherits?.self.recording ?? false,
      listeningChannelIds: inherits?.listeningChannelIds ?? [],
      ...this.#registry.standingOf(userId),
    };
    this.#registry.put(session);
    try {
      await replaced;
      const channelIds = await this.#others.claim(session, inherits?.sessionId ?? null);
      if (!this.isOpen(session.id)) throw new AppError('REPLACED', 'You have logged in from somewhere else.');
      this.#events.publish({ type: 'session_opened', organizationId, sessionId: session.id, userId }, causeOf(ctx));
      return { session, channelIds };
    } catch (error) {
      await this.#end(ctx, session.id, 'disconnected');
      throw error;
    }
  }

  /** Ends a session, the actor's own unless the server itself asks. The reason in the context is told to all. An ended session may be ended again. */
  async close(ctx: RequestContext, sessionId: SessionId, reason: LeaveReason): Promise<void> {
    this.#permissions.requireLogin(ctx);
    const session = this.#registry.find(sessionId);
    if (session === undefined) return;
    this.#requireOwn(ctx, session);
    if (this.#registry.isLocal(sessionId)) await this.#end(ctx, sessionId, reason, ctx.reason);
    else await this.#others.close(sessionId, reason, ctx.reason ?? '');
  }

  /** Ends the session that a user has at this node. Only the server itself does this, and each node does. */
  async closeOfUser(ctx: RequestContext, userId: UserId, reason: LeaveReason): Promise<void> {
    requireSystem(ctx);
    const session = this.#localOf(userId);
    if (session !== undefined) await this.#end(ctx, session.id, reason);
  }

  /** Ends the session that a user has at this node, where it was opened by a login or an API key of which this is true. Only the server itself does this, and each node does. */
  async closeOfCredential(
    ctx: RequestContext,
    userId: UserId,
    isWithdrawn: (credential: Credential) => boolean,
  ): Promise<void> {
    requireSystem(ctx);
    const session = this.#localOf(userId);
    if (session !== undefined && isWithdrawn(session.credential))
      await this.#end(ctx, session.id, 'credentials_changed');
  }

  /** Ends all sessions of an organization at this node. Only the server itself does this, and each node does. */
  async closeOfOrganization(ctx: RequestContext, organizationId: OrganizationId, reason: LeaveReason): Promise<void> {
    requireSystem(ctx);
    await Promise.all(this.#registry.localOf(organizationId).map(({ id }) => this.#end(ctx, id, reason)));
  }

  /**
   * What the actor's own session wishes and says about itself. Throws NOT_FOUND where it has ended or is not the actor's,
   * and PERMISSION_DENIED, with nothing changed, where the organization does not allow to record. Only who begins to
   * record needs the database.
   */
  async setSelfState(ctx: RequestContext, sessionId: SessionId, state: SelfState): Promise<Session> {
    const { muted, deafened, recording } = state;
    const former = this.get(ctx, sessionId);
    this.#requireOwn(ctx, former);
    if (recording && !former.recording) await this.#permissions.requireRecording(ctx, former.organizationId);
    const session = this.get(ctx, sessionId);
    if (session.selfMuted === muted && session.selfDeafened === deafened && session.recording === recording) {
      return session;
    }
    return this.#change(ctx, { ...session, selfMuted: muted, selfDeafened: deafened, recording });
  }

  /** Mutes or deafens the user of a session, or makes them a priority speaker, until that is lifted or the server starts anew. Only the server itself does this. */
  async setStanding(ctx: RequestContext, sessionId: SessionId, change: Partial<Standing>): Promise<void> {
    requireSystem(ctx);
    const session = this.#registry.find(sessionId);
    if (session === undefined) throw notFound('session');
    if (!this.#registry.isLocal(sessionId)) {
      await this.#others.setStanding(sessionId, change);
      return;
    }
    const standing = { ...this.#registry.standingOf(session.userId), ...change };
    this.#registry.setStanding(session.userId, standing);
    const { muted, deafened, prioritySpeaker } = session;
    const isSame =
      muted === standing.muted && deafened === standing.deafened && prioritySpeaker === standing.prioritySpeaker;
    if (!isSame) this.#change(ctx, { ...session, ...standing });
  }

  /** The session's client is at this address from now on, which nobody is told. Only the server itself does this. Throws NOT_FOUND where the session has ended. */
  relocate(ctx: RequestContext, sessionId: SessionId, remoteAddress: string | null): Session {
    requireSystem(ctx);
    const session = this.#registry.find(sessionId);
    if (session === undefined) throw notFound('session');
    const relocated = { ...session, remoteAddress };
    this.#registry.put(relocated);
    return relocated;
  }

  /** The user is called otherwise from now on. Only the server itself does this. */
  rename(ctx: RequestContext, userId: UserId, username: string): void {
    requireSystem(ctx);
    const session = this.#localOf(userId);
    if (session !== undefined && session.username !== username) this.#change(ctx, { ...session, username });
  }

  /** Throws NOT_FOUND where it has ended, or is not of the actor's organization. */
  get(ctx: RequestContext, sessionId: SessionId): Session {
    this.#permissions.requireLogin(ctx);
    const session = this.#registry.find(sessionId);
    this.#permissions.requireAccess(ctx, session?.organizationId ?? null, 'session');
    if (session === undefined) throw notFound('session');
    return session;
  }

  /** True for a session of this node, until it has ended. */
  isLocal(sessionId: SessionId): boolean {
    return this.#registry.isLocal(sessionId);
  }

  /** The node of a session of another node; null for one of this node, and for one that has ended. */
  homeOf(sessionId: SessionId): string | null {
    return this.#registry.homeOf(sessionId);
  }

  /** True until the session has ended. */
  isOpen(sessionId: SessionId): boolean {
    return this.#registry.find(sessionId) !== undefined;
  }

  /** All sessions of the organization, those of this node in the order of connecting. */
  allOf(ctx: RequestContext, organizationId: OrganizationId): readonly Session[] {
    this.#permissions.requireAccess(ctx, organizationId, 'organization');
    return this.#registry.ofOrganization(organizationId);
  }

  /** All sessions of the organization with the channels that each has joined, by id: they are in memory, so that a page costs nothing but its items. */
  async allPresent(ctx: RequestContext, organizationId: OrganizationId): Promise<readonly PresentSession[]> {
    const all: PresentSession[] = [];
    for (let after: string | null = null; ; ) {
      const page: Page<PresentSession> = await this.list(ctx, organizationId, { first: MAX_PAGE_SIZE, after });
      all.push(...page.items);
      const last = page.items.at(-1);
      if (!page.hasNextPage || last === undefined) return all;
      after = cursorOf(last.id);
    }
  }

  /** The sessions of the organization with the channels that each has joined, by id. */
  async list(ctx: RequestContext, organizationId: OrganizationId, page: PageRequest): Promise<Page<PresentSession>> {
    this.#permissions.requireAccess(ctx, organizationId, 'organization');
    const { afterId, limit } = pageStart(page);
    const found = this.#registry
      .ofOrganization(organizationId)
      .filter(({ id }) => id > afterId)
      .sort((left, right) => left.id - right.id)
      .slice(0, limit);
    const present = await Promise.all(
      found.map(async (session) => ({ ...session, channelIds: await this.#occupancy.channelsOf(session.id) })),
    );
    return pageOf(present, page);
  }

  /** It is told that a session has ended before its channels are left, so that nothing makes the relay wait. */
  async #end(ctx: RequestContext, id: SessionId, reason: LeaveReason, message = ''): Promise<void> {
    const session = this.#registry.remove(id);
    if (session === undefined) return;
    const who = { organizationId: session.organizationId, sessionId: id, userId: session.userId };
    this.#events.publish({ type: 'session_closed', ...who, reason, message }, causeOf(ctx));
    for (const channelId of await this.#occupancy.leaveAll(id)) {
      this.#events.publish({ type: 'channel_left', ...who, channelId, reason }, causeOf(ctx));
    }
  }

  #change(ctx: RequestContext, session: Session): Session {
    this.#registry.put(session);
    const { organizationId, id, userId } = session;
    this.#events.publish({ type: 'session_changed', organizationId, sessionId: id, userId }, causeOf(ctx));
    return session;
  }

  #localOf(userId: UserId): Session | undefined {
    const session = this.#registry.ofUser(userId);
    return session !== undefined && this.#registry.isLocal(session.id) ? session : undefined;
  }

  #requirePlace(): void {
    const { maxConnections } = this.#limits;
    if (this.#registry.size < maxConnections) return;
    throw new AppError('SERVER_FULL', `The server has ${maxConnections} sessions, which is all that it may have.`, {
      params: { max: maxConnections },
      retryAfterMs: FULL_RETRY_AFTER_MS,
    });
  }

  /** Another user's session is told from one that is absent only where the actor may see it in the list. */
  #requireOwn({ actor, ...ctx }: RequestContext, session: Session): void {
    if (actor.kind === 'system' || (actor.kind === 'user' && actor.userId === session.userId)) return;
    this.#permissions.requireAccess({ actor, ...ctx }, session.organizationId, 'session');
    throw denied('This is the session of another user.');
  }
}

function requireSystem({ actor }: RequestContext): void {
  if (actor.kind !== 'system') throw denied('Only the server itself does this.');
}

/** The name is shown to administrators: characters that a terminal obeys have no place in it. */
function requireClientName(clientName: string): void {
  if (Buffer.byteLength(clientName) <= MAX_CLIENT_NAME_BYTES && !/\p{Cc}/u.test(clientName)) return;
  throw invalidInput(
    ['clientName'],
    `The name of the client has at most ${MAX_CLIENT_NAME_BYTES} bytes and no control characters.`,
    { max: MAX_CLIENT_NAME_BYTES },
  );
}
