/** Entity tags (RFC 9110): the version of one object, or the digest of a list. All are strong. */
import { createHash } from 'node:crypto';
import { AppError } from '../errors.js';

const VERSION_TAG = /^"([1-9][0-9]{0,9})"$/;
/** Versions count from 1. */
const NO_VERSION = 0;

/** The entity tag of an object. */
export function versionTag(version: number): string {
  return `"${version}"`;
}

/** The entity tag of what has no version of its own. */
export function digestTag(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return `"${hash.digest('base64url').slice(0, 27)}"`;
}

/** True where `If-None-Match` names the tag. A `no-cache` beside it, as browsers send, is for caches and changes nothing here. */
export function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

/**
 * The version that `If-Match` expects: undefined where any will do, 0 (which no object has) where it names none of ours.
 * Throws MALFORMED for more than one version.
 */
export function expectedVersionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const versions = ifMatch.split(',').flatMap((tag) => VERSION_TAG.exec(tag.trim())?.[1] ?? []);
  const [version, ...others] = versions;
  if (others.length > 0) throw new AppError('MALFORMED', 'Send one entity tag in If-Match.');
  return version === undefined ? NO_VERSION : Number(version);
}

/** Refuses `If-None-Match` on a change: what exists never meets it, and nothing here is made by its own url. Throws MALFORMED. */
export function requireNoneMatchOnReadsOnly(method: string, ifNoneMatch: string | undefined): void {
  if (ifNoneMatch === undefined || method === 'GET' || method === 'HEAD') return;
  throw new AppError('MALFORMED', 'If-None-Match is for reading. For a change send If-Match.');
}
