/** What the mutations of logins answer. */
import { Field, Int, ObjectType } from 'type-graphql';
import { MutationPayload } from '../graphql/mutation-payload.js';
import { User } from '../users/user.entity.js';

/** What somebody gets who has proved who they are. */
@ObjectType({ simpleResolvers: true })
export abstract class TokensPayload extends MutationPayload {
  @Field(() => String, {
    nullable: true,
    description: 'For the header `authorization: Bearer ...`; null where it was refused.',
  })
  declare accessToken?: string;

  @Field(() => Int, { nullable: true, description: 'How long the access token is valid, in seconds.' })
  declare expiresInS?: number;

  @Field(() => String, {
    nullable: true,
    description: 'Gives the next pair of tokens, once. Using it again ends the login.',
  })
  declare refreshToken?: string;

  @Field(() => User, { nullable: true, description: 'Who has logged in.' })
  declare user?: User;
}

@ObjectType({ description: 'The answer of `login`.', simpleResolvers: true })
export class LoginPayload extends TokensPayload {}

@ObjectType({ description: 'The answer of `refresh`.', simpleResolvers: true })
export class RefreshPayload extends TokensPayload {}

@ObjectType({ description: 'The answer of `changePassword`: tokens of a new login.', simpleResolvers: true })
export class ChangePasswordPayload extends TokensPayload {}

@ObjectType({ description: 'The answer of `logout`.', simpleResolvers: true })
export class LogoutPayload extends MutationPayload {}
