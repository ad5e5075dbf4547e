import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import type { Channel } from '../channels/channel.entity.js';
import { ChannelConnection } from '../channels/channel-connection.js';
import { type Connection, toConnection } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toOrganizationId, toUserId } from '../graphql/id-argument.js';
import type { Answer } from '../graphql/mutation-payload.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { withoutNulls } from '../graphql/without-nulls.js';
import type { Role } from '../roles/role.entity.js';
import { RoleConnection } from '../roles/role-connection.js';
import { User } from '../users/user.entity.js';
import { UserConnection } from '../users/user-connection.js';
import { DEFAULT_MAX_CHANNELS, DEFAULT_MAX_USERS, Organization } from './organization.entity.js';
import type { OrganizationService } from './organization.service.js';
import { OrganizationConnection } from './organization-connection.js';
import { CreateOrganizationInput, DeleteOrganizationInput, UpdateOrganizationInput } from './organization-inputs.js';
import {
  CreateOrganizationPayload,
  DeleteOrganizationPayload,
  UpdateOrganizationPayload,
} from './organization-payloads.js';

/** Organizations by GraphQL, and the lists of what is in them. */
@Resolver(() => Organization)
export class OrganizationResolver {
  readonly #organizations: OrganizationService;

  constructor(organizations: OrganizationService) {
    this.#organizations = organizations;
  }

  @Query(() => Organization, { nullable: true, description: 'One organization; any but your own is NOT_FOUND.' })
  async organization(
    @Ctx() ctx: GraphqlContext,
    @Arg('id', () => ID, { description: 'Which organization.' }) id: string,
  ): Promise<Organization> {
    return known(ctx, await this.#organizations.get(ctx, toOrganizationId(id)));
  }

  @Query(() => Organization, {
    nullable: true,
    description: 'One organization by its tag; any but your own is NOT_FOUND.',
  })
  async organizationByTag(
    @Ctx() ctx: GraphqlContext,
    @Arg('tag', () => String, { description: 'The tag, in any case.' }) tag: string,
  ): Promise<Organization> {
    return known(ctx, await this.#organizations.getByTag(ctx, tag));
  }

  @Query(() => OrganizationConnection, {
    nullable: true,
    description: 'All organizations for a platform admin, otherwise your own.',
  })
  async organizations(@Ctx() ctx: GraphqlContext, @Args() args: PageArgs): Promise<Connection<Organization>> {
    const page = toPageRequest(args);
    const found = await this.#organizations.list(ctx, page);
    for (const organization of found.items) known(ctx, organization);
    return toConnection(found, page, ({ id }) => id);
  }

  @Mutation(() => CreateOrganizationPayload, {
    nullable: true,
    description:
      'Makes an organization with the roles `admin` and `member` and the channel `Lobby`. Platform admins only.',
  })
  async createOrganization(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => CreateOrganizationInput, { description: 'The new organization.' })
    input: CreateOrganizationInput,
  ): Promise<Answer<CreateOrganizationPayload>> {
    const { owner, ...values } = withoutNulls(input);
    return {
      organization: await this.#organizations.create(ctx, { ...values, ...(owner && { owner: withoutNulls(owner) }) }),
    };
  }

  @Mutation(() => UpdateOrganizationPayload, {
    nullable: true,
    description: 'Changes an organization. Needs MANAGE in it; a new owner, the present one; limits, a platform admin.',
  })
  async updateOrganization(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => UpdateOrganizationInput, { description: 'What to change.' }) input: UpdateOrganizationInput,
  ): Promise<Answer<UpdateOrganizationPayload>> {
    const { id, ownerId, ...values } = withoutNulls(input);
    const change = { ...values, ...(ownerId !== undefined && { ownerId: toUserId(ownerId) }) };
    return { organization: await this.#organizations.update(ctx, toOrganizationId(id), change) };
  }

  @Mutation(() => DeleteOrganizationPayload, {
    nullable: true,
    description:
      'Deletes an organization with all that is in it; its sessions end at once. Its owner and platform admins only.',
  })
  async deleteOrganization(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => DeleteOrganizationInput, { description: 'Which one.' }) input: DeleteOrganizationInput,
  ): Promise<Answer<DeleteOrganizationPayload>> {
    const { id, expectedVersion } = withoutNulls(input);
    await this.#organizations.delete(ctx, toOrganizationId(id), expectedVersion);
    return { deletedId: id };
  }

  @FieldResolver(() => Int, { description: 'How many users it may have.' })
  maxUsers(@Parent() { maxUsers }: Organization): number {
    return maxUsers ?? DEFAULT_MAX_USERS;
  }

  @FieldResolver(() => Int, { description: 'How many channels it may have.' })
  maxChannels(@Parent() { maxChannels }: Organization): number {
    return maxChannels ?? DEFAULT_MAX_CHANNELS;
  }

  @FieldResolver(() => User, {
    nullable: true,
    description: 'Who holds everything in it, whatever the roles say; null where nobody does yet.',
  })
  async owner(@Ctx() ctx: GraphqlContext, @Parent() { ownerId }: Organization): Promise<User | undefined> {
    return ownerId === null ? undefined : ctx.loaders.user.load(ownerId);
  }

  @FieldResolver(() => UserConnection, { description: 'Its users, oldest first.' })
  async users(
    @Ctx() ctx: GraphqlContext,
    @Parent() { id }: Organization,
    @Args() args: PageArgs,
  ): Promise<Connection<User>> {
    const page = toPageRequest(args);
    return toConnection(
      await ctx.loaders.usersOfOrganization.load({ owner: id, question: page }),
      page,
      (user) => user.id,
    );
  }

  @FieldResolver(() => RoleConnection, { description: 'Its roles, oldest first.' })
  async roles(
    @Ctx() ctx: GraphqlContext,
    @Parent() { id }: Organization,
    @Args() args: PageArgs,
  ): Promise<Connection<Role>> {
    const page = toPageRequest(args);
    return toConnection(
      await ctx.loaders.rolesOfOrganization.load({ owner: id, question: page }),
      page,
      (role) => role.id,
    );
  }

  @FieldResolver(() => ChannelConnection, {
    description: 'All its channels, oldest first. `parent` and `position` make them a tree.',
  })
  async channels(
    @Ctx() ctx: GraphqlContext,
    @Parent() { id }: Organization,
    @Args() args: PageArgs,
  ): Promise<Connection<Channel>> {
    const page = toPageRequest(args);
    return toConnection(
      await ctx.loaders.channelsOfOrganization.load({ owner: id, question: page }),
      page,
      (channel) => channel.id,
    );
  }
}

/** What is found need not be loaded again where an object in it asks where it belongs. */
function known({ loaders }: GraphqlContext, organization: Organization): Organization {
  loaders.organization.prime(organization.id, organization);
  return organization;
}
