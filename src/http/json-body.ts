/** Reading JSON, and the answers to what is none. */
import { isUtf8 } from 'node:buffer';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import { requestIdOf, sendProblem } from './problem.js';

/** The largest body, in bytes, after decompression. */
export const MAX_BODY_BYTES = 256 * 1024;

const WITH_BODY = ['POST', 'PUT', 'PATCH'];

/** Reads a JSON body of at most {@link MAX_BODY_BYTES} into `request.body`. */
export function readJson(): RequestHandler {
  const type = ['application/json', 'application/*+json'];
  return express.json({ limit: MAX_BODY_BYTES, type, strict: true, verify: requireUtf8 });
}

/** What is no UTF-8 would be read with its wrong bytes replaced: two names could become one. RFC 8259, 8.1. */
function requireUtf8(_request: unknown, _response: unknown, body: Buffer): void {
  if (!isUtf8(body)) throw new AppError('MALFORMED', 'The body is not UTF-8.');
}

/** Refuses a body of another media type. Form and text posts, which a foreign web page can send unasked, end here. */
export const requireJson: RequestHandler = (request, response, next) => {
  if (!WITH_BODY.includes(request.method) || request.is(['application/json', 'application/*+json'])) return next();
  sendProblem(response, {
    code: 'MALFORMED',
    status: 415,
    detail: 'Send JSON, with the content type application/json.',
  });
};

/** Answers what was thrown before an operation began. A bug is logged, and shown as INTERNAL. */
export function answerErrors(logger: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof AppError && error.kind !== 'bug') {
      return sendProblem(response, { code: error.code, detail: error.message, retryAfterMs: error.retryAfterMs });
    }
    switch (statusOf(error)) {
      case 400:
        return sendProblem(response, {
          code: 'MALFORMED',
          detail: 'The request cannot be read: it is not valid HTTP or JSON.',
        });
      case 413:
        return sendProblem(response, { code: 'TOO_LARGE', detail: `The body is larger than ${MAX_BODY_BYTES} bytes.` });
      case 415:
        return sendProblem(response, {
          code: 'MALFORMED',
          status: 415,
          detail: 'Send UTF-8, plain or compressed by gzip, deflate, br or zstd.',
        });
      default:
        logger.error({ err: error, requestId: requestIdOf(response) }, 'an HTTP request failed by a bug');
        return sendProblem(response, { code: 'INTERNAL', detail: 'Something went wrong in the server.' });
    }
  };
}

/** The status that Express and its body parser put on what they throw. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined;
  return typeof error.status === 'number' ? error.status : undefined;
}
