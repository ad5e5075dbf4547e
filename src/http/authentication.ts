import type { Request } from 'express';
import { AppError } from '../errors.js';
import { type Actor, ANONYMOUS, type UserActor } from '../request-context.js';

/** Says for whom an access token or API key speaks. Throws AppError UNAUTHENTICATED for one that is none, or no longer one. */
export type Authenticator = (token: string) => Promise<UserActor>;

/**
 * Who asks, by the headers of the request: `Authorization: Bearer` with an access token or an API key, or `x-api-key`.
 * Nobody where there are no credentials. Credentials that do not hold throw UNAUTHENTICATED, and are never taken for
 * nobody.
 */
export async function authenticate(request: Request, authenticator: Authenticator): Promise<Actor> {
  const token = tokenOf((name) => request.get(name));
  return token === undefined ? ANONYMOUS : authenticator(token);
}

/** The token in `authorization` or `x-api-key`, or undefined where there is neither. Throws UNAUTHENTICATED for headers that say something else. */
export function tokenOf(header: (name: 'authorization' | 'x-api-key') => string | undefined): string | undefined {
  const authorization = header('authorization');
  const apiKey = header('x-api-key');
  if (authorization === undefined) return apiKey;
  if (apiKey !== undefined) throw new AppError('UNAUTHENTICATED', 'Send either authorization or x-api-key.');
  const [, token] = /^Bearer +([^\s,]+)$/i.exec(authorization) ?? [];
  if (token !== undefined) return token;
  throw new AppError('UNAUTHENTICATED', 'The authorization header is not "Bearer" and a token.');
}
