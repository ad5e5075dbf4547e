/** What the mutations of client certificates answer. */
import { Field, ID, ObjectType } from 'type-graphql';
import { MutationPayload } from '../graphql/mutation-payload.js';

@ObjectType({ description: 'The answer of `removeCertificate`.', simpleResolvers: true })
export class RemoveCertificatePayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The certificate that is no more, or null where it was refused.' })
  declare removedId?: string;
}
