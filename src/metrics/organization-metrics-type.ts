import { Field, Float, Int, ObjectType } from 'type-graphql';
import type { OrganizationMetrics } from './organization-metrics.service.js';
import type { RequestTotals } from './request-tally.js';

/** The GraphQL type of what became of requests. */
@ObjectType('RequestFigures', {
  description: 'What became of the requests of GraphQL and REST by users of an organization.',
  simpleResolvers: true,
})
export class RequestFiguresType implements RequestTotals {
  @Field(() => Int, { description: 'Done.' })
  declare answered: number;

  @Field(() => Int, { description: 'Not done, or not all of it: it may not or cannot be.' })
  declare refused: number;

  @Field(() => Int, { description: 'Not done because something that the server needs was away.' })
  declare unavailable: number;

  @Field(() => Int, { description: 'Not done because of a bug.' })
  declare failed: number;
}

/** The GraphQL type of the figures of an organization. */
@ObjectType('OrganizationMetrics', {
  description: 'How an organization is doing on the node that answers: now, and over about the last minute.',
  simpleResolvers: true,
})
export class OrganizationMetricsType implements OrganizationMetrics {
  @Field(() => Int, { description: 'Users who are connected by voice now.' })
  declare activeUsers: number;

  @Field(() => Int, { description: 'Channels that anybody is in now.' })
  declare occupiedChannels: number;

  @Field(() => Int, { description: 'Who is in the channels now; who is in two of them counts twice.' })
  declare channelMembers: number;

  @Field(() => Float, { description: 'How many seconds the rates and `requests` look back.' })
  declare windowS: number;

  @Field(() => Float, { description: 'Packets per second from its voice clients.' })
  declare packetsInPerS: number;

  @Field(() => Float, { description: 'Packets per second to its voice clients: each copy counts.' })
  declare packetsOutPerS: number;

  @Field(() => Float, { description: 'Bytes per second from its voice clients.' })
  declare bytesInPerS: number;

  @Field(() => Float, { description: 'Bytes per second to its voice clients.' })
  declare bytesOutPerS: number;

  @Field(() => Float, { description: 'Packets per second from its voice clients that were not forwarded.' })
  declare droppedPerS: number;

  @Field(() => RequestFiguresType, { description: 'What became of its requests.' })
  declare requests: RequestTotals;

  @Field(() => Float, { description: 'The share of its requests that were not answered, from 0 to 1.' })
  declare errorRate: number;
}
