/** Everything that comes by HTTP: GraphQL, and what else is mounted beside it. */
import { expressMiddleware } from '@as-integrations/express5';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { answerErrors, readJson, requireJson } from '../http/json-body.js';
import { sendProblem } from '../http/problem.js';
import { identifyRequests } from '../http/request-id.js';
import { logRequests } from '../http/request-log.js';
import { traceRequests } from '../http/request-trace.js';
import type { RequestTally } from '../metrics/request-tally.js';
import type { Tracing } from '../tracing/tracing.js';
import { serveGraphiql } from './graphiql-page.js';
import { type ContextOptions, graphqlContext } from './graphql-context.js';
import type { GraphqlServer } from './graphql-server.js';

export interface HttpAppOptions {
  readonly graphql: GraphqlServer;
  /** How the context of an operation is made. */
  readonly context: ContextOptions;
  /** What else is served: health, REST. Each serves all paths below its own, and reads the bodies that it wants. */
  readonly mounts: readonly { readonly path: string; readonly handler: RequestHandler; readonly door?: 'rest' }[];
  readonly requests: RequestTally;
  /** Null or left out where requests are not traced. */
  readonly tracing?: Tracing | null;
  /** True if the app is served by TLS: browsers are then told to come by TLS alone. */
  readonly tls: boolean;
  readonly logger: Logger;
}

/** The HTTP door, ready to be given to a server of `node:http` or `node:https`. */
export function createHttpApp({
  graphql,
  context,
  mounts,
  requests,
  tracing = null,
  tls,
  logger,
}: HttpAppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(identifyRequests, logRequests(logger), secureHeaders(tls), neverStore);
  if (tracing !== null) app.use(traceRequests(tracing));
  for (const { path, handler, door } of mounts)
    app.use(path, door === undefined ? [] : requests.counting(door), handler);
  const execute = expressMiddleware(graphql, { context: (request) => graphqlContext(context, request) });
  app.use('/graphql', requests.counting('graphql'), requireJson, readJson(), serveGraphiql(), execute);
  app.use((_request, response) => {
    sendProblem(response, { code: 'NOT_FOUND', detail: 'There is nothing at this path.' });
  });
  app.use(answerErrors(logger));
  return app;
}

function secureHeaders(tls: boolean): RequestHandler {
  return helmet({
    // Answers are data; GraphiQL's page brings a policy of its own.
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: tls,
    referrerPolicy: { policy: 'no-referrer' },
  });
}

/** Answers hold what belongs to one caller. */
const neverStore: RequestHandler = (_request, response, next) => {
  response.setHeader('cache-control', 'no-store');
  next();
};
