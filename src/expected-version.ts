import { AppError } from './errors.js';

/** Refuses an edit of something that has changed since the caller read it: CONFLICT, with the present version. Without an expectation every version is fine. */
export function requireVersion(object: { readonly version: number }, expectedVersion: number | undefined): void {
  if (expectedVersion === undefined || expectedVersion === object.version) return;
  throw new AppError('CONFLICT', 'It was changed since you read it. Read it again, then repeat the change.', {
    path: ['input', 'expectedVersion'],
    params: { expectedVersion, currentVersion: object.version },
  });
}
