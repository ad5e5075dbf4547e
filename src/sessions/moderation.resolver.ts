import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toChannelId, toSessionId } from '../graphql/id-argument.js';
import type { Answer } from '../graphql/mutation-payload.js';
import type { ModerationResult, ModerationService } from './moderation.service.js';
import {
  DeafenSessionsInput,
  KickSessionsInput,
  MoveSessionsInput,
  MuteSessionsInput,
  PrioritizeSessionsInput,
} from './moderation-inputs.js';
import {
  DeafenSessionsPayload,
  KickSessionsPayload,
  type ModerationPayload,
  MoveSessionsPayload,
  MuteSessionsPayload,
  PrioritizeSessionsPayload,
} from './moderation-payloads.js';

/** Muting, moving and kicking by GraphQL. */
@Resolver()
export class ModerationResolver {
  readonly #moderation: ModerationService;

  constructor(moderation: ModerationService) {
    this.#moderation = moderation;
  }

  @Mutation(() => KickSessionsPayload, {
    nullable: true,
    description:
      'Ends sessions of others, who may log in again. All are told the reason. Needs MANAGE in the organization.',
  })
  async kickSessions(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => KickSessionsInput, { description: 'Whom.' }) { sessionIds }: KickSessionsInput,
  ): Promise<Answer<KickSessionsPayload>> {
    return toPayload(await this.#moderation.kick(ctx, sessionIds.map(toSessionId)));
  }

  @Mutation(() => MuteSessionsPayload, {
    nullable: true,
    description:
      'Lets nobody hear sessions, or lifts that; it stays with the user over a new login. Needs MANAGE in the organization or in all channels that they are in.',
  })
  async muteSessions(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => MuteSessionsInput, { description: 'Whom.' }) { sessionIds, muted }: MuteSessionsInput,
  ): Promise<Answer<MuteSessionsPayload>> {
    return toPayload(await this.#moderation.setMuted(ctx, sessionIds.map(toSessionId), muted));
  }

  @Mutation(() => DeafenSessionsPayload, {
    nullable: true,
    description:
      'Lets sessions hear nobody, or lifts that; it stays with the user over a new login. Needs MANAGE in the organization or in all channels that they are in.',
  })
  async deafenSessions(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => DeafenSessionsInput, { description: 'Whom.' }) { sessionIds, deafened }: DeafenSessionsInput,
  ): Promise<Answer<DeafenSessionsPayload>> {
    return toPayload(await this.#moderation.setDeafened(ctx, sessionIds.map(toSessionId), deafened));
  }

  @Mutation(() => PrioritizeSessionsPayload, {
    nullable: true,
    description:
      'Makes sessions priority speakers, above whom clients make others quieter, or lifts that; it stays with the user over a new login. Needs MANAGE in the organization or in all channels that they are in.',
  })
  async prioritizeSessions(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => PrioritizeSessionsInput, { description: 'Whom.' })
    { sessionIds, prioritySpeaker }: PrioritizeSessionsInput,
  ): Promise<Answer<PrioritizeSessionsPayload>> {
    return toPayload(await this.#moderation.setPrioritySpeaker(ctx, sessionIds.map(toSessionId), prioritySpeaker));
  }

  @Mutation(() => MoveSessionsPayload, {
    nullable: true,
    description:
      'Takes sessions out of channels, and puts them into another one. Needs MANAGE in the organization or in all channels that are concerned; whoever is moved needs JOIN where they go to.',
  })
  async moveSessions(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => MoveSessionsInput, { description: 'Whom, and where to.' }) input: MoveSessionsInput,
  ): Promise<Answer<MoveSessionsPayload>> {
    const { sessionIds, fromChannelId, toChannelId: target } = input;
    const move = {
      from: typeof fromChannelId === 'string' ? toChannelId(fromChannelId) : undefined,
      to: typeof target === 'string' ? toChannelId(target) : null,
    };
    return toPayload(await this.#moderation.move(ctx, sessionIds.map(toSessionId), move));
  }
}

function toPayload(results: readonly ModerationResult[]): Answer<ModerationPayload> {
  return {
    results: results.map(({ sessionId, refusal }) => ({
      sessionId,
      done: refusal === null,
      code: refusal?.code ?? null,
      message: refusal?.message ?? null,
    })),
  };
}
