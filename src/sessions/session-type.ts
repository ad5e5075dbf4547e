import { Field, ID, ObjectType } from 'type-graphql';
import type { ChannelId, UserId } from '../ids.js';
import type { PresentSession } from './session.js';

/** The GraphQL type of a session; the address of the client is not shown. */
@ObjectType('Session', {
  description: 'One login of a voice client, as long as it is connected.',
  simpleResolvers: true,
})
export class SessionType
  implements
    Pick<
      PresentSession,
      'clientName' | 'connectedAt' | 'selfMuted' | 'selfDeafened' | 'muted' | 'deafened' | 'userId' | 'channelIds'
    >
{
  @Field(() => ID, { description: 'The number in the voice protocol. Not one of the database.' })
  declare id: number;

  declare userId: UserId;
  declare channelIds: readonly ChannelId[];

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
}
