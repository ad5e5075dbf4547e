import { z } from 'zod';
import type { OutcomeOf } from '../rest/outcome.js';
import { defineRoute, NO_PARAMETERS, type Route } from '../rest/route.js';
import type { AuthService, LoginResult } from './auth.service.js';

/** Longer ones are nobody's, and are not worth looking up. */
const MAX_CREDENTIAL_LENGTH = 1024;

export function authRoutes({ auth }: { readonly auth: AuthService }): readonly Route[] {
  return [
    defineRoute({
      operationId: 'login',
      method: 'post',
      url: '/auth/token',
      summary: 'Gives an access token for a password, or for a refresh token, which is used up. Anybody.',
      refusals: ['INVALID_CREDENTIALS', 'RATE_LIMITED'],
      path: NO_PARAMETERS,
      query: NO_PARAMETERS,
      body: credentials,
      outcome: 'object',
      shown: tokens,
      isPublic: true,
      handle: async ({ ctx, body }) => {
        if ('refresh_token' in body) return present(await auth.refresh(ctx, body.refresh_token));
        const { org_tag: organizationTag = null, username, password } = body;
        return present(await auth.login(ctx, { organizationTag, username, password }));
      },
    }),
  ];
}

const credential = z.string().max(MAX_CREDENTIAL_LENGTH);

const credentials = z
  .union([
    z.strictObject({
      org_tag: credential.nullish().describe('The tag of the organization; null for a platform admin.'),
      username: credential,
      password: credential,
    }),
    z.strictObject({ refresh_token: credential }),
  ])
  .meta({ title: 'Credentials' });

const tokens = z
  .strictObject({
    access_token: z.string().describe('A JWT for `Authorization: Bearer`.'),
    token_type: z.literal('Bearer'),
    expires_in: z.int().min(1).describe('How long the access token is valid, in seconds.'),
    refresh_token: z.string().describe('Good for one use: it gives the next pair.'),
  })
  .meta({ title: 'Tokens' });

function present({ accessToken, expiresInS, refreshToken }: LoginResult): OutcomeOf<'object', z.input<typeof tokens>> {
  return {
    kind: 'object',
    body: { access_token: accessToken, token_type: 'Bearer', expires_in: expiresInS, refresh_token: refreshToken },
    version: undefined,
  };
}
