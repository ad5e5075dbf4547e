/** What streams tell, by GraphQL: flat objects, so that telling a thousand readers asks the database nothing. */
import { createUnionType, Field, ID, Int, ObjectType } from 'type-graphql';
import {
  GapReasonType,
  LeaveReasonType,
  OccupancyEventTypeEnum,
  OrganizationEventTypeEnum,
  SessionEventTypeEnum,
} from '../graphql/live-enums.js';
import type { ChannelId } from '../ids.js';
import type {
  GapReason,
  LiveChannel,
  LiveMessage,
  LiveSession,
  OccupancyEventType,
  OrganizationEventType,
  SessionChange,
} from './live-event.js';

const CURSOR = 'Where this stands in the stream: for `after`, to go on from here.';
const AT = 'When it happened, by the clock of the server.';
const IS_LAST = 'False where another part of the same snapshot follows.';

@ObjectType('LiveSession', { description: 'A session as it was when something happened.', simpleResolvers: true })
export class LiveSessionType {
  @Field(() => ID, { description: 'The id of the session.' })
  declare id: number;

  @Field(() => ID, { description: 'Whose session it is.' })
  declare userId: number;

  @Field(() => String, { description: 'The name of the user.' })
  declare username: string;

  @Field(() => String, { description: 'Name and version of the client program, as it says itself.' })
  declare clientName: string;

  @Field(() => Date, { description: 'When it logged in.' })
  declare connectedAt: Date;

  @Field(() => Boolean, { description: 'True if it is heard by nobody, by its own wish.' })
  declare selfMuted: boolean;

  @Field(() => Boolean, { description: 'True if it hears nobody, by its own wish.' })
  declare selfDeafened: boolean;

  @Field(() => Boolean, { description: 'True if it is heard by nobody, because a moderator wants it so.' })
  declare muted: boolean;

  @Field(() => Boolean, { description: 'True if it hears nobody, because a moderator wants it so.' })
  declare deafened: boolean;

  @Field(() => Boolean, { description: 'True if clients make others quieter while it speaks.' })
  declare prioritySpeaker: boolean;

  @Field(() => Boolean, { description: 'True if it says that it records what it hears.' })
  declare recording: boolean;

  @Field(() => [ID], { description: 'The channels that it is in, in the order of joining.' })
  declare channelIds: readonly ChannelId[];

  @Field(() => [ID], { description: 'The channels that it hears without being in them.' })
  declare listeningChannelIds: readonly ChannelId[];

  @Field(() => [ID], { description: 'The channels into which it speaks.' })
  declare speakingChannelIds: readonly ChannelId[];
}

@ObjectType('LiveChannel', { description: 'A channel as it is when it is told of.', simpleResolvers: true })
export class LiveChannelType {
  @Field(() => ID, { description: 'The id of the channel.' })
  declare id: number;

  @Field(() => ID, { nullable: true, description: 'The channel above it; null at the root.' })
  declare parentId: number | null;

  @Field(() => String, { description: 'What people read.' })
  declare name: string;

  @Field(() => Int, { description: 'The order among siblings, smallest first; equal ones are ordered by id.' })
  declare position: number;

  @Field(() => Int, { description: 'How many sessions fit in; 0 is as many as the server allows.' })
  declare maxUsers: number;

  @Field(() => Boolean, { description: 'True if a password has to be given to join.' })
  declare hasPassword: boolean;

  @Field(() => Int, { description: 'Counts up with each edit: for `expectedVersion`.' })
  declare version: number;
}

@ObjectType('SessionSnapshot', {
  description: 'Who is connected (and, of `channelOccupancy`, where): what all events after it are about.',
  simpleResolvers: true,
})
export class SessionSnapshot {
  @Field(() => ID, { description: 'The organization.' })
  declare organizationId: number;

  @Field(() => String, { description: CURSOR })
  declare cursor: string;

  @Field(() => Boolean, { description: IS_LAST })
  declare isLast: boolean;

  @Field(() => [LiveSessionType], { description: 'Some of the sessions, at most 50.' })
  declare sessions: readonly LiveSession[];
}

@ObjectType('OrganizationSnapshot', {
  description: 'The channels of the organization, as they are before all events after it.',
  simpleResolvers: true,
})
export class OrganizationSnapshot {
  @Field(() => ID, { description: 'The organization.' })
  declare organizationId: number;

  @Field(() => String, { description: CURSOR })
  declare cursor: string;

  @Field(() => Boolean, { description: IS_LAST })
  declare isLast: boolean;

  @Field(() => [LiveChannelType], { description: 'Some of the channels, at most 50.' })
  declare channels: readonly LiveChannelType[];
}

@ObjectType('OccupancyEvent', { description: 'Something happened to who is in a channel.', simpleResolvers: true })
export class OccupancyEvent {
  @Field(() => String, { description: CURSOR })
  declare cursor: string;

