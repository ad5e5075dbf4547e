/** What the mutations answer that mute, move and kick others. */
import { Field, ID, ObjectType } from 'type-graphql';
import { MutationPayload } from '../graphql/mutation-payload.js';

@ObjectType({ description: 'What became of one session of a bulk mutation.', simpleResolvers: true })
export class ModerationResultType {
  @Field(() => ID, { description: 'Which session.' })
  declare sessionId: number;

  @Field(() => Boolean, { description: 'True where it was done.' })
  declare done: boolean;

  @Field(() => String, { nullable: true, description: 'Why it was not done: a code as in `extensions.code`.' })
  declare code: string | null;

  @Field(() => String, { nullable: true, description: 'Why it was not done, in English.' })
  declare message: string | null;
}

@ObjectType({ simpleResolvers: true })
export abstract class ModerationPayload extends MutationPayload {
  @Field(() => [ModerationResultType], { description: 'One for each session, in the order of the input.' })
  declare results: ModerationResultType[];
}

@ObjectType({ description: 'The answer of `kickSessions`.', simpleResolvers: true })
export class KickSessionsPayload extends ModerationPayload {}

@ObjectType({ description: 'The answer of `muteSessions`.', simpleResolvers: true })
export class MuteSessionsPayload extends ModerationPayload {}

@ObjectType({ description: 'The answer of `deafenSessions`.', simpleResolvers: true })
export class DeafenSessionsPayload extends ModerationPayload {}

@ObjectType({ description: 'The answer of `prioritizeSessions`.', simpleResolvers: true })
export class PrioritizeSessionsPayload extends ModerationPayload {}

@ObjectType({ description: 'The answer of `moveSessions`.', simpleResolvers: true })
export class MoveSessionsPayload extends ModerationPayload {}
