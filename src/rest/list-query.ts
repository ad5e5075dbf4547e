import { z } from 'zod';
import { MAX_PAGE_SIZE, type PageRequest } from '../pagination.js';

/** The query of a list. The largest page is the default, so that a tool which knows nothing of pages sees all that there usually is. */
export const listQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[0-9]{1,9}$/, 'It must be a whole number.')
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_PAGE_SIZE))
    .default(MAX_PAGE_SIZE)
    .describe('How many items at most.'),
  after: z.string().optional().describe('A cursor, as a `Link` of the list has it. Opaque.'),
});

/** The page that a checked query asks for. */
export function pageRequestOf({ limit, after }: z.output<typeof listQuery>): PageRequest {
  return { first: limit, after: after ?? null };
}
