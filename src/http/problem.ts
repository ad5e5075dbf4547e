/** Problem details (RFC 9457): how HTTP says that a request was not done. */
import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';
import { ERROR_CODES, type ErrorCode, type ErrorParams } from '../errors.js';
import { noteOf } from './request-note.js';

/** What is wrong with one field of a request. */
export interface FieldProblem {
  /** The field, nested ones with dots; empty for the body as a whole. */
  readonly field: string;
  /** What is wrong with it, in English, safe to show. */
  readonly detail: string;
}

export interface ProblemOptions {
  readonly code: ErrorCode;
  /** What is wrong, in English, safe to show. */
  readonly detail: string;
  /** Where HTTP has a status that says more than the one of the code. */
  readonly status?: number;
  /** One for each field that must be mended. */
  readonly errors?: readonly FieldProblem[];
  readonly params?: ErrorParams;
  /** How long to wait before the same request can succeed, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** How long to wait where nobody knows, in milliseconds. */
const DEFAULT_RETRY_AFTER_MS = 5000;

/** Ends the response with `application/problem+json`, and the headers that belong to its status. */
export function sendProblem(response: Response, problem: ProblemOptions): void {
  const { code, detail, errors = [], params = {}, retryAfterMs = DEFAULT_RETRY_AFTER_MS } = problem;
  const { status = ERROR_CODES[code].httpStatus } = problem;
  noteOf(response).failedBy(code);
  if (status === 401) response.setHeader('www-authenticate', challenge(response, code));
  if (status === 429 || status === 503) response.setHeader('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)));
  response.status(status).setHeader('content-type', 'application/problem+json');
  response.setHeader('cache-control', 'no-store');
  response.end(
    JSON.stringify({
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail,
      code,
      request_id: requestIdOf(response),
      ...(errors.length > 0 && { errors }),
      ...(Object.keys(params).length > 0 && { params }),
    }),
  );
}

/** The id that `identifyRequests` gave to the request. */
export function requestIdOf({ locals }: Response): string {
  const { requestId } = locals;
  if (typeof requestId !== 'string') throw new Error('a request without an id');
  return requestId;
}

/** Says how to authenticate, and (RFC 6750) that a token which was sent does not do. */
function challenge({ req: { headers } }: Response, code: ErrorCode): string {
  const hadCredentials = headers.authorization !== undefined || headers['x-api-key'] !== undefined;
  const wasRefused = code === 'UNAUTHENTICATED' && hadCredentials;
  return wasRefused ? 'Bearer realm="parley", error="invalid_token"' : 'Bearer realm="parley"';
}
