/** What the mutations of API keys answer. */
import { Field, ID, ObjectType } from 'type-graphql';
import { MutationPayload } from '../graphql/mutation-payload.js';
import { ApiKey } from './api-key.entity.js';

@ObjectType({ description: 'The answer of `createApiKey`.', simpleResolvers: true })
export class CreateApiKeyPayload extends MutationPayload {
  @Field(() => ApiKey, { nullable: true, description: 'The new key without its secret, or null where it was refused.' })
  declare apiKey?: ApiKey;

  @Field(() => String, { nullable: true, description: 'The key. It is told here and never again.' })
  declare key?: string;
}

@ObjectType({ description: 'The answer of `revokeApiKey`.', simpleResolvers: true })
export class RevokeApiKeyPayload extends MutationPayload {
  @Field(() => ID, { nullable: true, description: 'The key that is no more, or null where it was refused.' })
  declare revokedId?: string;
}
