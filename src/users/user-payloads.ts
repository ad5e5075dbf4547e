/** What the mutations of users answer. */
import { Field, ID, ObjectType } from 'type-graphql';
import { MutationPayload } from '../graphql/mutation-payload.js';
import { User } from './user.entity.js';

@ObjectType({ description: 'The answer of `createUser`.', simpleResolvers: true })
export class CreateUserPayload extends MutationPayload {
  @Field(() => User, { nullable: true, description: 'The new user, or null where it was refused.' })
  declare user?: User;
}

@ObjectType({ description: 'The answer of `updateUser`.', simpleResolvers: true })
export class UpdateUserPayload extends MutationPayload {
  @Field(() => User, { nullable: true, description: 'The user as they are now, or null where it was refused.' })
  declare user?: User;
}

@ObjectType({ description: 'The answer of `deleteUser`.', simpleResolvers: true })
export class DeleteUserPayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The user who is no more, or null where it was refused.' })
  declare deletedId?: string;
}
