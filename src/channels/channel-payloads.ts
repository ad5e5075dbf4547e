/** What the mutations of channels answer. */
import { Field, ID, ObjectType } from 'type-graphql';
import { MutationPayload } from '../graphql/mutation-payload.js';
import { Channel } from './channel.entity.js';

@ObjectType({ description: 'The answer of `createChannel`.', simpleResolvers: true })
export class CreateChannelPayload extends MutationPayload {
  @Field(() => Channel, { nullable: true, description: 'The new channel, or null where it was refused.' })
  declare channel?: Channel;
}

@ObjectType({ description: 'The answer of `updateChannel`.', simpleResolvers: true })
export class UpdateChannelPayload extends MutationPayload {
  @Field(() => Channel, { nullable: true, description: 'The channel as it is now, or null where it was refused.' })
  declare channel?: Channel;
}

@ObjectType({ description: 'The answer of `deleteChannel`.', simpleResolvers: true })
export class DeleteChannelPayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The channel that is no more, or null where it was refused.' })
  declare deletedId?: string;
}

@ObjectType({ description: 'The answer of `setChannelAclEntry`.', simpleResolvers: true })
export class SetChannelAclEntryPayload extends MutationPayload {
  @Field(() => Channel, { nullable: true, description: 'The channel with its new ACL, or null where it was refused.' })
  declare channel?: Channel;
}

@ObjectType({ description: 'The answer of `removeChannelAclEntry`.', simpleResolvers: true })
export class RemoveChannelAclEntryPayload extends MutationPayload {
  @Field(() => Channel, { nullable: true, description: 'The channel with its new ACL, or null where it was refused.' })
  declare channel?: Channel;
}
