import { createHash } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { AppError, invalidInput } from '../errors.js';
import type { UserId } from '../ids.js';
import type { RequestContext } from '../request-context.js';
import { IdempotencyKey } from './idempotency-key.entity.js';

/** How long a repeated request finds its first result, in hours. */
export const IDEMPOTENCY_HOURS = 24;
export const MAX_IDEMPOTENCY_KEY_LENGTH = 128;

/** What is asked for, and how it is done once and found again. */
interface Creation<Result extends { readonly id: number }> {
  /** The name of the operation: `createChannel`. */
  readonly operation: string;
  /** What was asked for. Fields whose name speaks of a password are left out of the comparison, since not even their hash is kept. */
  readonly input: object;
  create(): Promise<Result>;
  /** The object that the first request made, or null where it is gone. */
  find(id: number): Promise<Result | null>;
}

/**
 * Within a transaction: makes an object once for each idempotency key of the actor. A request that comes again gives the
 * object of the first; one that comes at the same time waits for it. Throws CONFLICT where the key was used for
 * something else, or what it made is gone. Without a key it just creates.
 */
export async function createOnce<Result extends { readonly id: number }>(
  ctx: RequestContext,
  em: EntityManager,
  creation: Creation<Result>,
): Promise<Result> {
  const key = ctx.idempotencyKey;
  if (key === undefined) return creation.create();
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > MAX_IDEMPOTENCY_KEY_LENGTH) {
    throw invalidInput(
      ['input', 'idempotencyKey'],
      `It has 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters.`,
    );
  }
  const actorId = actorIdOf(ctx);
  const requestHash = hashOf(creation.operation, creation.input);
  // Holds until the end of the transaction: of two requests at once the second sees what the first has made.
  await em.execute('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`idempotency:${actorId}:${key}`]);
  await em.nativeDelete(IdempotencyKey, { actorId, key, createdAt: { $lt: oldest() } });
  const known = await em.findOne(IdempotencyKey, { actorId, key });
  if (known === null) {
    const result = await creation.create();
    em.persist(
      em.create(IdempotencyKey, { actorId, key, operation: creation.operation, requestHash, resultId: result.id }),
    );
    return result;
  }
  if (known.operation !== creation.operation || known.requestHash !== requestHash) {
    throw conflict('This idempotency key was used for another request.');
  }
  const found = await creation.find(known.resultId);
  if (found === null) throw conflict('What this idempotency key made is gone.');
  return found;
}

/** Within a transaction: forgets the keys whose time is over. Returns how many. */
export function forgetOldIdempotencyKeys(em: EntityManager): Promise<number> {
  return em.nativeDelete(IdempotencyKey, { createdAt: { $lt: oldest() } });
}

function oldest(): Date {
  return new Date(Date.now() - IDEMPOTENCY_HOURS * 3_600_000);
}

function actorIdOf({ actor }: RequestContext): UserId {
  return actor.kind === 'user' ? actor.userId : (0 as UserId);
}

function hashOf(operation: string, input: object): string {
  const withoutSecrets = (name: string, value: unknown) => (/password/i.test(name) ? undefined : value);
  const sorted = Object.fromEntries(Object.entries(input).sort(([left], [right]) => left.localeCompare(right)));
  return createHash('sha256')
    .update(JSON.stringify([operation, sorted], withoutSecrets))
    .digest('hex');
}

function conflict(message: string): AppError {
  return new AppError('CONFLICT', message, { path: ['input', 'idempotencyKey'] });
}
