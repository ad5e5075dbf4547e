/** Checks a request against its schema, and says of every field that is wrong what is wrong with it. */
import type { z } from 'zod';
import type { FieldProblem } from '../http/problem.js';

/** The request has fields that are wrong. Answered as INVALID_INPUT. */
export class InvalidFields extends Error {
  constructor(readonly errors: readonly FieldProblem[]) {
    super('Some fields of the request are wrong.');
    this.name = 'InvalidFields';
  }
}

/** More are not told of one request. */
const MAX_ERRORS = 50;
/** The name of a field that nobody knows is repeated up to this length. */
const MAX_FIELD_LENGTH = 100;

/** The value as the schema gives it. Throws {@link InvalidFields}. No message holds a value of the request. */
export function checkFields<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value, { error: messageOf });
  if (result.success) return result.data;
  throw new InvalidFields(result.error.issues.flatMap(problemsOf).slice(0, MAX_ERRORS));
}

type Issue = z.core.$ZodIssue;

function messageOf(issue: z.core.$ZodRawIssue): string | undefined {
  return issue.code === 'invalid_type' && issue.input === undefined ? 'It is required.' : undefined;
}

function problemsOf(issue: Issue): readonly FieldProblem[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ field: fieldOf([...issue.path, key]), detail: 'There is no such field.' }));
    case 'invalid_union':
      return likeliest(issue.errors).flatMap(problemsOf);
    default:
      return [{ field: fieldOf(issue.path), detail: issue.message }];
  }
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, MAX_FIELD_LENGTH);
}

/** Of several forms that a body may have, the caller meant the one that knows most of the given fields. */
function likeliest(alternatives: readonly (readonly Issue[])[]): readonly Issue[] {
  const [first = [], ...others] = alternatives;
  return others.reduce((best, next) => (unknownFields(next) < unknownFields(best) ? next : best), first);
}

function unknownFields(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0);
}
