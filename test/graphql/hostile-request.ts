/** A request that wants to be expensive, or to find out what is not for whoever sends it. */
export interface HostileRequest {
  readonly name: string;
  /** What is posted. */
  readonly body: string;
  /** `extensions.code` of the first refusal. */
  readonly code: string;
}

export const PARSE = 'GRAPHQL_PARSE_FAILED';
export const VALIDATION = 'GRAPHQL_VALIDATION_FAILED';
export const INPUT = 'BAD_USER_INPUT';
export const OPERATION = 'OPERATION_RESOLUTION_FAILURE';
export const REQUEST = 'BAD_REQUEST';
export const LARGE = 'TOO_LARGE';

export function hostile(name: string, code: string, query: string, variables: unknown = {}): HostileRequest {
  return { name, code, body: JSON.stringify({ query, variables }) };
}

/** What `of` gives for each number from 0 on. */
export function repeat(count: number, of: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => of(index)).join(' ');
}

/** `open` within `open`, with `inner` at the bottom. */
export const nested = (count: number, open: string, inner: string) =>
  `${`${open} { `.repeat(count)}${inner}${' }'.repeat(count)}`;
