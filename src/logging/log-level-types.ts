/** How much is logged, as GraphQL types. */
import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { LogLevelType, LogModuleType } from '../graphql/log-enums.js';
import { MutationInput } from '../graphql/mutation-input.js';
import { MutationPayload } from '../graphql/mutation-payload.js';
import type { LogModule, LogModuleState } from './log-modules.js';
import type { LogLevel } from './logging.js';

@ObjectType('LogModuleState', { description: 'How much a part of the server logs.', simpleResolvers: true })
export class LogModuleStateType implements LogModuleState {
  @Field(() => LogModuleType, { description: 'Which part.' })
  declare module: LogModule;

  @Field(() => LogLevelType, { description: 'What it logs.' })
  declare level: LogLevel;

  @Field(() => Date, {
    nullable: true,
    description: 'When the level of the configuration comes back; null where it does not by itself.',
  })
  declare until: Date | null;
}

@InputType({ description: 'How much a part of the server is to log.' })
export class SetLogLevelInput extends MutationInput {
  @Field(() => LogModuleType, { description: 'Which part.' })
  declare module: LogModule;

  @Field(() => LogLevelType, { description: 'What it is to log.' })
  declare level: LogLevel;

  @Field(() => Int, {
    nullable: true,
    description:
      'For how many seconds, 1 to 86400: then the level of the configuration comes back. Left out, until the server starts anew.',
  })
  declare durationS?: number | null;
}

@ObjectType({ description: 'The answer of `setLogLevel`.', simpleResolvers: true })
export class SetLogLevelPayload extends MutationPayload {
  @Field(() => LogModuleStateType, { nullable: true, description: 'As it is now, or null where it was refused.' })
  declare logModule?: LogModuleState;
}
