import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver } from 'type-graphql';
import { type Connection, toConnectionOfAll } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toOrganizationId, toRoleId, toUserId } from '../graphql/id-argument.js';
import type { Answer } from '../graphql/mutation-payload.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { withoutNulls } from '../graphql/without-nulls.js';
import { Organization } from '../organizations/organization.entity.js';
import type { Role } from '../roles/role.entity.js';
import { RoleConnection } from '../roles/role-connection.js';
import { User } from './user.entity.js';
import type { UserService } from './user.service.js';
import { CreateUserInput, DeleteUserInput, UpdateUserInput } from './user-inputs.js';
import { CreateUserPayload, DeleteUserPayload, UpdateUserPayload } from './user-payloads.js';

/** Users by GraphQL. */
@Resolver(() => User)
export class UserResolver {
  readonly #users: UserService;

  constructor(users: UserService) {
    this.#users = users;
  }

  @Query(() => User, { nullable: true, description: 'One user; any of another organization than yours is NOT_FOUND.' })
  user(@Ctx() ctx: GraphqlContext, @Arg('id', () => ID, { description: 'Which user.' }) id: string): Promise<User> {
    return this.#users.get(ctx, toUserId(id));
  }

  @Mutation(() => CreateUserPayload, {
    nullable: true,
    description: 'Adds a user to an organization. Needs MANAGE in it.',
  })
  async createUser(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => CreateUserInput, { description: 'The new user.' }) input: CreateUserInput,
  ): Promise<Answer<CreateUserPayload>> {
    const { organizationId, roleIds, ...values } = withoutNulls(input);
    const user = { ...values, roleIds: roleIds?.map(toRoleId) };
    return { user: await this.#users.create(ctx, toOrganizationId(organizationId), user) };
  }

  @Mutation(() => UpdateUserPayload, {
    nullable: true,
    description: 'Changes a user. Needs MANAGE in the organization; your own email address you may change without it.',
  })
  async updateUser(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => UpdateUserInput, { description: 'What to change.' }) input: UpdateUserInput,
  ): Promise<Answer<UpdateUserPayload>> {
    const { id, ...values } = withoutNulls(input);
    return { user: await this.#users.update(ctx, toUserId(id), { ...values, email: input.email }) };
  }

  @Mutation(() => DeleteUserPayload, {
    nullable: true,
    description: 'Removes a user, whose sessions end at once. Needs MANAGE in the organization.',
  })
  async deleteUser(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => DeleteUserInput, { description: 'Which one.' }) input: DeleteUserInput,
  ): Promise<Answer<DeleteUserPayload>> {
    const { id, expectedVersion } = withoutNulls(input);
    await this.#users.delete(ctx, toUserId(id), { expectedVersion });
    return { deletedId: id };
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      'Where the person can be reached. Shown to the user, and to whoever holds MANAGE in the organization; null for all others.',
  })
  async email(@Ctx() ctx: GraphqlContext, @Parent() user: User): Promise<string | null> {
    return ctx.loaders.emailOfUser.load(user);
  }

  @FieldResolver(() => Organization, {
    nullable: true,
    description: 'Where the user belongs; null for a user of the platform.',
  })
  async organization(
    @Ctx() ctx: GraphqlContext,
    @Parent() { organizationId }: User,
  ): Promise<Organization | undefined> {
    return organizationId === null ? undefined : ctx.loaders.organization.load(organizationId);
  }

  @FieldResolver(() => RoleConnection, { description: 'The roles that the user holds, oldest first.' })
  async roles(@Ctx() ctx: GraphqlContext, @Parent() { id }: User, @Args() args: PageArgs): Promise<Connection<Role>> {
    return toConnectionOfAll(await ctx.loaders.rolesOfUser.load(id), toPageRequest(args), (role) => role.id);
  }
}
