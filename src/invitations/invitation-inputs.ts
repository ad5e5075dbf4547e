/** What the mutations of invitations take. */
import { Field, ID, InputType, Int } from 'type-graphql';
import { MutationInput } from '../graphql/mutation-input.js';

@InputType({ description: 'A new invitation.' })
export class CreateInvitationInput extends MutationInput {
  @Field(() => ID, { description: 'The organization that it leads into.' })
  declare organizationId: string;

  @Field(() => [ID], { nullable: true, description: 'The roles of whoever redeems it; left out, the role `member`.' })
  declare roleIds?: string[] | null;

  @Field(() => ID, { nullable: true, description: 'The channel to land in.' })
  declare channelId?: string | null;

  @Field(() => Int, { nullable: true, description: 'How many users it can make: 1 to 10000; left out, any number.' })
  declare maxUses?: number | null;

  @Field(() => Date, { nullable: true, description: 'When it is over, at most a year from now; left out, in a week.' })
  declare expiresAt?: Date | null;
}

@InputType({ description: 'Which invitation to revoke.' })
export class RevokeInvitationInput extends MutationInput {
  @Field(() => ID, { description: 'Which invitation.' })
  declare id: string;
}

@InputType({ description: 'How to become a user by an invitation.' })
export class RedeemInvitationInput {
  @Field(() => String, { description: 'The code.' })
  declare code: string;

  @Field(() => String, { description: 'The name to log in by: 1 to 64 characters.' })
  declare username: string;

  @Field(() => String, { description: 'The password to log in by: 8 to 256 characters.' })
  declare password: string;

  @Field(() => String, { nullable: true, description: 'Where the person can be reached.' })
  declare email?: string | null;
}
