import type { ChannelId, OrganizationId, SessionId, UserId } from '../ids.js';
import { holds, Permission } from '../permissions/bits.js';
import type { RouteUpdate } from '../relay/relay-update.js';
import type { Session } from '../sessions/session.js';
import type { OrganizationFacts } from './organization-facts.js';

/** A session and what has changed of it. */
export interface ViewedSession {
  readonly session: Session;
  /** The channels that it has joined, in the order of joining. */
  readonly channelIds: readonly ChannelId[];
  /** {@link OrganizationView.version} after its last change. */
  readonly version: number;
}

interface Listed {
  readonly version: number;
  readonly facts: OrganizationFacts | null;
  readonly members: Map<ChannelId, readonly Session[]>;
}

/** What voice knows of an organization now: what was loaded, which sessions there are, and who is in which channel. */
export class OrganizationView {
  readonly organizationId: OrganizationId;
  /** Null until it was loaded for the first time. */
  facts: OrganizationFacts | null = null;
  readonly #sessions = new Map<SessionId, ViewedSession>();
  readonly #byUser = new Map<UserId, SessionId>();
  readonly #members = new Map<ChannelId, Set<SessionId>>();
  /** Who hears a channel without being in it. */
  readonly #listening = new Map<ChannelId, Set<SessionId>>();
  /** The members of channels as they were listed last: many targets ask for the same. */
  #listed: Listed = { version: 0, facts: null, members: new Map() };
  #version = 0;
  #membershipVersion = 0;

  constructor(organizationId: OrganizationId) {
    this.organizationId = organizationId;
  }

  /** Counts the changes of sessions. */
  get version(): number {
    return this.#version;
  }

  /** Counts the changes of who is in which channel. */
  get membershipVersion(): number {
    return this.#membershipVersion;
  }

  get sessions(): ReadonlyMap<SessionId, ViewedSession> {
    return this.#sessions;
  }

  /** The session that the user has. */
  sessionOf(userId: UserId): ViewedSession | undefined {
    const id = this.#byUser.get(userId);
    return id === undefined ? undefined : this.#sessions.get(id);
  }

