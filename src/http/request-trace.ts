import type { RequestHandler, Response } from 'express';
import type { Tracing } from '../tracing/tracing.js';
import { requestIdOf } from './problem.js';
import { noteOf } from './request-note.js';

/** Traces each request as a part of the trace of who asks, by the header `traceparent`, or as a new one. */
export function traceRequests(tracing: Tracing): RequestHandler {
  return (request, response, next) => {
    const span = tracing.start(`HTTP ${request.method}`, {
      parent: request.get('traceparent'),
      isParentForeign: true,
      kind: 'server',
      attributes: { 'http.request.method': request.method, 'parley.request_id': requestIdOf(response) },
    });
    response.locals.traceParent = span.traceParent;
    response.once('close', () => {
      span.set({ 'http.response.status_code': response.statusCode });
      span.end(noteOf(response).code ?? undefined);
    });
    next();
  };
}

/** The span of the request that this answers, or undefined where requests are not traced. */
export function traceParentOf({ locals }: Response): string | undefined {
  const { traceParent } = locals;
  return typeof traceParent === 'string' ? traceParent : undefined;
}
