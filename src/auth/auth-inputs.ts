/** What the mutations of logins take. */
import { Field, InputType } from 'type-graphql';

@InputType({ description: 'Who logs in.' })
export class LoginInput {
  @Field(() => String, {
    nullable: true,
    description: 'The tag of the organization, in any case; left out for a user of the platform.',
  })
  declare organizationTag?: string | null;

  @Field(() => String, { description: 'The username, exactly as it is written.' })
  declare username: string;

  @Field(() => String, { description: 'The password.' })
  declare password: string;
}

@InputType({ description: 'A login that goes on.' })
export class RefreshInput {
  @Field(() => String, { description: 'The refresh token that came with the present access token.' })
  declare refreshToken: string;
}

@InputType({ description: 'A new password for yourself.' })
export class ChangePasswordInput {
  @Field(() => String, { description: 'The password until now.' })
  declare currentPassword: string;

  @Field(() => String, { description: 'The password from now on: 8 to 256 characters.' })
  declare newPassword: string;
}
