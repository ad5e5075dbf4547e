/** What the mutations of organizations answer. */
import { Field, ID, ObjectType } from 'type-graphql';
import { MutationPayload } from '../graphql/mutation-payload.js';
import { Organization } from './organization.entity.js';

@ObjectType({ description: 'The answer of `createOrganization`.', simpleResolvers: true })
export class CreateOrganizationPayload extends MutationPayload {
  @Field(() => Organization, { nullable: true, description: 'The new organization, or null where it was refused.' })
  declare organization?: Organization;
}

@ObjectType({ description: 'The answer of `updateOrganization`.', simpleResolvers: true })
export class UpdateOrganizationPayload extends MutationPayload {
  @Field(() => Organization, {
    nullable: true,
    description: 'The organization as it is now, or null where it was refused.',
  })
  declare organization?: Organization;
}

@ObjectType({ description: 'The answer of `deleteOrganization`.', simpleResolvers: true })
export class DeleteOrganizationPayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The organization that is no more, or null where it was refused.' })
  declare deletedId?: string;
}
