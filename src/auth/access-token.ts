import { createSecretKey, type KeyObject } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { type OrganizationId, organizationId, parseSerial, type UserId, userId } from '../ids.js';

const ALGORITHM = 'HS256';
const ISSUER = 'parley';
const AUDIENCE = 'parley';
/** How far the clocks of two nodes may be apart. */
const CLOCK_SKEW_S = 30;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

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

/** What a token says that was signed. */
export interface ReadClaims extends AccessTokenClaims {
  /** From when on it is not valid any more, in seconds since 1970. */
  readonly expiresAtS: number;
}

/** Signs and reads access tokens: JWT (RFC 7519), HS256 and no other algorithm (RFC 8725, 3.1). */
export class AccessTokens {
  readonly #secret: KeyObject;
  readonly #nowMs: () => number;
  readonly ttlS: number;

  /** `ttlS` is how long a token is valid, in seconds; `nowMs` the time of day, in milliseconds since 1970, the system's where it is left out. */
  constructor(options: { readonly secret: string; readonly ttlS: number; readonly nowMs?: () => number }) {
    this.#nowMs = options.nowMs ?? Date.now;
    this.#secret = createSecretKey(options.secret, 'utf8');
    this.ttlS = options.ttlS;
  }

  sign(claims: AccessTokenClaims): string {
    const { userId: user, organizationId: org, tokenVersion, loginId } = claims;
    const iat = Math.floor(this.#nowS());
    return jsonwebtoken.sign({ org, ver: tokenVersion, sid: loginId, iat }, this.#secret, {
      algorithm: ALGORITHM,
      issuer: ISSUER,
      audience: AUDIENCE,
      subject: String(user),
      expiresIn: this.ttlS,
    });
  }

  /** The claims of a valid token and when it expires, or undefined: forged, expired, not yet valid, or not one of ours. */
  read(token: string): ReadClaims | undefined {
    try {
      const nowS = this.#nowS();
      const options: jsonwebtoken.VerifyOptions = {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
        clockTimestamp: Math.floor(nowS),
      };
      return toClaims(jsonwebtoken.verify(token, this.#secret, options), this.ttlS, nowS);
    } catch {
      // The library throws for each reason why a token is none, and the caller is told no reason.
      return undefined;
    }
  }

  /** True where a token that was read before is not valid any more. */
  isOver({ expiresAtS }: ReadClaims): boolean {
    return expiresAtS <= this.#nowS();
  }

  #nowS(): number {
    return this.#nowMs() / 1000;
  }
}

/** Claims that are of other types than ours, or valid for longer than we say, are not ours, whoever signed them. */
function toClaims(payload: jsonwebtoken.JwtPayload | string, ttlS: number, nowS: number): ReadClaims | undefined {
  if (typeof payload === 'string') return undefined;
  const { sub, aud, org, ver, sid, iat, exp } = payload;
  const user = typeof sub === 'string' ? parseSerial(sub) : undefined;
  if (user === undefined || aud !== AUDIENCE || (org !== null && typeof org !== 'number')) return undefined;
  if (!Number.isInteger(ver) || ver < 0 || typeof sid !== 'string' || !UUID.test(sid)) return undefined;
  if (exp === undefined || !isIssuable(iat, exp, ttlS, nowS)) return undefined;
  const organization = org === null ? null : organizationId(org);
  return { userId: userId(user), organizationId: organization, tokenVersion: ver, loginId: sid, expiresAtS: exp };
}

function isIssuable(iat: unknown, exp: unknown, ttlS: number, nowS: number): boolean {
  if (typeof iat !== 'number' || typeof exp !== 'number') return false;
  return iat <= nowS + CLOCK_SKEW_S && exp - iat <= ttlS;
}
