import { Field, ID, ObjectType } from 'type-graphql';
import type { ChannelId, SessionId, UserId } from '../ids.js';
import { MAX_LISTENED_CHANNELS, type PresentSession } from './session.js';

/** The GraphQL type of a session; the address of the client is not shown. */
@ObjectType('Session', {
  description: 'One login of a voice client, as long as it is connected.',
  simpleResolvers: true,
})
export class SessionType
  implements
    Pick<
      PresentSession,
      | 'clientName'
      | 'connectedAt'
      | 'selfMuted'
      | 'selfDeafened'
      | 'recording'
      | 'muted'
      | 'deafened'
      | 'prioritySpeaker'
      | 'userId'
      | 'channelIds'
      | 'listeningChannelIds'
    >
{
  @Field(() => ID, { description: 'The number in the voice protocol. Not one of the database.' })
  declare id: SessionId;

  declare userId: UserId;
  declare channelIds: readonly ChannelId[];

  @Field(() => String, { description: 'Name and version of the client program, as it says itself.' })
  declare clientName: string;

  @Field(() => Date, { description: 'When it logged in.' })
  declare connectedAt: Date;

  @Field(() => [ID], {
    description: `The channels that it hears without being in them: at most ${MAX_LISTENED_CHANNELS}.`,
  })
  declare listeningChannelIds: readonly ChannelId[];

  @Field(() => Boolean, { description: 'True if it is heard by nobody, by its own wish.' })
  declare selfMuted: boolean;

  @Field(() => Boolean, { description: 'True if it hears nobody, by its own wish.' })
  declare selfDeafened: boolean;

  @Field(() => Boolean, { description: 'True if it says that it records what it hears.' })
  declare recording: boolean;

  @Field(() => Boolean, { description: 'True if it is heard by nobody, because a moderator wants it so.' })
  declare muted: boolean;

  @Field(() => Boolean, { description: 'True if it hears nobody, because a moderator wants it so.' })
  declare deafened: boolean;

  @Field(() => Boolean, {
    description: 'True if clients make others quieter while it speaks, because a moderator wants it so.',
  })
  declare prioritySpeaker: boolean;
}
