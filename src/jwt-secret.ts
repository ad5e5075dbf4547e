import { randomBytes } from 'node:crypto';
import type { DataFolder } from './data-folder.js';
import { AppError } from './errors.js';

/** Its file in the data folder. */
export const JWT_SECRET_FILE = 'jwt-secret';
const SECRET_BYTES = 48;
const MIN_CHARACTERS = 32;

/** The secret that access tokens are signed with: the configured one, or one that was made at the first start. Throws AppError UNAVAILABLE, in one line. */
export async function jwtSecret(configured: string | null, folder: DataFolder): Promise<string> {
  if (configured !== null) return configured;
  const kept = (await folder.readSecret(JWT_SECRET_FILE))?.trim();
  if (kept === undefined) {
    const made = randomBytes(SECRET_BYTES).toString('base64url');
    await folder.write(JWT_SECRET_FILE, `${made}\n`);
    return made;
  }
  if (kept.length >= MIN_CHARACTERS) return kept;
  throw new AppError(
    'UNAVAILABLE',
    `${folder.pathOf(JWT_SECRET_FILE)} is damaged: delete it, and everybody logs in again.`,
  );
}
