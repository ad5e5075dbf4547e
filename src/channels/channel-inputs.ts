/** What the mutations of channels take. */
import { Field, ID, InputType, Int } from 'type-graphql';
import { CreationInput, MutationInput } from '../graphql/mutation-input.js';
import { type PermissionBit, PermissionType } from '../graphql/permission-enum.js';

@InputType({ description: 'A new channel.' })
export class CreateChannelInput extends CreationInput {
  @Field(() => ID, { description: 'The organization that the channel belongs to.' })
  declare organizationId: string;

  @Field(() => ID, { nullable: true, description: 'The channel below which it is; left out, at the root.' })
  declare parentId?: string | null;

  @Field(() => String, { description: 'Unique among siblings: 1 to 255 characters.' })
  declare name: string;

  @Field(() => String, { nullable: true, description: 'What the channel is for, as plain text.' })
  declare description?: string | null;

  @Field(() => String, { nullable: true, description: 'What has to be given to join; left out, nothing.' })
  declare password?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'How many sessions fit in; left out or 0, as many as the server allows.',
  })
  declare maxUsers?: number | null;

  @Field(() => Int, { nullable: true, description: 'The order among siblings, smallest first; left out, 0.' })
  declare position?: number | null;
}

@InputType({ description: 'A change of a channel. What is left out stays as it is.' })
export class UpdateChannelInput extends MutationInput {
  @Field(() => ID, { description: 'Which channel.' })
  declare id: string;

  @Field(() => ID, { nullable: true, description: 'The channel below which it moves; null moves it to the root.' })
  declare parentId?: string | null;

  @Field(() => String, { nullable: true, description: 'Unique among siblings: 1 to 255 characters.' })
  declare name?: string | null;

  @Field(() => String, { nullable: true, description: 'What the channel is for, as plain text; null deletes it.' })
  declare description?: string | null;

  @Field(() => String, { nullable: true, description: 'What has to be given to join; null takes the password away.' })
  declare password?: string | null;

  @Field(() => Int, { nullable: true, description: 'How many sessions fit in; 0 is as many as the server allows.' })
  declare maxUsers?: number | null;

  @Field(() => Int, { nullable: true, description: 'The order among siblings, smallest first.' })
  declare position?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The `version` that was read: CONFLICT where there is another one now.',
  })
  declare expectedVersion?: number | null;
}

@InputType({ description: 'Which channel to delete.' })
export class DeleteChannelInput extends MutationInput {
  @Field(() => ID, { description: 'Which channel.' })
  declare id: string;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'True deletes the channels below it too; otherwise they make it HAS_CHILDREN.',
  })
  declare recursive: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'The `version` that was read: CONFLICT where there is another one now.',
  })
  declare expectedVersion?: number | null;
}

@InputType({ description: 'What a role may do in a channel from now on.' })
export class SetChannelAclEntryInput extends MutationInput {
  @Field(() => ID, { description: 'Which channel.' })
  declare channelId: string;

  @Field(() => ID, { description: 'A role of the same organization.' })
  declare roleId: string;

  @Field(() => [PermissionType], { description: 'All that it may do there; an empty list is nothing.' })
  declare permissions: PermissionBit[];
}

@InputType({ description: 'Which role to take off the ACL of which channel.' })
export class RemoveChannelAclEntryInput extends MutationInput {
  @Field(() => ID, { description: 'Which channel.' })
  declare channelId: string;

  @Field(() => ID, { description: 'Which role.' })
  declare roleId: string;
}
