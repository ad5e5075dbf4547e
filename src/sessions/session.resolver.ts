import { Args, Ctx, FieldResolver, Resolver } from 'type-graphql';
import type { Channel } from '../channels/channel.entity.js';
import { ChannelConnection } from '../channels/channel-connection.js';
import { type Connection, toConnection, toConnectionOfAll } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { Organization } from '../organizations/organization.entity.js';
import { User } from '../users/user.entity.js';
import type { SessionService } from './session.service.js';
import { SessionConnection } from './session-connection.js';
import { SessionType } from './session-type.js';
import { VoiceQualityType } from './voice-quality-type.js';

/** The sessions of an organization by GraphQL. */
@Resolver(() => Organization)
export class OrganizationSessionsResolver {
  readonly #sessions: SessionService;

  constructor(sessions: SessionService) {
    this.#sessions = sessions;
  }

  @FieldResolver(() => SessionConnection, { description: 'Who is connected by voice now.' })
  async sessions(
    @Ctx() ctx: GraphqlContext,
    @Parent() { id }: Organization,
    @Args() args: PageArgs,
  ): Promise<Connection<SessionType>> {
    const page = toPageRequest(args);
    return toConnection(await this.#sessions.list(ctx, id, page), page, (session) => session.id);
  }
}

/** One session by GraphQL. */
@Resolver(() => SessionType)
export class SessionResolver {
  @FieldResolver(() => User, {
    nullable: true,
    description: 'Who is connected; null where the user has just been removed.',
  })
  async user(@Ctx() ctx: GraphqlContext, @Parent() { userId }: SessionType): Promise<User | undefined> {
    return ctx.loaders.user.load(userId);
  }

  @FieldResolver(() => VoiceQualityType, {
    nullable: true,
    description: 'How voice goes; null where it has sent none yet, or the relay is away for a moment.',
  })
  async voiceQuality(@Ctx() ctx: GraphqlContext, @Parent() { id }: SessionType): Promise<VoiceQualityType | undefined> {
    return ctx.loaders.qualityOfSession.load(id);
  }

  @FieldResolver(() => ChannelConnection, { description: 'The channels that it has joined, in the order of joining.' })
  async channels(
    @Ctx() ctx: GraphqlContext,
    @Parent() { channelIds }: SessionType,
    @Args() args: PageArgs,
  ): Promise<Connection<Channel>> {
    const found = await Promise.all(channelIds.map((id) => ctx.loaders.channel.load(id)));
    const channels = found.filter((channel) => channel !== undefined);
    return toConnectionOfAll(channels, toPageRequest(args), ({ id }) => id);
  }
}
