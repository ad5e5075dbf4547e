import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver } from 'type-graphql';
import { type Connection, toConnectionOfAll } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toChannelId, toOrganizationId, toRoleId } from '../graphql/id-argument.js';
import type { Answer } from '../graphql/mutation-payload.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { toPermissionMask } from '../graphql/permission-enum.js';
import { withoutNulls } from '../graphql/without-nulls.js';
import { Organization } from '../organizations/organization.entity.js';
import { Channel } from './channel.entity.js';
import type { ChannelService } from './channel.service.js';
import type { ChannelAcl } from './channel-acl.entity.js';
import type { ChannelAclService } from './channel-acl.service.js';
import { ChannelAclConnection } from './channel-acl-connection.js';
import { ChannelConnection } from './channel-connection.js';
import {
  CreateChannelInput,
  DeleteChannelInput,
  RemoveChannelAclEntryInput,
  SetChannelAclEntryInput,
  UpdateChannelInput,
} from './channel-inputs.js';
import {
  CreateChannelPayload,
  DeleteChannelPayload,
  RemoveChannelAclEntryPayload,
  SetChannelAclEntryPayload,
  UpdateChannelPayload,
} from './channel-payloads.js';

/** Channels by GraphQL, and their ACLs. */
@Resolver(() => Channel)
export class ChannelResolver {
  readonly #channels: ChannelService;
  readonly #acl: ChannelAclService;

  constructor(channels: ChannelService, acl: ChannelAclService) {
    this.#channels = channels;
    this.#acl = acl;
  }

  @Query(() => Channel, {
    nullable: true,
    description: 'One channel; any of another organization than yours is NOT_FOUND.',
  })
  channel(
    @Ctx() ctx: GraphqlContext,
    @Arg('id', () => ID, { description: 'Which channel.' }) id: string,
  ): Promise<Channel> {
    return this.#channels.get(ctx, toChannelId(id));
  }

  @Mutation(() => CreateChannelPayload, {
    nullable: true,
    description: 'Makes a channel. Needs MANAGE in its parent, or in the organization for one at the root.',
  })
  async createChannel(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => CreateChannelInput, { description: 'The new channel.' }) input: CreateChannelInput,
  ): Promise<Answer<CreateChannelPayload>> {
    const { organizationId, parentId, ...values } = withoutNulls(input);
    const channel = { ...values, ...(parentId !== undefined && { parentId: toChannelId(parentId) }) };
    return { channel: await this.#channels.create(ctx, toOrganizationId(organizationId), channel) };
  }

  @Mutation(() => UpdateChannelPayload, {
    nullable: true,
    description: 'Changes or moves a channel. Needs MANAGE in it, and where it moves to.',
  })
  async updateChannel(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => UpdateChannelInput, { description: 'What to change.' }) input: UpdateChannelInput,
  ): Promise<Answer<UpdateChannelPayload>> {
    const { id, ...values } = withoutNulls(input);
    const { description, password } = input;
    const parentId = typeof input.parentId === 'string' ? toChannelId(input.parentId) : input.parentId;
    const change = { ...values, description, password, parentId };
    return { channel: await this.#channels.update(ctx, toChannelId(id), change) };
  }

  @Mutation(() => DeleteChannelPayload, {
    nullable: true,
    description: 'Deletes a channel; who is in it is put out. Needs MANAGE in it.',
  })
  async deleteChannel(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => DeleteChannelInput, { description: 'Which one.' }) input: DeleteChannelInput,
  ): Promise<Answer<DeleteChannelPayload>> {
    const { id, ...options } = withoutNulls(input);
    await this.#channels.delete(ctx, toChannelId(id), options);
    return { deletedId: id };
  }

  @Mutation(() => SetChannelAclEntryPayload, {
    nullable: true,
    description:
      'Says what a role may do in a channel and everything below it that has no ACL of its own. The first entry makes the list complete: a role that is not on it may do nothing there. Needs MANAGE in the channel; nobody grants more than they hold.',
  })
  async setChannelAclEntry(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => SetChannelAclEntryInput, { description: 'The entry.' }) input: SetChannelAclEntryInput,
  ): Promise<Answer<SetChannelAclEntryPayload>> {
    const { channelId, roleId, permissions } = input;
    const mask = toPermissionMask(permissions);
    return { channel: await this.#acl.setEntry(ctx, toChannelId(channelId), toRoleId(roleId), mask) };
  }

  @Mutation(() => RemoveChannelAclEntryPayload, {
    nullable: true,
    description:
      'Takes a role off the ACL of a channel. Without any entry the channel follows its parent again. Needs MANAGE in the channel.',
  })
  async removeChannelAclEntry(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => RemoveChannelAclEntryInput, { description: 'Which entry.' }) input: RemoveChannelAclEntryInput,
  ): Promise<Answer<RemoveChannelAclEntryPayload>> {
    const { channelId, roleId } = input;
    return { channel: await this.#acl.removeEntry(ctx, toChannelId(channelId), toRoleId(roleId)) };
  }

  @FieldResolver(() => Boolean, { description: 'True if a password has to be given to join.' })
  hasPassword(@Parent() { passwordHash }: Channel): boolean {
    return passwordHash !== null;
  }

  @FieldResolver(() => Int, { description: 'How many sessions fit in; 0 is as many as the server allows.' })
  maxUsers(@Parent() { maxUsers }: Channel): number {
    return maxUsers ?? 0;
  }

  @FieldResolver(() => Organization, { description: 'Where it belongs.' })
  async organization(@Ctx() ctx: GraphqlContext, @Parent() { organizationId }: Channel): Promise<Organization> {
    return ctx.loaders.organization.load(organizationId);
  }

  @FieldResolver(() => Channel, { nullable: true, description: 'The channel above it; null at the root.' })
  async parent(@Ctx() ctx: GraphqlContext, @Parent() { parentId }: Channel): Promise<Channel | undefined> {
    return parentId === null ? undefined : ctx.loaders.channel.load(parentId);
  }

  @FieldResolver(() => ChannelConnection, { description: 'The channels right below it, in their order.' })
  async children(
    @Ctx() ctx: GraphqlContext,
    @Parent() { id }: Channel,
    @Args() args: PageArgs,
  ): Promise<Connection<Channel>> {
    return toConnectionOfAll(await ctx.loaders.childrenOfChannel.load(id), toPageRequest(args), (child) => child.id);
  }

  @FieldResolver(() => ChannelAclConnection, {
    description: 'What each role may do in it. Empty where the channel follows its parent.',
  })
  async acl(
    @Ctx() ctx: GraphqlContext,
    @Parent() channel: Channel,
    @Args() args: PageArgs,
  ): Promise<Connection<ChannelAcl>> {
    return toConnectionOfAll(await ctx.loaders.aclOfChannel.load(channel), toPageRequest(args), ({ roleId }) => roleId);
  }
}
