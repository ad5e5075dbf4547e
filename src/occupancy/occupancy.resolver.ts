import { Args, Ctx, FieldResolver, Int, Resolver } from 'type-graphql';
import { Channel } from '../channels/channel.entity.js';
import { type Connection, toConnectionOfAll } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { SessionConnection } from '../sessions/session-connection.js';
import type { SessionType } from '../sessions/session-type.js';

/** Who is in a channel now, by GraphQL. */
@Resolver(() => Channel)
export class ChannelOccupancyResolver {
  @FieldResolver(() => Int, { description: 'How many sessions are in it now.' })
  async occupancy(@Ctx() ctx: GraphqlContext, @Parent() channel: Channel): Promise<number> {
    return (await ctx.loaders.membersOfChannel.load(channel)).length;
  }

  @FieldResolver(() => SessionConnection, { description: 'The sessions that are in it now, by id.' })
  async sessions(
    @Ctx() ctx: GraphqlContext,
    @Parent() { id, organizationId }: Channel,
    @Args() args: PageArgs,
  ): Promise<Connection<SessionType>> {
    const connected = await ctx.loaders.sessionsOfOrganization.load(organizationId);
    const present = connected.filter(({ channelIds }) => channelIds.includes(id));
    return toConnectionOfAll(present, toPageRequest(args), (session) => session.id);
  }
}
