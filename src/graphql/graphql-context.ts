/** What each operation knows of its request. */
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import { authenticate } from '../http/authentication.js';
import { requestIdOf } from '../http/problem.js';
import { noteOf, type RequestNote } from '../http/request-note.js';
import { traceParentOf } from '../http/request-trace.js';
import type { LiveRequest } from '../live/live.service.js';
import type { LiveReader } from '../live/live-reader.js';
import type { RequestContext, UserActor } from '../request-context.js';
import type { Span, Tracing } from '../tracing/tracing.js';
import { errorCodeOf, httpStatusOf, refuseOperation } from './error-format.js';
import { requireReadable } from './limits.js';
import { type LoaderSources, type Loaders, makeLoaders } from './loaders.js';

/** The request context that services take, and the loaders that live as long as the request. */
export interface GraphqlContext extends RequestContext {
  readonly door: 'graphql';
  readonly loaders: Loaders;
  /** Takes down what becomes of the request. */
  readonly note: RequestNote;
  /** The span of the operation, where it is traced. */
  readonly span?: Span | undefined;
  /** Opens a stream for whoever is at the other end of this connection; null where an operation is answered but once. */
  readonly live: ((request: LiveRequest) => Promise<LiveReader>) | null;
}

export interface ContextOptions {
  /** Who a token speaks for, from an address. Throws AppError UNAUTHENTICATED for a token that is none, or no longer one. */
  readonly authenticate: (token: string, remoteAddress: string | null) => Promise<UserActor>;
  readonly sources: LoaderSources;
  readonly logger: Logger;
  /** Null or left out where operations are not traced. */
  readonly tracing?: Tracing | null;
}

/** Makes the context of a request from its headers. A request that is too large is refused before anybody asks who sent it. A token that does not hold is refused with HTTP 401, never taken for nobody. */
export async function graphqlContext(
  { authenticate: speakerOf, sources, logger, tracing = null }: ContextOptions,
  { req, res }: { readonly req: Request; readonly res: Response },
): Promise<GraphqlContext> {
  const requestId = requestIdOf(res);
  const note = noteOf(res);
  const span = tracing?.start('GraphQL', { parent: traceParentOf(res) });
  if (span !== undefined) res.once('close', () => span.end(note.code ?? undefined));
  try {
    requireReadable(req.body);
    requireReadable(req.query);
    const remoteAddress = req.socket.remoteAddress ?? null;
    const actor = await authenticate(req, (token) => speakerOf(token, remoteAddress));
    note.askedBy(actor);
    const context: RequestContext = {
      actor,
      door: 'graphql',
      requestId,
      remoteAddress,
      traceParent: span?.traceParent,
    };
    return { ...context, door: 'graphql', loaders: makeLoaders(context, sources), note, span, live: null };
  } catch (error) {
    note.failedBy(errorCodeOf(error));
    if (error instanceof AppError) throw refuseOperation(error, httpStatusOf(error));
    logger.error({ err: error, requestId }, 'a caller could not be authenticated because of a bug');
    throw refuseOperation(new AppError('INTERNAL', '', { cause: error }), 500, { requestId });
  }
}
