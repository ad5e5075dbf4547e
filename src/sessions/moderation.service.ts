import type { AuditAction } from '../audit/audit-record.js';
import type { Database, Transaction } from '../database/database.js';
import { AppError, invalidInput, notFound } from '../errors.js';
import type { ChannelId, SessionId } from '../ids.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import { holds, Permission } from '../permissions/bits.js';
import { effectivePermissions, holdsEverything } from '../permissions/evaluate.js';
import { denied, type PermissionService } from '../permissions/permission.service.js';
import { onBehalfOf, type RequestContext } from '../request-context.js';
import type { Session } from './session.js';
import type { SessionService } from './session.service.js';

/** The most sessions of one call. */
export const MAX_BULK = 100;

/** What became of one session of a call. */
export interface ModerationResult {
  readonly sessionId: SessionId;
  /** Why nothing was done, or null where it was done. */
  readonly refusal: AppError | null;
}

/** Where sessions are taken from, and where to. */
export interface SessionMove {
  /** Only out of this channel; left out, out of all that they are in. */
  readonly from?: ChannelId | undefined;
  /** Null takes them out, and puts them nowhere. */
  readonly to: ChannelId | null;
}

/** What is done to one session once it is known that the actor may, and what is written down of it. */
interface Measure {
  readonly action: AuditAction;
  readonly after?: Readonly<Record<string, string | number | null>>;
  /** The channels in which the actor needs MANAGE, where MANAGE in the organization is lacking. */
  readonly channels: (joined: readonly ChannelId[]) => readonly ChannelId[];
  readonly carryOut: (session: Session) => Promise<void>;
}

/**
 * Mutes, moves and kicks others, many in one call, with a result for each. Needs MANAGE in the organization, or (not to
 * kick) in every channel that is concerned. The owner is out of everybody's reach but their own and a platform admin's.
 */
export class ModerationService {
  readonly #database: Database;
  readonly #permissions: PermissionService;
  readonly #sessions: SessionService;
  readonly #occupancy: OccupancyService;

  constructor(
    database: Database,
    permissions: PermissionService,
    sessions: SessionService,
    occupancy: OccupancyService,
  ) {
    this.#database = database;
    this.#permissions = permissions;
    this.#sessions = sessions;
    this.#occupancy = occupancy;
  }

