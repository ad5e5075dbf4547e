import { Arg, Args, Ctx, FieldResolver, Mutation, Resolver } from 'type-graphql';
import { type Connection, toConnection } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { toApiKeyId } from '../graphql/id-argument.js';
import type { Answer } from '../graphql/mutation-payload.js';
import { PageArgs, toPageRequest } from '../graphql/page-args.js';
import { Parent } from '../graphql/parent.js';
import { withoutNulls } from '../graphql/without-nulls.js';
import { User } from '../users/user.entity.js';
import { ApiKey } from './api-key.entity.js';
import type { ApiKeyService } from './api-key.service.js';
import { ApiKeyConnection } from './api-key-connection.js';
import { CreateApiKeyInput, RevokeApiKeyInput } from './api-key-inputs.js';
import { CreateApiKeyPayload, RevokeApiKeyPayload } from './api-key-payloads.js';

/** API keys by GraphQL. */
@Resolver(() => ApiKey)
export class ApiKeyResolver {
  readonly #apiKeys: ApiKeyService;

  constructor(apiKeys: ApiKeyService) {
    this.#apiKeys = apiKeys;
  }

  @Mutation(() => CreateApiKeyPayload, {
    nullable: true,
    description: 'Makes an API key of your own. Needs a login: a key cannot make keys.',
  })
  async createApiKey(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => CreateApiKeyInput, { description: 'The new key.' }) input: CreateApiKeyInput,
  ): Promise<Answer<CreateApiKeyPayload>> {
    return this.#apiKeys.create(ctx, withoutNulls(input));
  }

  @Mutation(() => RevokeApiKeyPayload, {
    nullable: true,
    description: 'Makes an API key worthless: your own, or with MANAGE that of another user.',
  })
  async revokeApiKey(
    @Ctx() ctx: GraphqlContext,
    @Arg('input', () => RevokeApiKeyInput, { description: 'Which one.' }) { id }: RevokeApiKeyInput,
  ): Promise<Answer<RevokeApiKeyPayload>> {
    await this.#apiKeys.revoke(ctx, toApiKeyId(id));
    return { revokedId: id };
  }
}

/** The API keys of a user. */
@Resolver(() => User)
export class UserApiKeysResolver {
  @FieldResolver(() => ApiKeyConnection, { description: 'The API keys: your own, or with MANAGE those of another.' })
  async apiKeys(
    @Ctx() ctx: GraphqlContext,
    @Parent() { id }: User,
    @Args() args: PageArgs,
  ): Promise<Connection<ApiKey>> {
    const page = toPageRequest(args);
    return toConnection(
      await ctx.loaders.apiKeysOfUser.load({ owner: id, question: page }),
      page,
      (apiKey) => apiKey.id,
    );
  }
}
