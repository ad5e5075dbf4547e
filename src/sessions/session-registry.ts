import type { OrganizationId, SessionId, UserId } from '../ids.js';
import type { Session, Standing } from './session.js';

const ORDINARY: Standing = { muted: false, deafened: false, prioritySpeaker: false };

/** The sessions that are connected to this node: by id, by user (one each) and by organization. */
export class SessionRegistry {
  readonly #byId = new Map<SessionId, Session>();
  readonly #byUser = new Map<UserId, Session>();
  readonly #byOrganization = new Map<OrganizationId, Map<SessionId, Session>>();

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

  get size(): number {
    return this.#byId.size;
  }

  find(id: SessionId): Session | undefined {
    return this.#byId.get(id);
  }

  ofUser(id: UserId): Session | undefined {
    return this.#byUser.get(id);
  }

  /** The organizations of which anybody is here. */
  get organizationIds(): readonly OrganizationId[] {
    return [...this.#byOrganization.keys()];
  }

  /** In the order of connecting. */
  ofOrganization(id: OrganizationId): readonly Session[] {
    return [...(this.#byOrganization.get(id)?.values() ?? [])];
  }

  /** Adds the session, or puts it in place of what it was. A user has one session: an older one must be removed before. */
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
    this.#byUser.delete(session.userId);
    const companions = this.#byOrganization.get(session.organizationId);
    companions?.delete(id);
    if (companions?.size === 0) this.#byOrganization.delete(session.organizationId);
    return session;
  }
}
