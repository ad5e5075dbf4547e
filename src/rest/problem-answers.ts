/** What the REST door answers to what was thrown. */
import type { ErrorRequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { AppError, ERROR_CODES, type ErrorParams } from '../errors.js';
import { answerErrors } from '../http/json-body.js';
import { sendProblem } from '../http/problem.js';
import { InvalidFields } from './field-check.js';
import { REASON_HEADER } from './reason.js';

/** Answers refusals and faults with the fields that they are about, and the rest as every HTTP door does. */
export function answerProblems(logger: Logger): ErrorRequestHandler {
  const answerOthers = answerErrors(logger);
  return (error: unknown, request, response, next) => {
    if (error instanceof InvalidFields) {
      return sendProblem(response, { code: 'INVALID_INPUT', detail: error.message, errors: error.errors });
    }
    if (error instanceof AppError && error.kind !== 'bug') return sendAppError(response, error);
    return answerOthers(error, request, response, next);
  };
}

function sendAppError(response: Response, error: AppError): void {
  const { code, message: detail, path, params, retryAfterMs } = error;
  const field = fieldName(path);
  const errors = field === '' ? [] : [{ field, detail }];
  // 412 is for a condition that the caller has set; an idempotency key that was used for something else is none.
  const status = code === 'CONFLICT' && field !== IF_MATCH ? 409 : ERROR_CODES[code].httpStatus;
  sendProblem(response, { code, detail, status, errors, params: inSnakeCase(params), retryAfterMs });
}

/** Services name fields as the GraphQL door does, below `input`. */
function fieldName([first, ...rest]: readonly string[]): string {
  const path = first === undefined || first === 'input' ? rest : [first, ...rest];
  return path.map((name) => RENAMED[name] ?? snakeCase(name)).join('.');
}

const IF_MATCH = 'If-Match';

const RENAMED: Readonly<Record<string, string>> = {
  organizationTag: 'org_tag',
  roleIds: 'roles',
  first: 'limit',
  expectedVersion: IF_MATCH,
  idempotencyKey: 'Idempotency-Key',
  [REASON_HEADER]: REASON_HEADER,
};

function inSnakeCase(params: ErrorParams): ErrorParams {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [snakeCase(name), value]));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
