import { Arg, Args, Ctx, FieldResolver, Mutation, Resolver } from 'type-graphql';
import { Channel } from '../channels/channel.entity.js';
import type { ChannelService } from '../channels/channel.service.js';
import { type Connection, toConnection, toConnectionOfAll } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toChannelId, toInvitationId, toOrganizationId, toRoleId } from '../graphql/id-argument.js';
import type { Answer } from '../graphql/mutation-payload.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { withoutNulls } from '../graphql/without-nulls.js';
import { Organization } from '../organizations/organization.entity.js';
import { systemContext } from '../request-context.js';
import type { Role } from '../roles/role.entity.js';
import { RoleConnection } from '../roles/role-connection.js';
import { Invitation } from './invitation.entity.js';
import type { InvitationService } from './invitation.service.js';
import { InvitationConnection } from './invitation-connection.js';
import { CreateInvitationInput, RedeemInvitationInput, RevokeInvitationInput } from './invitation-inputs.js';
import { CreateInvitationPayload, RedeemInvitationPayload, RevokeInvitationPayload } from './invitation-payloads.js';

/** Invitations by GraphQL. */
@Resolver(() => Invitation)
export class InvitationResolver {
  readonly #invitations: InvitationService;
  readonly #channels: ChannelService;

  constructor(invitations: InvitationService, channels: ChannelService) {
    this.#invitations = invitations;
    this.#channels = channels;
  }

  @Mutation(() => CreateInvitationPayload, { nullable: true, description: 'Makes an invitation. Needs MANAGE.' })
  async createInvitation(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => CreateInvitationInput, { description: 'The new invitation.' }) input: CreateInvitationInput,
  ): Promise<Answer<CreateInvitationPayload>> {
    const { organizationId, roleIds, channelId, maxUses, expiresAt } = withoutNulls(input);
    return this.#invitations.create(ctx, toOrganizationId(organizationId), {
      roleIds: roleIds?.map(toRoleId),
      channelId: channelId === undefined ? undefined : toChannelId(channelId),
      maxUses,
      expiresAt,
    });
  }

  @Mutation(() => RevokeInvitationPayload, {
    nullable: true,
    description: 'Makes an invitation worthless. Users whom it has made stay. Needs MANAGE.',
  })
  async revokeInvitation(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => RevokeInvitationInput, { description: 'Which one.' }) { id }: RevokeInvitationInput,
  ): Promise<Answer<RevokeInvitationPayload>> {
    await this.#invitations.revoke(ctx, toInvitationId(id));
    return { revokedId: id };
  }

  @Mutation(() => RedeemInvitationPayload, {
    nullable: true,
    description: 'Makes a user by an invitation and logs them in. Needs the code alone.',
  })
  async redeemInvitation(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => RedeemInvitationInput, { description: 'The code and the new user.' })
    input: RedeemInvitationInput,
  ): Promise<Answer<RedeemInvitationPayload>> {
    const { login, channelId } = await this.#invitations.redeem(ctx, withoutNulls(input));
    // The caller is nobody yet, and has just been let into this channel's organization.
    const channel = channelId === null ? null : await this.#channels.get(systemContext(ctx.requestId), channelId);
    return { ...login, channel };
  }

  @FieldResolver(() => RoleConnection, {
    description: 'The roles that a new user gets; what was deleted since is left out.',
  })
  async roles(
    @Ctx() ctx: GraphqlContext,
    @Parent() { roleIds }: Invitation,
    @Args() args: PageArgs,
  ): Promise<Connection<Role>> {
    const roles = await Promise.all(roleIds.map((id) => ctx.loaders.role.load(id)));
    const present = roles.filter((role) => role !== undefined);
    return toConnectionOfAll(present, toPageRequest(args), (role) => role.id);
  }

  @FieldResolver(() => Channel, { nullable: true, description: 'The channel to land in, or null.' })
  async channel(@Ctx() ctx: GraphqlContext, @Parent() { channelId }: Invitation): Promise<Channel | undefined> {
    return channelId === null ? undefined : ctx.loaders.channel.load(channelId);
  }
}

/** The invitations of an organization. */
@Resolver(() => Organization)
export class OrganizationInvitationsResolver {
  @FieldResolver(() => InvitationConnection, { description: 'Its invitations, oldest first. Needs MANAGE.' })
  async invitations(
    @Ctx() ctx: GraphqlContext,
    @Parent() { id }: Organization,
    @Args() args: PageArgs,
  ): Promise<Connection<Invitation>> {
    const page = toPageRequest(args);
    return toConnection(
      await ctx.loaders.invitationsOfOrganization.load({ owner: id, question: page }),
      page,
      (invitation) => invitation.id,
    );
  }
}
