import type { OrganizationId, SessionId, UserId } from '../ids.js';
import type { Session, Standing } from './session.js';

const ORDINARY: Standing = { muted: false, deafened: false, prioritySpeaker: false };

/**
 * The sessions that are connected, by id, by user and by organization: those of this node, which it answers for, and those
 * of other nodes as these have told them last.
 */
export class SessionRegistry {
  readonly #byId = new Map<SessionId, Session>();
  readonly #byUser = new Map<UserId, Session>();
  readonly #byOrganization = new Map<OrganizationId, Map<SessionId, Session>>();
  /** The nodes of the sessions that are not of this one. */
  readonly #homes = new Map<SessionId, string>();

  /** What moderators have decided about users. Nothing is kept of those who are as everybody. */
  readonly #standings = new Map<UserId, Standing>();

  /** What moderators have decided about the user, connected or not. */
  standingOf(id: UserId): Standing {
    return this.#standings.get(id) ?? ORDINARY;
  }

  setStanding(id: UserId, standing: Standing): void {
    const { muted, deafened, prioritySpeaker } = standing;
    if (muted || deafened || prioritySpeaker) this.#standings.set(id, standing);
    else this.#standings.delete(id);
  }

  /** How many sessions this node has. */
  get size(): number {
    return this.#byId.size - this.#homes.size;
  }

  /** True for a session of this node. */
  isLocal(id: SessionId): boolean {
    return this.#byId.has(id) && !this.#homes.has(id);
  }

  /** The node that a session is connected to where it is not this one, or null. */
  homeOf(id: SessionId): string | null {
    return this.#homes.get(id) ?? null;
  }

  /** The sessions of other nodes. */
  remote(): readonly Session[] {
    return [...this.#homes.keys()].flatMap((id) => this.#byId.get(id) ?? []);
  }

  /** The organizations of which anybody is connected to this node. */
  get organizationIds(): readonly OrganizationId[] {
    return [...this.#byOrganization].flatMap(([id, sessions]) =>
      [...sessions.keys()].some((session) => this.isLocal(session)) ? [id] : [],
    );
  }

  find(id: SessionId): Session | undefined {
    return this.#byId.get(id);
  }

  ofUser(id: UserId): Session | undefined {
    return this.#byUser.get(id);
  }

  /** The organizations of which anybody is connected, to whatever node. */
  organizations(): readonly OrganizationId[] {
    return [...this.#byOrganization.keys()];
  }

  /** Those of this node in the order of connecting, those of others as they became known. */
  ofOrganization(id: OrganizationId): readonly Session[] {
    return [...(this.#byOrganization.get(id)?.values() ?? [])];
  }

  /** As {@link ofOrganization}, of this node alone. */
  localOf(id: OrganizationId): readonly Session[] {
    return this.ofOrganization(id).filter((session) => this.isLocal(session.id));
  }

  /** Adds a session of another node, or puts it in place of what it was. What moderators have decided about its user holds here too. */
  putRemote(session: Session, home: string): void {
    this.#homes.set(session.id, home);
    this.setStanding(session.userId, session);
    this.put(session);
  }

  /**
   * Adds the session, or puts it in place of what it was. A user has one session in the end: the newest is the one that
   * {@link ofUser} gives, and an older one of this node must be removed before.
   */
  put(session: Session): void {
    this.#byId.set(session.id, session);
    this.#byUser.set(session.userId, session);
    const companions = this.#byOrganization.get(session.organizationId) ?? new Map<SessionId, Session>();
    this.#byOrganization.set(session.organizationId, companions.set(session.id, session));
  }

  /** Removes the session and returns it, or undefined where it is not there. */
  remove(id: SessionId): Session | undefined {
    const session = this.#byId.get(id);
    if (session === undefined) return undefined;
    this.#byId.delete(id);
    this.#homes.delete(id);
    if (this.#byUser.get(session.userId)?.id === id) this.#byUser.delete(session.userId);
    const companions = this.#byOrganization.get(session.organizationId);
    companions?.delete(id);
    if (companions?.size === 0) this.#byOrganization.delete(session.organizationId);
    return session;
  }
}
