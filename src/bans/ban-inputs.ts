/** What the mutations of bans take. */
import { Field, ID, InputType } from 'type-graphql';
import { CreationInput, MutationInput } from '../graphql/mutation-input.js';

@InputType({ description: 'A new ban: of either a user or a range of addresses.' })
export class CreateBanInput extends CreationInput {
  @Field(() => ID, { description: 'The organization that the ban keeps them out of.' })
  declare organizationId: string;

  @Field(() => ID, { nullable: true, description: 'A user of the organization.' })
  declare userId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'An address or a network: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/48`. Everybody behind it is meant.',
  })
  declare addressRange?: string | null;

  @Field(() => Date, { nullable: true, description: 'When it is over; left out, never.' })
  declare expiresAt?: Date | null;
}

@InputType({ description: 'Which ban to lift.' })
export class LiftBanInput extends MutationInput {
  @Field(() => ID, { description: 'Which ban.' })
  declare id: string;
}
