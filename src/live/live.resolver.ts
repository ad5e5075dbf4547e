import { GraphQLError } from 'graphql';
import { Arg, ID, Resolver, type SubscribeResolverData, Subscription } from 'type-graphql';
import { AppError, invalidInput } from '../errors.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toChannelId, toOrganizationId } from '../graphql/id-argument.js';
import { OrganizationEventTypeEnum } from '../graphql/live-enums.js';
import { Parent } from '../graphql/parent.js';
import type { LiveMessage, LiveScope, OrganizationEventType } from './live-event.js';
import {
  ChannelOccupancyMessage,
  OrganizationEventsMessage,
  SessionEventsMessage,
  type ShownMessage,
  toShown,
} from './live-types.js';

interface StreamArguments {
  readonly organizationId?: string | null;
  readonly after?: string | null;
}

interface OccupancyArguments extends StreamArguments {
  readonly channelId?: string | null;
  readonly subtree: boolean;
}

const AFTER = 'A cursor that you have read: go on after it. Left out, or where that cannot be, a snapshot comes first.';
const ORGANIZATION = 'The organization; left out, your own.';

/** Streams by GraphQL: what happens, while it happens. The connection brings the reader, since it knows who asks as long as it lasts. */
@Resolver()
export class LiveResolver {
  @Subscription(() => ChannelOccupancyMessage, {
    subscribe: (data) =>
      open<OccupancyArguments>(data, ({ channelId, organizationId, subtree }) =>
        occupancyScope(channelId, organizationId, subtree),
      ),
    description:
      'Who is in a channel, in it and all below, or in the whole organization: joins, leaves, mutes, and who speaks.',
  })
  channelOccupancy(
    @Parent() message: LiveMessage,
    @Arg('channelId', () => ID, { nullable: true, description: 'The channel. Either this or `organizationId`.' })
    _channelId?: string,
    @Arg('organizationId', () => ID, { nullable: true, description: 'All channels of this organization.' })
    _organizationId?: string,
    @Arg('subtree', () => Boolean, { defaultValue: false, description: 'Of a channel, all below it too.' })
    _subtree?: boolean,
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): ShownMessage {
    return toShown(message);
  }

  @Subscription(() => OrganizationEventsMessage, {
    subscribe: (data) =>
      open<StreamArguments & { readonly types?: readonly OrganizationEventType[] | null }>(data, ({ types }) => ({
        ...{ kind: 'organization', types: types ? new Set(types) : null },
      })),
    description: 'What is changed in an organization: its channels and their ACLs, users, roles, bans.',
  })
  organizationEvents(
    @Parent() message: LiveMessage,
    @Arg('organizationId', () => ID, { nullable: true, description: ORGANIZATION }) _organizationId?: string,
    @Arg('types', () => [OrganizationEventTypeEnum], { nullable: true, description: 'Only these; left out, all.' })
    _types?: string[],
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): ShownMessage {
    return toShown(message);
  }

  @Subscription(() => SessionEventsMessage, {
    subscribe: (data) => open<StreamArguments>(data, () => ({ kind: 'session' })),
    description: 'Who connects by voice, changes, and ends.',
  })
  sessionEvents(
    @Parent() message: LiveMessage,
    @Arg('organizationId', () => ID, { nullable: true, description: ORGANIZATION }) _organizationId?: string,
    @Arg('after', () => String, { nullable: true, description: AFTER }) _after?: string,
  ): ShownMessage {
    return toShown(message);
  }
}

/** GraphQL takes an error that has a path for one of its own, and an AppError has one. */
async function open<Arguments extends StreamArguments>(
  { args, context }: SubscribeResolverData<unknown, Arguments, GraphqlContext>,
  scopeOf: (args: Arguments) => LiveScope,
): Promise<AsyncIterableIterator<LiveMessage>> {
  const { live } = context;
  try {
    if (live === null) throw new AppError('UNAVAILABLE', 'Streams are read by WebSocket.');
    const organizationId = args.organizationId ? toOrganizationId(args.organizationId) : null;
    return await live({ organizationId, scope: scopeOf(args), after: args.after ?? null });
  } catch (error) {
    throw error instanceof AppError ? new GraphQLError(error.message, { originalError: error }) : error;
  }
}

function occupancyScope(
  channelId: string | null | undefined,
  organizationId: string | null | undefined,
  subtree: boolean,
): LiveScope {
  if ((channelId ?? null) !== null && (organizationId ?? null) !== null) {
    throw invalidInput(['organizationId'], 'Name a channel or an organization, not both.');
  }
  return { kind: 'occupancy', channelId: channelId ? toChannelId(channelId) : null, subtree };
}