  @Field(() => Date, { description: AT })
  declare at: Date;

  @Field(() => OccupancyEventTypeEnum, { description: 'What happened.' })
  declare type: OccupancyEventType;

  @Field(() => ID, {
    nullable: true,
    description: 'In which channel; null where it concerns all that the session is in.',
  })
  declare channelId: number | null;

  @Field(() => ID, { nullable: true, description: 'Of MOVED, where to.' })
  declare toChannelId: number | null;

  @Field(() => LeaveReasonType, { nullable: true, description: 'Of LEFT and MOVED, why.' })
  declare reason: string | null;

  @Field(() => LiveSessionType, { description: 'The session, as it is afterwards.' })
  declare session: LiveSession;
}

@ObjectType('SessionEvent', { description: 'Something happened to a session.', simpleResolvers: true })
export class SessionEvent {
  @Field(() => String, { description: CURSOR })
  declare cursor: string;

  @Field(() => Date, { description: AT })
  declare at: Date;

  @Field(() => SessionEventTypeEnum, { description: 'What happened.' })
  declare type: SessionChange['type'];

  @Field(() => LeaveReasonType, { nullable: true, description: 'Of CLOSED, why.' })
  declare reason: string | null;

  @Field(() => String, { nullable: true, description: 'Of CLOSED, what a moderator said about it.' })
  declare message: string | null;

  @Field(() => LiveSessionType, { description: 'The session, as it is afterwards; of CLOSED, as it was.' })
  declare session: LiveSession;
}

@ObjectType('OrganizationEvent', {
  description: 'Something was changed in an organization. It names what; ask for the rest.',
  simpleResolvers: true,
})
export class OrganizationEvent {
  @Field(() => String, { description: CURSOR })
  declare cursor: string;

  @Field(() => Date, { description: AT })
  declare at: Date;

  @Field(() => OrganizationEventTypeEnum, { description: 'What happened.' })
  declare type: OrganizationEventType;

  @Field(() => ID, { nullable: true, description: 'Which channel.' })
  declare channelId: number | null;

  @Field(() => ID, { nullable: true, description: 'Which user.' })
  declare userId: number | null;

  @Field(() => ID, { nullable: true, description: 'Which role.' })
  declare roleId: number | null;

  @Field(() => ID, { nullable: true, description: 'Which ban.' })
  declare banId: number | null;

  @Field(() => LiveChannelType, { nullable: true, description: 'The channel as it is now; null where it is gone.' })
  declare channel: LiveChannelType | null;
}

@ObjectType('Gap', {
  description: 'You have missed something: forget what you know. A new snapshot follows.',
  simpleResolvers: true,
})
export class Gap {
  @Field(() => GapReasonType, { description: 'Why.' })
  declare cause: GapReason;
}

/** A message as GraphQL shows it, with the name of its type. */
export type ShownMessage = Readonly<Record<string, unknown>> & { readonly typeName: string };

export const ChannelOccupancyMessage = createUnionType({
  name: 'ChannelOccupancyMessage',
  description: 'First the sessions in what you watch, then what happens to them.',
  types: () => [SessionSnapshot, OccupancyEvent, Gap] as const,
  resolveType: nameOfType,
});

export const SessionEventsMessage = createUnionType({
  name: 'SessionEventsMessage',
  description: 'First the sessions of the organization, then what happens to them.',
  types: () => [SessionSnapshot, SessionEvent, Gap] as const,
  resolveType: nameOfType,
});

export const OrganizationEventsMessage = createUnionType({
  name: 'OrganizationEventsMessage',
  description: 'First the channels of the organization, then what is changed.',
  types: () => [OrganizationSnapshot, OrganizationEvent, Gap] as const,
  resolveType: nameOfType,
});

/** What GraphQL shows of a message. */
export function toShown(message: LiveMessage): ShownMessage {
  switch (message.message) {
    case 'gap':
      return { typeName: 'Gap', cause: message.cause };
    case 'session_snapshot':
      return { typeName: 'SessionSnapshot', ...message };
    case 'organization_snapshot':
      return { typeName: 'OrganizationSnapshot', ...message, channels: message.channels.map(toChannelType) };
    case 'event': {
      const { cursor, event, channel } = message;
      const { kind, ...change } = event.change;
      const shown = { cursor, at: event.at, ...change };
      return kind === 'organization'
        ? { typeName: 'OrganizationEvent', ...shown, channel: channel && toChannelType(channel) }
        : { typeName: kind === 'occupancy' ? 'OccupancyEvent' : 'SessionEvent', ...shown };
    }
  }
}

function toChannelType({ maxUsers, ...channel }: LiveChannel): LiveChannelType {
  return { ...channel, maxUsers: maxUsers ?? 0 };
}

function nameOfType(message: object): string | undefined {
  return 'typeName' in message && typeof message.typeName === 'string' ? message.typeName : undefined;
}