  /** The channels that anybody is in or listens to. */
  occupiedChannels(): readonly ChannelId[] {
    return [...new Set([...this.#members.keys(), ...this.#listening.keys()])];
  }

  isMember(channelId: ChannelId, sessionId: SessionId): boolean {
    return this.#members.get(channelId)?.has(sessionId) ?? false;
  }

  /** A session that is new or has changed. */
  putSession(session: Session): void {
    this.#put(session, this.#sessions.get(session.id)?.channelIds ?? []);
  }

  /** Something has changed of a session that nobody is told. */
  amend(session: Session): void {
    const viewed = this.#sessions.get(session.id);
    if (viewed !== undefined) this.#sessions.set(session.id, { ...viewed, session });
  }

  /** Returns the channels that the session was in, or undefined where it is not known. */
  removeSession(sessionId: SessionId): readonly ChannelId[] | undefined {
    const viewed = this.#sessions.get(sessionId);
    if (viewed === undefined) return undefined;
    for (const channelId of viewed.channelIds) this.#unlink(channelId, sessionId);
    this.#relinkListening(sessionId, viewed.session.listeningChannelIds, []);
    this.#sessions.delete(sessionId);
    const { userId } = viewed.session;
    if (this.#byUser.get(userId) === sessionId) this.#byUser.delete(userId);
    this.#version += 1;
    return viewed.channelIds;
  }

  /** Returns false for a session that is not known. */
  addMember(channelId: ChannelId, sessionId: SessionId): boolean {
    const viewed = this.#sessions.get(sessionId);
    if (viewed === undefined) return false;
    if (viewed.channelIds.includes(channelId)) return true;
    this.#members.set(channelId, (this.#members.get(channelId) ?? new Set<SessionId>()).add(sessionId));
    this.#membershipVersion += 1;
    this.#put(viewed.session, [...viewed.channelIds, channelId]);
    return true;
  }

  /** Returns false where the session is not there. */
  removeMember(channelId: ChannelId, sessionId: SessionId): boolean {
    const viewed = this.#sessions.get(sessionId);
    if (viewed === undefined || !this.#unlink(channelId, sessionId)) return false;
    this.#put(
      viewed.session,
      viewed.channelIds.filter((id) => id !== channelId),
    );
    return true;
  }

  /** Who may hear the channel, deafened or not: members and those who listen, where they hold JOIN. A right that is lost counts at once, also before its holder is taken out. */
  hearers(channelId: ChannelId): ReadonlySet<SessionId> {
    return new Set(this.#hearing(channelId).map(({ id }) => id));
  }

  /** The members of the channel who hold JOIN, in the order of joining. */
  members(channelId: ChannelId): readonly Session[] {
    if (this.#listed.version !== this.#version || this.#listed.facts !== this.facts) {
      this.#listed = { version: this.#version, facts: this.facts, members: new Map() };
    }
    const members = this.#listed.members.get(channelId) ?? this.#holders(this.#members, channelId, Permission.JOIN);
    this.#listed.members.set(channelId, members);
    return members;
  }

  /** Who hears the channel and who speaks there. */
  route(channelId: ChannelId, epoch: number): RouteUpdate {
    const speakers = this.#holders(this.#members, channelId, Permission.JOIN | Permission.SPEAK);
    return {
      target: channelId,
      epoch,
      listeners: this.#hearing(channelId)
        .filter(isHearing)
        .map(({ id }) => id),
      speakers: speakers.filter(isHeard).map(({ id }) => id),
    };
  }

  #hearing(channelId: ChannelId): readonly Session[] {
    const members = this.members(channelId);
    if (!this.#listening.has(channelId)) return members;
    const listening = this.#holders(this.#listening, channelId, Permission.JOIN);
    return [...members, ...listening.filter(({ id }) => !this.isMember(channelId, id))];
  }

  #holders(
    present: ReadonlyMap<ChannelId, ReadonlySet<SessionId>>,
    channelId: ChannelId,
    permissions: number,
  ): readonly Session[] {
    const { facts } = this;
    if (facts === null) return [];
    return [...(present.get(channelId) ?? [])].flatMap((id) => {
      const session = this.#sessions.get(id)?.session;
      return session !== undefined && holds(facts.permissionsIn(channelId, session.userId), permissions)
        ? [session]
        : [];
    });
  }

  #put(session: Session, channelIds: readonly ChannelId[]): void {
    const former = this.#sessions.get(session.id)?.session.listeningChannelIds ?? [];
    this.#relinkListening(session.id, former, session.listeningChannelIds);
    this.#version += 1;
    this.#sessions.set(session.id, { session, channelIds, version: this.#version });
    this.#byUser.set(session.userId, session.id);
  }

  #relinkListening(sessionId: SessionId, before: readonly ChannelId[], now: readonly ChannelId[]): void {
    if (before === now) return;
    for (const channelId of before) {
      const listening = this.#listening.get(channelId);
      listening?.delete(sessionId);
      if (listening?.size === 0) this.#listening.delete(channelId);
    }
    for (const channelId of now) {
      this.#listening.set(channelId, (this.#listening.get(channelId) ?? new Set<SessionId>()).add(sessionId));
    }
  }

  #unlink(channelId: ChannelId, sessionId: SessionId): boolean {
    const members = this.#members.get(channelId);
    const removed = members?.delete(sessionId) ?? false;
    if (members?.size === 0) this.#members.delete(channelId);
    if (removed) this.#membershipVersion += 1;
    return removed;
  }
}

/** The channels that the session hears, as a member or without being there. */
export function heardChannels({ session, channelIds }: ViewedSession): readonly ChannelId[] {
  return [...channelIds, ...session.listeningChannelIds];
}

/** False for a session that hears nobody, by its own or a moderator's wish. */
export function isHearing({ selfDeafened, deafened }: Session): boolean {
  return !selfDeafened && !deafened;
}

/** False for a session that nobody hears, by its own or a moderator's wish. */
export function isHeard({ selfMuted, muted }: Session): boolean {
  return !selfMuted && !muted;
}

/** True where the relay would do the same for both. */
export function isSameRoute(left: RouteUpdate, right: RouteUpdate): boolean {
  return (
    left.target === right.target &&
    left.epoch === right.epoch &&
    isSameList(left.listeners, right.listeners) &&
    isSameList(left.links ?? [], right.links ?? []) &&
    isSameList(left.speakers, right.speakers)
  );
}

function isSameList(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((id, index) => id === right[index]);
}
