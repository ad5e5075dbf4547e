import { createSecretKey, type KeyObject } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { type OrganizationId, organizationId, type UserId, userId } from '../ids.js';

const ALGORITHM = 'HS256';
const ISSUER = 'parley';
const AUDIENCE = 'parley';

/** What an access token says. */
export interface AccessTokenClaims {
  readonly userId: UserId;
  /** Null for a platform user. */
  readonly organizationId: OrganizationId | null;
  /** `users.token_version` at the time of issue. */
  readonly tokenVersion: number;
  /** The login that the token belongs to: the family of its refresh tokens. */
  readonly loginId: string;
}

/** Signs and reads access tokens: JWT (RFC 7519), HS256 and no other algorithm (RFC 8725, 3.1). */
export class AccessTokens {
  readonly #secret: KeyObject;
  readonly ttlS: number;

  /** `ttlS` is how long a token is valid, in seconds. */
  constructor(options: { readonly secret: string; readonly ttlS: number }) {
    this.#secret = createSecretKey(options.secret, 'utf8');
    this.ttlS = options.ttlS;
  }

  sign(claims: AccessTokenClaims): string {
    const { userId: user, organizationId: org, tokenVersion, loginId } = claims;
    return jsonwebtoken.sign({ org, ver: tokenVersion, sid: loginId }, this.#secret, {
      algorithm: ALGORITHM,
      issuer: ISSUER,
      audience: AUDIENCE,
      subject: String(user),
      expiresIn: this.ttlS,
    });
  }

  /** The claims of a valid token, or undefined: forged, expired, not yet valid, or not one of ours. */
  read(token: string): AccessTokenClaims | undefined {
    try {
      return toClaims(
        jsonwebtoken.verify(token, this.#secret, { algorithms: [ALGORITHM], issuer: ISSUER, audience: AUDIENCE }),
      );
    } catch {
      // The library throws for each reason why a token is none, and the caller is told no reason.
      return undefined;
    }
  }
}

function toClaims(payload: jsonwebtoken.JwtPayload | string): AccessTokenClaims | undefined {
  if (typeof payload === 'string') return undefined;
  const { sub, org, ver, sid, exp } = payload;
  if (typeof exp !== 'number' || !Number.isInteger(ver) || typeof sid !== 'string') return undefined;
  return {
    userId: userId(Number(sub)),
    organizationId: org === null ? null : organizationId(Number(org)),
    tokenVersion: Number(ver),
    loginId: sid,
  };
}
