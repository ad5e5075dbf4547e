import type { ChannelId, OrganizationId, SessionId } from '../ids.js';
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

/** What voice knows of an organization now: what was loaded, which sessions there are, and who is in which channel. */
export class OrganizationView {
  readonly organizationId: OrganizationId;
  /** Null until it was loaded for the first time. */
  facts: OrganizationFacts | null = null;
  readonly #sessions = new Map<SessionId, ViewedSession>();
  readonly #members = new Map<ChannelId, Set<SessionId>>();
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

  /** The channels that anybody is in. */
  occupiedChannels(): readonly ChannelId[] {
    return [...this.#members.keys()];
  }

  isMember(channelId: ChannelId, sessionId: SessionId): boolean {
    return this.#members.get(channelId)?.has(sessionId) ?? false;
  }

  /** A session that is new or has changed. */
  putSession(session: Session): void {
    this.#put(session, this.#sessions.get(session.id)?.channelIds ?? []);
  }

  /** Returns the channels that the session was in, or undefined where it is not known. */
  removeSession(sessionId: SessionId): readonly ChannelId[] | undefined {
    const viewed = this.#sessions.get(sessionId);
    if (viewed === undefined) return undefined;
    for (const channelId of viewed.channelIds) this.#unlink(channelId, sessionId);
    this.#sessions.delete(sessionId);
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

  /** Who may hear the channel, deafened or not: members who hold JOIN. A right that is lost counts at once, also before its holder is taken out. */
  hearers(channelId: ChannelId): ReadonlySet<SessionId> {
    return new Set(this.#holders(channelId, Permission.JOIN).map(({ id }) => id));
  }

  /** Who hears the channel and who speaks there. */
  route(channelId: ChannelId, epoch: number): RouteUpdate {
    const hearers = this.#holders(channelId, Permission.JOIN);
    const speakers = this.#holders(channelId, Permission.JOIN | Permission.SPEAK);
    return {
      target: channelId,
      epoch,
      listeners: hearers.filter(({ selfDeafened, deafened }) => !selfDeafened && !deafened).map(({ id }) => id),
      speakers: speakers.filter(({ selfMuted, muted }) => !selfMuted && !muted).map(({ id }) => id),
    };
  }

  #holders(channelId: ChannelId, permissions: number): readonly Session[] {
    const { facts } = this;
    if (facts === null) return [];
    return [...(this.#members.get(channelId) ?? [])].flatMap((id) => {
      const session = this.#sessions.get(id)?.session;
      return session !== undefined && holds(facts.permissionsIn(channelId, session.userId), permissions)
        ? [session]
        : [];
    });
  }

  #put(session: Session, channelIds: readonly ChannelId[]): void {
    this.#version += 1;
    this.#sessions.set(session.id, { session, channelIds, version: this.#version });
  }

  #unlink(channelId: ChannelId, sessionId: SessionId): boolean {
    const members = this.#members.get(channelId);
    const removed = members?.delete(sessionId) ?? false;
    if (members?.size === 0) this.#members.delete(channelId);
    if (removed) this.#membershipVersion += 1;
    return removed;
  }
}

/** True where the relay would do the same for both. */
export function isSameRoute(left: RouteUpdate, right: RouteUpdate): boolean {
  return (
    left.target === right.target &&
    left.epoch === right.epoch &&
    isSameList(left.listeners, right.listeners) &&
    isSameList(left.speakers, right.speakers)
  );
}

function isSameList(left: readonly SessionId[], right: readonly SessionId[]): boolean {
  return left.length === right.length && left.every((id, index) => id === right[index]);
}
