/** What the mutations of invitations answer. */
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Channel } from '../channels/channel.entity.js';
import { MutationPayload } from '../graphql/mutation-payload.js';
import { User } from '../users/user.entity.js';
import { Invitation } from './invitation.entity.js';

@ObjectType({ description: 'The answer of `createInvitation`.', simpleResolvers: true })
export class CreateInvitationPayload extends MutationPayload {
  @Field(() => Invitation, { nullable: true, description: 'The new invitation, or null where it was refused.' })
  declare invitation?: Invitation;

  @Field(() => String, { nullable: true, description: 'The code. It is told here and never again.' })
  declare code?: string;
}

@ObjectType({ description: 'The answer of `revokeInvitation`.', simpleResolvers: true })
export class RevokeInvitationPayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The invitation that is no more, or null where it was refused.' })
  declare revokedId?: string;
}

@ObjectType({ description: 'The answer of `redeemInvitation`: a login of the new user.', simpleResolvers: true })
export class RedeemInvitationPayload extends MutationPayload {
  @Field(() => String, { nullable: true, description: 'The access token of the new user.' })
  declare accessToken?: string;

  @Field(() => Int, { nullable: true, description: 'How long the access token is valid, in seconds.' })
  declare expiresInS?: number;

  @Field(() => String, { nullable: true, description: 'Good for one use: it gives the next pair of tokens.' })
  declare refreshToken?: string;

  @Field(() => User, { nullable: true, description: 'The new user, or null where it was refused.' })
  declare user?: User;

  @Field(() => Channel, { nullable: true, description: 'The channel to land in, or null.' })
  declare channel?: Channel | null;
}
