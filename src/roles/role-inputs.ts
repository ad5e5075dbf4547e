/** What the mutations of roles take. */
import { Field, ID, InputType, Int } from 'type-graphql';
import { CreationInput, MutationInput } from '../graphql/mutation-input.js';
import { type PermissionBit, PermissionType } from '../graphql/permission-enum.js';

@InputType({ description: 'A new role of an organization.' })
export class CreateRoleInput extends CreationInput {
  @Field(() => ID, { description: 'The organization that the role belongs to.' })
  declare organizationId: string;

  @Field(() => String, { description: 'Unique in the organization: 1 to 64 characters.' })
  declare name: string;

  @Field(() => [PermissionType], {
    description: 'What it grants where no ACL governs. MANAGE grants everything in the organization.',
  })
  declare permissions: PermissionBit[];
}

@InputType({ description: 'A change of a role. What is left out, or null, stays as it is.' })
export class UpdateRoleInput extends MutationInput {
  @Field(() => ID, { description: 'Which role.' })
  declare id: string;

  @Field(() => String, { nullable: true, description: 'Unique in the organization: 1 to 64 characters.' })
  declare name?: string | null;

  @Field(() => [PermissionType], {
    nullable: true,
    description: 'All that it grants from now on where no ACL governs.',
  })
  declare permissions?: PermissionBit[] | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The `version` that was read: CONFLICT where there is another one now.',
  })
  declare expectedVersion?: number | null;
}

@InputType({ description: 'Which role to delete.' })
export class DeleteRoleInput extends MutationInput {
  @Field(() => ID, { description: 'Which role.' })
  declare id: string;

  @Field(() => Int, {
    nullable: true,
    description: 'The `version` that was read: CONFLICT where there is another one now.',
  })
  declare expectedVersion?: number | null;
}

@InputType({ description: 'Which role to give to whom.' })
export class AssignRoleInput extends MutationInput {
  @Field(() => ID, { description: 'Which role.' })
  declare roleId: string;

  @Field(() => ID, { description: 'A user of the same organization.' })
  declare userId: string;
}

@InputType({ description: 'Which role to take from whom.' })
export class UnassignRoleInput extends MutationInput {
  @Field(() => ID, { description: 'Which role.' })
  declare roleId: string;

  @Field(() => ID, { description: 'A user of the same organization.' })
  declare userId: string;
}
