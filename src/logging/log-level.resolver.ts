import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import type { Answer } from '../graphql/mutation-payload.js';
import { withoutNulls } from '../graphql/without-nulls.js';
import type { LogLevelService } from './log-level.service.js';
import { LogModuleStateType, SetLogLevelInput, SetLogLevelPayload } from './log-level-types.js';
import type { LogModuleState } from './log-modules.js';

/** How much is logged, by GraphQL. */
@Resolver()
export class LogLevelResolver {
  readonly #logLevels: LogLevelService;

  constructor(logLevels: LogLevelService) {
    this.#logLevels = logLevels;
  }

  @Query(() => [LogModuleStateType], {
    nullable: true,
    description: 'How much each part of the node that answers logs. Platform admins only.',
  })
  logModules(@Ctx() ctx: GraphqlContext): readonly LogModuleState[] {
    return this.#logLevels.list(ctx);
  }

  @Mutation(() => SetLogLevelPayload, {
    nullable: true,
    description: 'Sets how much a part of the node that answers logs. Platform admins only.',
  })
  async setLogLevel(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => SetLogLevelInput, { description: 'Which part, and how much.' }) input: SetLogLevelInput,
  ): Promise<Answer<SetLogLevelPayload>> {
    const { module, level, durationS } = withoutNulls(input);
    return { logModule: await this.#logLevels.set(ctx, module, level, durationS) };
  }
}
