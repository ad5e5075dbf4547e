/** What the mutations of users take. */
import { Field, ID, InputType, Int } from 'type-graphql';
import { CreationInput, MutationInput } from '../graphql/mutation-input.js';

@InputType({ description: 'A new user of an organization.' })
export class CreateUserInput extends CreationInput {
  @Field(() => ID, { description: 'The organization that the user belongs to.' })
  declare organizationId: string;

  @Field(() => String, { description: 'What is typed to log in, and what others see: 1 to 64 characters.' })
  declare username: string;

  @Field(() => String, { description: 'The first password: 8 to 256 characters.' })
  declare password: string;

  @Field(() => String, { nullable: true, description: 'Where the person can be reached.' })
  declare email?: string | null;

  @Field(() => [ID], { nullable: true, description: 'Exactly these roles; left out, the role `member`.' })
  declare roleIds?: string[] | null;
}

@InputType({ description: 'A change of a user. What is left out stays as it is.' })
export class UpdateUserInput extends MutationInput {
  @Field(() => ID, { description: 'Which user.' })
  declare id: string;

  @Field(() => String, {
    nullable: true,
    description: 'What is typed to log in, and what others see: 1 to 64 characters.',
  })
  declare username?: string | null;

  @Field(() => String, { nullable: true, description: 'Where the person can be reached; null deletes it.' })
  declare email?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'A new password: 8 to 256 characters. It ends all logins and sessions of the user.',
  })
  declare password?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The `version` that was read: CONFLICT where there is another one now.',
  })
  declare expectedVersion?: number | null;
}

@InputType({ description: 'Which user to remove.' })
export class DeleteUserInput extends MutationInput {
  @Field(() => ID, { description: 'Which user.' })
  declare id: string;

  @Field(() => Int, {
    nullable: true,
    description: 'The `version` that was read: CONFLICT where there is another one now.',
  })
  declare expectedVersion?: number | null;
}
