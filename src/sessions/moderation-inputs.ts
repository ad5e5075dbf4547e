/** What the mutations take that mute, move and kick others. */
import { Field, ID, InputType } from 'type-graphql';
import { MutationInput } from '../graphql/mutation-input.js';
import { MAX_BULK } from './moderation.service.js';

@InputType()
export abstract class SessionsInput extends MutationInput {
  @Field(() => [ID], { description: `Which sessions: 1 to ${MAX_BULK}.` })
  declare sessionIds: string[];
}

@InputType({ description: 'Whom to kick.' })
export class KickSessionsInput extends SessionsInput {}

@InputType({ description: 'Whom to mute, or to let speak again.' })
export class MuteSessionsInput extends SessionsInput {
  @Field(() => Boolean, { defaultValue: true, description: 'True lets nobody hear them; false lifts that.' })
  declare muted: boolean;
}

@InputType({ description: 'Whom to deafen, or to let hear again.' })
export class DeafenSessionsInput extends SessionsInput {
  @Field(() => Boolean, { defaultValue: true, description: 'True lets them hear nobody; false lifts that.' })
  declare deafened: boolean;
}

@InputType({ description: 'Whom to make a priority speaker, or whom no longer.' })
export class PrioritizeSessionsInput extends SessionsInput {
  @Field(() => Boolean, {
    defaultValue: true,
    description: 'True lets clients make others quieter while they speak; false lifts that.',
  })
  declare prioritySpeaker: boolean;
}

@InputType({ description: 'Whom to move, and where to.' })
export class MoveSessionsInput extends SessionsInput {
  @Field(() => ID, {
    nullable: true,
    description: 'Take them out of this channel only; left out, out of all that they are in.',
  })
  declare fromChannelId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Put them into this channel; left out, into none.' })
  declare toChannelId?: string | null;
}
