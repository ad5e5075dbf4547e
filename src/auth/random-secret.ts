import { createHash, randomBytes } from 'node:crypto';

const SECRET_BYTES = 24;
const PASSWORD_BYTES = 15;

/** A secret of 192 random bits, in 32 characters that may stand in a URL. */
export function randomSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** SHA-256, hexadecimal. For secrets that are random enough that a plain hash is as good as a slow one. */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** A password that was made up: 120 random bits, as 20 characters. */
export function randomPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url');
}
