import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { requestIdOf } from './problem.js';

/** Logs each request at the level debug when it is over: never its path or its content, which can name people. */
export function logRequests(logger: Logger): RequestHandler {
  return (request, response, next) => {
    if (logger.isLevelEnabled('debug')) {
      const startedAtMs = performance.now();
      response.once('close', () => {
        const facts = { request_id: requestIdOf(response), method: request.method, status: response.statusCode };
        logger.debug({ ...facts, duration_ms: Math.round(performance.now() - startedAtMs) }, 'request');
      });
    }
    next();
  };
}
