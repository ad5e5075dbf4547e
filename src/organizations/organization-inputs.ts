/** What the mutations of organizations take. */
import { Field, ID, InputType, Int } from 'type-graphql';
import { CreationInput, MutationInput } from '../graphql/mutation-input.js';

@InputType({ description: 'The first user of a new organization, who becomes its owner.' })
export class OrganizationOwnerInput {
  @Field(() => String, { description: 'What is typed to log in: 1 to 64 characters.' })
  declare username: string;

  @Field(() => String, { description: 'The password: 8 to 256 characters.' })
  declare password: string;

  @Field(() => String, { nullable: true, description: 'Where the person can be reached.' })
  declare email?: string | null;
}

@InputType({ description: 'A new organization.' })
export class CreateOrganizationInput extends CreationInput {
  @Field(() => String, { description: 'What people read: 1 to 255 characters.' })
  declare name: string;

  @Field(() => String, { description: 'Short and unique on the server: what gamers type to log in.' })
  declare tag: string;

  @Field(() => Int, {
    nullable: true,
    description: 'How many users it may have; left out, 100, or the limit of the server.',
  })
  declare maxUsers?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'How many channels it may have; left out, 50, or the limit of the server.',
  })
  declare maxChannels?: number | null;

  @Field(() => OrganizationOwnerInput, {
    nullable: true,
    description: 'The first user. Without one there is no owner yet.',
  })
  declare owner?: OrganizationOwnerInput | null;
}

@InputType({ description: 'A change of an organization. What is left out, or null, stays as it is.' })
export class UpdateOrganizationInput extends MutationInput {
  @Field(() => ID, { description: 'Which organization.' })
  declare id: string;

  @Field(() => String, { nullable: true, description: 'What people read: 1 to 255 characters.' })
  declare name?: string | null;

  @Field(() => String, { nullable: true, description: 'What gamers type to log in. They have to be told.' })
  declare tag?: string | null;

  @Field(() => Int, { nullable: true, description: 'How many users it may have. Only platform admins set this.' })
  declare maxUsers?: number | null;

  @Field(() => Int, { nullable: true, description: 'How many channels it may have. Only platform admins set this.' })
  declare maxChannels?: number | null;

  @Field(() => ID, {
    nullable: true,
    description: 'The new owner, a user of the organization. Only the owner and platform admins set this.',
  })
  declare ownerId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether voice clients may record. With false, sessions that record end.',
  })
  declare recordingAllowed?: boolean | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The `version` that was read: CONFLICT where there is another one now.',
  })
  declare expectedVersion?: number | null;
}

@InputType({ description: 'Which organization to delete, with all that is in it.' })
export class DeleteOrganizationInput extends MutationInput {
  @Field(() => ID, { description: 'Which organization.' })
  declare id: string;

  @Field(() => Int, {
    nullable: true,
    description: 'The `version` that was read: CONFLICT where there is another one now.',
  })
  declare expectedVersion?: number | null;
}
