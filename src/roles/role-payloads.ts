/** What the mutations of roles answer. */
import { Field, ID, ObjectType } from 'type-graphql';
import { MutationPayload } from '../graphql/mutation-payload.js';
import { User } from '../users/user.entity.js';
import { Role } from './role.entity.js';

@ObjectType({ description: 'The answer of `createRole`.', simpleResolvers: true })
export class CreateRolePayload extends MutationPayload {
  @Field(() => Role, { nullable: true, description: 'The new role, or null where it was refused.' })
  declare role?: Role;
}

@ObjectType({ description: 'The answer of `updateRole`.', simpleResolvers: true })
export class UpdateRolePayload extends MutationPayload {
  @Field(() => Role, { nullable: true, description: 'The role as it is now, or null where it was refused.' })
  declare role?: Role;
}

@ObjectType({ description: 'The answer of `deleteRole`.', simpleResolvers: true })
export class DeleteRolePayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The role that is no more, or null where it was refused.' })
  declare deletedId?: string;
}

@ObjectType({ description: 'The answer of `assignRole`.', simpleResolvers: true })
export class AssignRolePayload extends MutationPayload {
  @Field(() => Role, { nullable: true, description: 'The role, or null where it was refused.' })
  declare role?: Role;

  @Field(() => User, { nullable: true, description: 'Who holds it now, or null where it was refused.' })
  declare user?: User;
}

@ObjectType({ description: 'The answer of `unassignRole`.', simpleResolvers: true })
export class UnassignRolePayload extends MutationPayload {
  @Field(() => Role, { nullable: true, description: 'The role, or null where it was refused.' })
  declare role?: Role;

  @Field(() => User, { nullable: true, description: 'Who holds it no more, or null where it was refused.' })
  declare user?: User;
}
