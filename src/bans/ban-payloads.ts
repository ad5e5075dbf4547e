/** What the mutations of bans answer. */
import { Field, ID, ObjectType } from 'type-graphql';
import { MutationPayload } from '../graphql/mutation-payload.js';
import { Ban } from './ban.entity.js';

@ObjectType({ description: 'The answer of `createBan`.', simpleResolvers: true })
export class CreateBanPayload extends MutationPayload {
  @Field(() => Ban, { nullable: true, description: 'The new ban, or null where it was refused.' })
  declare ban?: Ban;
}

@ObjectType({ description: 'The answer of `liftBan`.', simpleResolvers: true })
export class LiftBanPayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The ban that is no more, or null where it was refused.' })
  declare liftedId?: string;
}
