import { registerEnumType } from 'type-graphql';
import type { ApiKeyScope } from '../request-context.js';

/** The type of a field or argument: `@Field(() => [ApiKeyScopeType])`. */
export const ApiKeyScopeType = { READ: 'read', WRITE: 'write', VOICE: 'voice' } as const satisfies Record<
  Uppercase<ApiKeyScope>,
  ApiKeyScope
>;

registerEnumType(ApiKeyScopeType, {
  name: 'ApiKeyScope',
  description: 'What an API key may be used for.',
  valuesConfig: {
    READ: { description: 'Queries.' },
    WRITE: { description: 'Mutations.' },
    VOICE: { description: 'To log in as a voice client.' },
  },
});
