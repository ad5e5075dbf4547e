import type { Logger } from 'pino';
import { z } from 'zod';
import { AppError, notFound, unreachable } from '../errors.js';
import type { LeaveReason } from '../events/domain-event.js';
import type { ChannelId, SessionId } from '../ids.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import type { RedisOccupancy } from '../occupancy/redis-occupancy.js';
import { systemContext } from '../request-context.js';
import type { Departure, OtherNodes } from '../sessions/other-nodes.js';
import type { Session, Standing } from '../sessions/session.js';
import type { SessionService } from '../sessions/session.service.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import type { VoiceQuality, VoiceQualitySource } from '../sessions/voice-quality.js';
import type { ClusterCall } from './cluster-call.js';
import type { ClusterCalls } from './cluster-calls.js';

export interface ClusterSessionsOptions {
  readonly occupancy: RedisOccupancy;
  readonly calls: ClusterCalls;
  readonly registry: SessionRegistry;
  readonly logger: Logger;
}

/** What a node does with its own sessions where another node asks for it. */
export interface SessionServices {
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  /** How voice goes from and to the sessions of this node. */
  readonly quality: VoiceQualitySource;
  /** Brings a text of another node to these sessions. */
  readonly deliverText: (sessionIds: readonly SessionId[], message: Uint8Array) => void;
  readonly setDraining: (isDraining: boolean) => Promise<void>;
}

const flow = z.strictObject({ expected: z.number(), lost: z.number(), jitterMs: z.number().nullable() });
const qualitiesSchema = z.array(
  z.tuple([
    z.number(),
    z.strictObject({
      up: flow,
      down: flow,
      clientRoundTripMs: z.number().nullable(),
      serverRoundTripMs: z.number().nullable(),
    }),
  ]),
);

const SYSTEM = systemContext('cluster');

/** Acts on the sessions of other nodes, and for other nodes on those of this one. */
export class ClusterSessions implements OtherNodes {
  readonly #options: ClusterSessionsOptions;

  constructor(options: ClusterSessionsOptions) {
    this.#options = options;
  }

  async claim(session: Session, inherits: SessionId | null): Promise<readonly ChannelId[]> {
    const { occupancy, calls, logger } = this.#options;
    const { former, channelIds } = await occupancy.claim(session, inherits);
    // Who moves ends the former session themselves, once the new one speaks and hears; a node looks after what it has lost.
    if (former !== null && former.id !== inherits && former.node !== '' && former.node !== occupancy.node) {
      calls
        .ask(former.node, { type: 'close_session', sessionId: former.id, reason: 'replaced', message: '' })
        .catch((err: unknown) => logger.debug({ err }, 'a node will find out by itself that a session was replaced'));
    }
    return channelIds;
  }

  async close(sessionId: SessionId, reason: LeaveReason, message: string): Promise<void> {
    await this.#ask({ type: 'close_session', sessionId, reason, message });
  }

  async setStanding(sessionId: SessionId, change: Partial<Standing>): Promise<void> {
    await this.#ask({ type: 'set_standing', sessionId, change });
  }

  async bring(sessionId: SessionId, channelId: ChannelId): Promise<void> {
    await this.#ask({ type: 'bring', sessionId, channelId });
  }

  async takeOut(sessionId: SessionId, channelId: ChannelId, { reason, movedTo }: Departure): Promise<void> {
    await this.#ask({ type: 'take_out', sessionId, channelId, reason, movedTo });
  }

