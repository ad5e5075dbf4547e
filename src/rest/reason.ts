import { invalidInput } from '../errors.js';
import { toReason } from '../text-rules.js';

/** Says why, for the audit log: in a header, because a DELETE has no body. */
export const REASON_HEADER = 'X-Audit-Log-Reason';

/** The reason in the header, which is percent-encoded UTF-8 where it is not plain ASCII. Throws INVALID_INPUT. */
export function reasonOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  return toReason(decoded(header), [REASON_HEADER]);
}

function decoded(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw invalidInput([REASON_HEADER], 'It is not percent-encoded UTF-8.');
  }
}
