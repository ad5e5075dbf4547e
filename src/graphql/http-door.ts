/** Everything that comes by HTTP: GraphQL, and what else is mounted beside it. */
import { expressMiddleware } from '@as-integrations/express5';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { sendProblem } from '../http/problem.js';
import { serveGraphiql } from './graphiql-page.js';
import { type ContextOptions, graphqlContext } from './graphql-context.js';
import type { GraphqlServer } from './graphql-server.js';
import { answerErrors, readJson, requireJson } from './json-body.js';
import { identifyRequests } from './request-id.js';

export interface HttpAppOptions {
  readonly graphql: GraphqlServer;
  /** How the context of an operation is made. */
  readonly context: ContextOptions;
  /** What else is served: health, REST. Each serves all paths below its own, and reads the bodies that it wants. */
  readonly mounts: readonly { readonly path: string; readonly handler: RequestHandler }[];
  /** True if the app is served by TLS: browsers are then told to come by TLS alone. */
  readonly tls: boolean;
  readonly logger: Logger;
}

/** The HTTP door, ready to be given to a server of `node:http` or `node:https`. */
export function createHttpApp({ graphql, context, mounts, tls, logger }: HttpAppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(identifyRequests, secureHeaders(tls), neverStore);
  for (const { path, handler } of mounts) app.use(path, handler);
  const execute = expressMiddleware(graphql, { context: (request) => graphqlContext(context, request) });
  app.use('/graphql', requireJson, readJson(), serveGraphiql(), execute);
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
