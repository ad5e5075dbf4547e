import { Arg, Args, Ctx, FieldResolver, Mutation, Resolver } from 'type-graphql';
import { type Connection, toConnection } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toBanId, toOrganizationId, toUserId } from '../graphql/id-argument.js';
import type { Answer } from '../graphql/mutation-payload.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { withoutNulls } from '../graphql/without-nulls.js';
import { Organization } from '../organizations/organization.entity.js';
import { User } from '../users/user.entity.js';
import { Ban } from './ban.entity.js';
import type { BanService } from './ban.service.js';
import { BanConnection } from './ban-connection.js';
import { CreateBanInput, LiftBanInput } from './ban-inputs.js';
import { CreateBanPayload, LiftBanPayload } from './ban-payloads.js';

/** Bans by GraphQL. */
@Resolver(() => Ban)
export class BanResolver {
  readonly #bans: BanService;

  constructor(bans: BanService) {
    this.#bans = bans;
  }

  @Mutation(() => CreateBanPayload, {
    nullable: true,
    description: 'Bans a user or a network, and puts out at once who is connected and falls under it. Needs MANAGE.',
  })
  async createBan(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => CreateBanInput, { description: 'The new ban.' }) input: CreateBanInput,
  ): Promise<Answer<CreateBanPayload>> {
    const { organizationId, userId, ...values } = withoutNulls(input);
    const ban = { ...values, ...(userId !== undefined && { userId: toUserId(userId) }) };
    return { ban: await this.#bans.create(ctx, toOrganizationId(organizationId), ban) };
  }

  @Mutation(() => LiftBanPayload, { nullable: true, description: 'Lifts a ban before its time. Needs MANAGE.' })
  async liftBan(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => LiftBanInput, { description: 'Which one.' }) { id }: LiftBanInput,
  ): Promise<Answer<LiftBanPayload>> {
    await this.#bans.lift(ctx, toBanId(id));
    return { liftedId: id };
  }

  @FieldResolver(() => User, { nullable: true, description: 'Who is banned; null where a network is.' })
  async user(@Ctx() ctx: GraphqlContext, @Parent() { userId }: Ban): Promise<User | undefined> {
    return userId === null ? undefined : ctx.loaders.user.load(userId);
  }

  @FieldResolver(() => User, { nullable: true, description: 'Who issued it; null where that user is gone.' })
  async issuedBy(@Ctx() ctx: GraphqlContext, @Parent() { issuedBy }: Ban): Promise<User | undefined> {
    return issuedBy === null ? undefined : ctx.loaders.user.load(issuedBy);
  }
}

/** The bans of an organization. */
@Resolver(() => Organization)
export class OrganizationBansResolver {
  @FieldResolver(() => BanConnection, {
    description: 'Its bans, also those that are over, oldest first. Needs MANAGE.',
  })
  async bans(
    @Ctx() ctx: GraphqlContext,
    @Parent() { id }: Organization,
    @Args() args: PageArgs,
  ): Promise<Connection<Ban>> {
    const page = toPageRequest(args);
    return toConnection(
      await ctx.loaders.bansOfOrganization.load({ owner: id, question: page }),
      page,
      (ban) => ban.id,
    );
  }
}
