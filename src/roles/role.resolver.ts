import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver } from 'type-graphql';
import { type Connection, toConnection } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toOrganizationId, toRoleId, toUserId } from '../graphql/id-argument.js';
import type { Answer } from '../graphql/mutation-payload.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { type PermissionBit, PermissionType, toPermissionBits, toPermissionMask } from '../graphql/permission-enum.js';
import { withoutNulls } from '../graphql/without-nulls.js';
import { Organization } from '../organizations/organization.entity.js';
import type { User } from '../users/user.entity.js';
import type { UserService } from '../users/user.service.js';
import { UserConnection } from '../users/user-connection.js';
import { Role } from './role.entity.js';
import type { RoleService } from './role.service.js';
import {
  AssignRoleInput,
  CreateRoleInput,
  DeleteRoleInput,
  UnassignRoleInput,
  UpdateRoleInput,
} from './role-inputs.js';
import {
  AssignRolePayload,
  CreateRolePayload,
  DeleteRolePayload,
  UnassignRolePayload,
  UpdateRolePayload,
} from './role-payloads.js';

/** Roles by GraphQL, and who holds them. */
@Resolver(() => Role)
export class RoleResolver {
  readonly #roles: RoleService;
  readonly #users: UserService;

  constructor(roles: RoleService, users: UserService) {
    this.#roles = roles;
    this.#users = users;
  }

  @Query(() => Role, { nullable: true, description: 'One role; any of another organization than yours is NOT_FOUND.' })
  role(@Ctx() ctx: GraphqlContext, @Arg('id', () => ID, { description: 'Which role.' }) id: string): Promise<Role> {
    return this.#roles.get(ctx, toRoleId(id));
  }

  @Mutation(() => CreateRolePayload, { nullable: true, description: 'Makes a role. Needs MANAGE in the organization.' })
  async createRole(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => CreateRoleInput, { description: 'The new role.' }) input: CreateRoleInput,
  ): Promise<Answer<CreateRolePayload>> {
    const { organizationId, name, permissions } = input;
    const role = { name, permissions: toPermissionMask(permissions) };
    return { role: await this.#roles.create(ctx, toOrganizationId(organizationId), role) };
  }

  @Mutation(() => UpdateRolePayload, {
    nullable: true,
    description: 'Changes a role for everybody who holds it, at once. Needs MANAGE in the organization.',
  })
  async updateRole(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => UpdateRoleInput, { description: 'What to change.' }) input: UpdateRoleInput,
  ): Promise<Answer<UpdateRolePayload>> {
    const { id, permissions, ...values } = withoutNulls(input);
    const change = { ...values, ...(permissions && { permissions: toPermissionMask(permissions) }) };
    return { role: await this.#roles.update(ctx, toRoleId(id), change) };
  }

  @Mutation(() => DeleteRolePayload, {
    nullable: true,
    description: 'Takes a role from everybody and off all ACLs, and deletes it. Needs MANAGE in the organization.',
  })
  async deleteRole(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => DeleteRoleInput, { description: 'Which one.' }) input: DeleteRoleInput,
  ): Promise<Answer<DeleteRolePayload>> {
    const { id, expectedVersion } = withoutNulls(input);
    await this.#roles.delete(ctx, toRoleId(id), expectedVersion);
    return { deletedId: id };
  }

  @Mutation(() => AssignRolePayload, {
    nullable: true,
    description: 'Gives a role to a user; giving what is held is fine. Needs MANAGE in the organization.',
  })
  async assignRole(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => AssignRoleInput, { description: 'Which role, and whom.' }) input: AssignRoleInput,
  ): Promise<Answer<AssignRolePayload>> {
    const userId = toUserId(input.userId);
    const role = await this.#roles.assign(ctx, toRoleId(input.roleId), userId);
    return { role, user: await this.#users.get(ctx, userId) };
  }

  @Mutation(() => UnassignRolePayload, {
    nullable: true,
    description: 'Takes a role from a user; taking what is not held is fine. Needs MANAGE in the organization.',
  })
  async unassignRole(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => UnassignRoleInput, { description: 'Which role, and whom.' }) input: UnassignRoleInput,
  ): Promise<Answer<UnassignRolePayload>> {
    const userId = toUserId(input.userId);
    const role = await this.#roles.unassign(ctx, toRoleId(input.roleId), userId);
    return { role, user: await this.#users.get(ctx, userId) };
  }

  @FieldResolver(() => [PermissionType], {
    description: 'What it grants where no ACL governs. MANAGE grants everything in the organization.',
  })
  permissions(@Parent() { permissions }: Role): PermissionBit[] {
    return toPermissionBits(permissions);
  }

  @FieldResolver(() => Organization, {
    nullable: true,
    description: 'Where it belongs; null for a role of the platform.',
  })
  async organization(
    @Ctx() ctx: GraphqlContext,
    @Parent() { organizationId }: Role,
  ): Promise<Organization | undefined> {
    return organizationId === null ? undefined : ctx.loaders.organization.load(organizationId);
  }

  @FieldResolver(() => UserConnection, { description: 'Who holds it, oldest first.' })
  async users(@Ctx() ctx: GraphqlContext, @Parent() role: Role, @Args() args: PageArgs): Promise<Connection<User>> {
    const page = toPageRequest(args);
    return toConnection(await ctx.loaders.usersOfRole.load({ owner: role, question: page }), page, ({ id }) => id);
  }
}
