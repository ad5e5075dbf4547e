/** Explanations and simulations of permissions, as GraphQL objects. */
import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Channel } from '../channels/channel.entity.js';
import { connectionOf } from '../graphql/connection.js';
import { type PermissionBit, PermissionType } from '../graphql/permission-enum.js';
import { Role } from '../roles/role.entity.js';
import { User } from '../users/user.entity.js';
import type { MissingReason, PermissionBasis, RoleContribution, Suggestion } from './explain.js';
import { ContributionSourceType, MissingReasonType, PermissionBasisType, SuggestionKindType } from './insight-enums.js';

@ObjectType({ description: 'What one role of the user gives in the channel.', simpleResolvers: true })
export class RolePermissions {
  @Field(() => Role, { nullable: true, description: 'The role, or null where it is gone.' })
  declare role: Role | undefined;

  @Field(() => ContributionSourceType, { description: 'From where it has that.' })
  declare source: RoleContribution['source'];

  @Field(() => [PermissionType], { description: 'What it gives.' })
  declare permissions: PermissionBit[];
}

@ObjectType({
  description: 'A change that would grant a missing permission, sufficient by itself.',
  simpleResolvers: true,
})
export class PermissionSuggestion {
  @Field(() => SuggestionKindType, { description: 'What kind of change.' })
  declare kind: Suggestion['kind'];

  @Field(() => Role, { nullable: true, description: 'The role that it is about.' })
  declare role: Role | undefined;

  @Field(() => Channel, { nullable: true, description: 'The channel whose ACL it is about, or null.' })
  declare channel: Channel | undefined;

  @Field(() => [PermissionType], { description: 'All the permissions of the entry or the role after the change.' })
  declare permissions: PermissionBit[];
}

@ObjectType({ description: 'A permission that the user lacks in the channel, and why.', simpleResolvers: true })
export class MissingPermission {
  @Field(() => PermissionType, { description: 'Which one.' })
  declare permission: PermissionBit;

  @Field(() => MissingReasonType, { description: 'Why it is missing.' })
  declare reason: MissingReason;

  @Field(() => [PermissionSuggestion], { description: 'What would grant it, each by itself.' })
  declare suggestions: PermissionSuggestion[];
}

@ObjectType({ description: 'An ACL entry that gives the user MANAGE in the channel.', simpleResolvers: true })
export class ManageGrant {
  @Field(() => Role, { nullable: true, description: 'The role of the entry.' })
  declare role: Role | undefined;

  @Field(() => Channel, { nullable: true, description: 'The channel itself, or one above it.' })
  declare channel: Channel | undefined;
}

@ObjectType({ description: 'Why a user may do what they may in a channel.', simpleResolvers: true })
export class PermissionExplanation {
  @Field(() => [PermissionType], { description: 'What the user may do there.' })
  declare permissions: PermissionBit[];

  @Field(() => PermissionBasisType, { description: 'Which rule decided.' })
  declare basis: PermissionBasis['kind'];

  @Field(() => Channel, { nullable: true, description: 'The channel whose ACL governs, or null where none does.' })
  declare governingChannel: Channel | undefined;

  @Field(() => [RolePermissions], { description: 'What each role of the user gives.' })
  declare roles: RolePermissions[];

  @Field(() => [ManageGrant], { description: 'The ACL entries that give MANAGE here, nearest channel first.' })
  declare manageGrants: ManageGrant[];

  @Field(() => [MissingPermission], { description: 'What the user lacks, why, and what would grant it.' })
  declare missing: MissingPermission[];
}

@ObjectType({ description: 'What one user would gain and lose in one channel.', simpleResolvers: true })
export class PermissionChange {
  @Field(() => User, { nullable: true, description: 'Who.' })
  declare user: User | undefined;

  @Field(() => Channel, { nullable: true, description: 'Where.' })
  declare channel: Channel | undefined;

  @Field(() => [PermissionType], { description: 'What they would gain.' })
  declare gained: PermissionBit[];

  @Field(() => [PermissionType], { description: 'What they would lose.' })
  declare lost: PermissionBit[];
}

export const PermissionChangeConnection = connectionOf('PermissionChange', 'changes', () => PermissionChange);

@InputType({ description: 'One line of an ACL that is tried out.' })
export class AclLineInput {
  @Field(() => ID, { description: 'A role of the organization.' })
  declare roleId: string;

  @Field(() => [PermissionType], { description: 'All that it may do.' })
  declare permissions: PermissionBit[];
}
