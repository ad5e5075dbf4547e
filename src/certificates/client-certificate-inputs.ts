/** What the mutations of client certificates take. */
import { Field, ID, InputType } from 'type-graphql';
import { MutationInput } from '../graphql/mutation-input.js';

@InputType({ description: 'Which client certificate to remove.' })
export class RemoveCertificateInput extends MutationInput {
  @Field(() => ID, { description: 'Which certificate.' })
  declare id: string;
}
