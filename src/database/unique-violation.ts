import { UniqueConstraintViolationException } from '@mikro-orm/postgresql';
import type { AppError } from '../errors.js';

/** Runs a change, and answers a broken unique constraint with the refusal that is listed under its name. */
export async function refusingDuplicates<Result>(
  refusals: Readonly<Record<string, () => AppError>>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const refusal = error instanceof UniqueConstraintViolationException ? refusals[constraintOf(error)] : undefined;
    throw refusal === undefined ? error : refusal();
  }
}

function constraintOf(error: UniqueConstraintViolationException): string {
  return 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : '';
}