  /** Ends sessions, and tells all of them the actor's reason. Who was kicked may log in again: a ban keeps somebody out. */
  kick(ctx: RequestContext, sessionIds: readonly SessionId[]): Promise<ModerationResult[]> {
    return this.#each(ctx, sessionIds, {
      action: 'session_kicked',
      channels: () => [],
      carryOut: ({ id }) => {
        return this.#sessions.close({ ...onBehalfOf(ctx), reason: ctx.reason }, id, 'kicked');
      },
    });
  }

  /** Lets nobody hear these sessions, or lifts that. It holds for the user until it is lifted or the server starts anew. */
  setMuted(ctx: RequestContext, sessionIds: readonly SessionId[], muted: boolean): Promise<ModerationResult[]> {
    return this.#each(ctx, sessionIds, {
      action: muted ? 'session_muted' : 'session_unmuted',
      channels: (joined) => joined,
      carryOut: ({ id }) => this.#sessions.setStanding(onBehalfOf(ctx), id, { muted }),
    });
  }

  /** Lets these sessions hear nobody, or lifts that, as {@link setMuted}. */
  setDeafened(ctx: RequestContext, sessionIds: readonly SessionId[], deafened: boolean): Promise<ModerationResult[]> {
    return this.#each(ctx, sessionIds, {
      action: deafened ? 'session_deafened' : 'session_undeafened',
      channels: (joined) => joined,
      carryOut: ({ id }) => this.#sessions.setStanding(onBehalfOf(ctx), id, { deafened }),
    });
  }

  /** Lets clients hear these sessions above others, or ends that, as {@link setMuted}. */
  setPrioritySpeaker(
    ctx: RequestContext,
    sessionIds: readonly SessionId[],
    prioritySpeaker: boolean,
  ): Promise<ModerationResult[]> {
    return this.#each(ctx, sessionIds, {
      action: prioritySpeaker ? 'session_prioritized' : 'session_unprioritized',
      channels: (joined) => joined,
      carryOut: ({ id }) => this.#sessions.setStanding(onBehalfOf(ctx), id, { prioritySpeaker }),
    });
  }

  /** Takes sessions out of channels and into another one, which needs no password of them but JOIN, and has to have a place. */
  move(ctx: RequestContext, sessionIds: readonly SessionId[], { from, to }: SessionMove): Promise<ModerationResult[]> {
    const left = (joined: readonly ChannelId[]) =>
      joined.filter((id) => id !== to && (from === undefined || id === from));
    return this.#each(ctx, sessionIds, {
      action: 'session_moved',
      after: { from: from ?? null, to },
      channels: (joined) => [...left(joined), ...(to === null ? [] : [to])],
      carryOut: async ({ id }) => {
        const system = onBehalfOf(ctx);
        if (to !== null) await this.#occupancy.bring(system, id, to);
        for (const channelId of left(await this.#occupancy.channelsOf(system, id))) {
          await this.#occupancy.takeOut(system, id, channelId, { reason: 'moved', movedTo: to ?? undefined });
        }
      },
    });
  }

  async #each(ctx: RequestContext, sessionIds: readonly SessionId[], measure: Measure): Promise<ModerationResult[]> {
    this.#permissions.requireLogin(ctx);
    if (sessionIds.length === 0 || sessionIds.length > MAX_BULK) {
      throw invalidInput(['input', 'sessionIds'], `Name 1 to ${MAX_BULK} sessions.`, { min: 1, max: MAX_BULK });
    }
    const results: ModerationResult[] = [];
    for (const sessionId of new Set(sessionIds)) {
      results.push({ sessionId, refusal: await refusalOf(() => this.#one(ctx, sessionId, measure)) });
    }
    return results;
  }

  /** It is written down first: what cannot be told later is not done. */
  async #one(ctx: RequestContext, sessionId: SessionId, measure: Measure): Promise<void> {
    const session = this.#sessions.get(ctx, sessionId);
    const joined = await this.#occupancy.channelsOf(onBehalfOf(ctx), sessionId);
    await this.#requireReach(ctx, session, measure.channels(joined));
    await this.#database.write(ctx, async (transaction) => note(transaction, session, measure));
    await measure.carryOut(session);
  }

  /** Throws NOT_FOUND for a channel that is not of the organization, and PERMISSION_DENIED. */
  async #requireReach(ctx: RequestContext, session: Session, channels: readonly ChannelId[]): Promise<void> {
    const { organizationId, userId } = session;
    const { actor } = ctx;
    const actorIds = actor.kind === 'user' ? [actor.userId] : [];
    const { policy, subjects } = await this.#permissions.policyOf(ctx, organizationId, actorIds);
    if (channels.some((id) => !policy.channels.has(id))) throw notFound('channel');
    if (actor.kind === 'system' || (actor.kind === 'user' && actor.platformAdmin)) return;
    const subject = actor.kind === 'user' ? subjects.get(actor.userId) : undefined;
    if (subject === undefined) throw notFound('session');
    if (policy.ownerId === userId && subject.userId !== userId) throw denied('The owner is out of your reach.');
    if (holdsEverything(policy, subject)) return;
    const manages = (id: ChannelId) => holds(effectivePermissions(policy, subject, id), Permission.MANAGE);
    if (channels.length > 0 && channels.every(manages)) return;
    throw denied('This needs MANAGE in the organization, or in every channel that is concerned.', 'MANAGE');
  }
}

function note({ record }: Transaction, session: Session, { action, after }: Measure): void {
  const { id, userId, username, organizationId } = session;
  record({ organizationId, action, target: { type: 'session', id }, after: { userId, username, ...after } });
}

/** Refusals are results; faults and bugs are not. */
async function refusalOf(work: () => Promise<void>): Promise<AppError | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof AppError && error.kind === 'refusal') return error;
    throw error;
  }
}
