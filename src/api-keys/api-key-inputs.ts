/** What the mutations of API keys take. */
import { Field, ID, InputType } from 'type-graphql';
import { ApiKeyScopeType } from '../graphql/api-key-scope-enum.js';
import { MutationInput } from '../graphql/mutation-input.js';
import type { ApiKeyScope } from '../request-context.js';

@InputType({ description: 'A new API key of your own.' })
export class CreateApiKeyInput extends MutationInput {
  @Field(() => String, { description: 'What it is for: 1 to 64 characters.' })
  declare name: string;

  @Field(() => [ApiKeyScopeType], { description: 'What it may be used for, at least one.' })
  declare scopes: ApiKeyScope[];

  @Field(() => Date, { nullable: true, description: 'When it is over; left out, never.' })
  declare expiresAt?: Date | null;
}

@InputType({ description: 'Which API key to revoke.' })
export class RevokeApiKeyInput extends MutationInput {
  @Field(() => ID, { description: 'Which key.' })
  declare id: string;
}
