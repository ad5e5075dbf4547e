import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { AppError } from '../errors.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import type { Answer } from '../graphql/mutation-payload.js';
import { User } from '../users/user.entity.js';
import type { UserService } from '../users/user.service.js';
import type { AuthService } from './auth.service.js';
import { ChangePasswordInput, LoginInput, RefreshInput } from './auth-inputs.js';
import { ChangePasswordPayload, LoginPayload, LogoutPayload, RefreshPayload } from './auth-payloads.js';

/** Logins by GraphQL. */
@Resolver()
export class AuthResolver {
  readonly #auth: AuthService;
  readonly #users: UserService;

  constructor(auth: AuthService, users: UserService) {
    this.#auth = auth;
    this.#users = users;
  }

  @Query(() => User, { nullable: true, description: 'Who asks.' })
  async me(@Ctx() ctx: GraphqlContext): Promise<User> {
    if (ctx.actor.kind !== 'user') throw new AppError('UNAUTHENTICATED', 'Log in first.');
    return this.#users.get(ctx, ctx.actor.userId);
  }

  @Mutation(() => LoginPayload, { nullable: true, description: 'Gives tokens for a username and a password.' })
  login(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => LoginInput, { description: 'Who logs in.' }) input: LoginInput,
  ): Promise<Answer<LoginPayload>> {
    const { organizationTag = null, username, password } = input;
    return this.#auth.login(ctx, { organizationTag, username, password });
  }

  @Mutation(() => RefreshPayload, {
    nullable: true,
    description:
      'Gives new tokens for a refresh token. Send it without the header `authorization` once the access token has expired.',
  })
  refresh(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => RefreshInput, { description: 'Which login.' }) input: RefreshInput,
  ): Promise<Answer<RefreshPayload>> {
    return this.#auth.refresh(ctx, input.refreshToken);
  }

  @Mutation(() => LogoutPayload, {
    nullable: true,
    description: 'Ends the login of the access token: neither it nor its refresh token is valid any more.',
  })
  async logout(@Ctx() ctx: GraphqlContext): Promise<Answer<LogoutPayload>> {
    await this.#auth.logout(ctx);
    return {};
  }

  @Mutation(() => ChangePasswordPayload, {
    nullable: true,
    description: 'Changes your own password, and logs in anew. All other logins and sessions of yours end.',
  })
  changePassword(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => ChangePasswordInput, { description: 'The passwords.' }) input: ChangePasswordInput,
  ): Promise<Answer<ChangePasswordPayload>> {
    return this.#auth.changePassword(ctx, input.currentPassword, input.newPassword);
  }
}