  /** Brings a text to sessions of other nodes. Who cannot be reached does not get it. */
  deliverText(sessionIds: readonly SessionId[], message: Uint8Array): void {
    const text = Buffer.from(message).toString('base64');
    for (const [node, ids] of this.#byHome(sessionIds)) {
      this.#options.calls
        .ask(node, { type: 'deliver_text', sessionIds: [...ids], message: text })
        .catch((err: unknown) => this.#options.logger.debug({ err }, 'a text has not reached another node'));
    }
  }

  /** How voice goes, of sessions of all nodes: `local` knows it of this one's. Of a node that does not answer, nothing is known. */
  qualitySource(local: VoiceQualitySource): VoiceQualitySource {
    return {
      qualitiesOf: async (sessionIds) => {
        const remote = [...this.#byHome(sessionIds)].map(([node, ids]) => this.#qualitiesAt(node, ids));
        const parts = await Promise.all([
          local.qualitiesOf(sessionIds.filter((id) => this.#options.registry.homeOf(id) === null)),
          ...remote,
        ]);
        return new Map(parts.flatMap((part) => [...part]));
      },
    };
  }

  /** Does from now on what other nodes ask. */
  serve(services: SessionServices): void {
    this.#options.calls.answerBy((call) => this.#carryOut(services, call));
  }

  async #carryOut(services: SessionServices, call: ClusterCall): Promise<unknown> {
    const { sessions, occupancy } = services;
    if ('sessionId' in call && !this.#options.registry.isLocal(call.sessionId)) throw notFound('session');
    switch (call.type) {
      case 'close_session':
        return sessions.close({ ...SYSTEM, reason: call.message }, call.sessionId, call.reason);
      case 'set_standing':
        return sessions.setStanding(SYSTEM, call.sessionId, given(call.change));
      case 'bring':
        return occupancy.bring(SYSTEM, call.sessionId, call.channelId);
      case 'take_out':
        return occupancy.takeOut(SYSTEM, call.sessionId, call.channelId, call);
      case 'qualities':
        return [...(await services.quality.qualitiesOf(call.sessionIds))].map(([id, quality]) => [id, plain(quality)]);
      case 'deliver_text':
        return services.deliverText(call.sessionIds, Buffer.from(call.message, 'base64'));
      case 'set_draining':
        return services.setDraining(call.draining);
      default:
        return unreachable(call);
    }
  }

  async #ask(call: Extract<ClusterCall, { sessionId: SessionId }>): Promise<unknown> {
    const home = this.#options.registry.homeOf(call.sessionId);
    if (home === null) throw notFound('session');
    return this.#options.calls.ask(home, call);
  }

  async #qualitiesAt(node: string, sessionIds: readonly SessionId[]): Promise<ReadonlyMap<SessionId, VoiceQuality>> {
    try {
      const answer = await this.#options.calls.ask(node, { type: 'qualities', sessionIds: [...sessionIds] });
      const qualities = new Map(qualitiesSchema.parse(answer));
      return new Map(sessionIds.flatMap((id) => pair(id, qualities.get(id))));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return new Map();
    }
  }

  #byHome(sessionIds: readonly SessionId[]): ReadonlyMap<string, readonly SessionId[]> {
    const byHome = new Map<string, SessionId[]>();
    for (const id of sessionIds) {
      const home = this.#options.registry.homeOf(id);
      if (home !== null) byHome.set(home, [...(byHome.get(home) ?? []), id]);
    }
    return byHome;
  }
}

function pair(id: SessionId, quality: VoiceQuality | undefined): readonly (readonly [SessionId, VoiceQuality])[] {
  return quality === undefined ? [] : [[id, quality]];
}

/** What the relay knows more of is not told. */
function plain({ up, down, clientRoundTripMs, serverRoundTripMs }: VoiceQuality): VoiceQuality {
  return { up: flowOf(up), down: flowOf(down), clientRoundTripMs, serverRoundTripMs };
}

function flowOf({ expected, lost, jitterMs }: VoiceQuality['up']): VoiceQuality['up'] {
  return { expected, lost, jitterMs };
}

function given({
  muted,
  deafened,
  prioritySpeaker,
}: Extract<ClusterCall, { type: 'set_standing' }>['change']): Partial<Standing> {
  return {
    ...(muted !== undefined && { muted }),
    ...(deafened !== undefined && { deafened }),
    ...(prioritySpeaker !== undefined && { prioritySpeaker }),
  };
}
