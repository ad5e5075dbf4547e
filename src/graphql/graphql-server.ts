import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { CostBudget } from './cost-budget.js';
import { formatError } from './error-format.js';
import type { GraphqlContext } from './graphql-context.js';
import { LIMITS, limitRules } from './limits.js';
import { operationChecks } from './operation-checks.js';

/** Executes operations, one in each request. */
export type GraphqlServer = ApolloServer<GraphqlContext>;

export interface GraphqlServerOptions {
  readonly schema: GraphQLSchema;
  /** In production the schema is shown to whoever has logged in, in development to everybody. */
  readonly environment: 'development' | 'production';
  readonly logger: Logger;
  /** What each actor may spend. */
  readonly budget: CostBudget;
}

/** Starts what executes operations; `stop()` ends it once the running ones are done. */
export async function startGraphqlServer({
  schema,
  environment,
  logger,
  budget,
}: GraphqlServerOptions): Promise<GraphqlServer> {
  const server = new ApolloServer<GraphqlContext>({
    schema,
    formatError,
    csrfPrevention: true,
    introspection: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    parseOptions: { maxTokens: LIMITS.tokens },
    validationRules: limitRules(),
    logger: {
      debug: (message) => logger.debug(message),
      info: (message) => logger.debug(message),
      warn: (message) => logger.warn(message),
      error: (message) => logger.error(message),
    },
    plugins: [operationChecks({ openSchema: environment === 'development', budget, logger }), ...DISABLED],
  });
  await server.start();
  return server;
}

/** Apollo's services outside, which the environment could otherwise turn on, and its own page. */
const DISABLED = [
  ApolloServerPluginCacheControlDisabled(),
  ApolloServerPluginInlineTraceDisabled(),
  ApolloServerPluginLandingPageDisabled(),
  ApolloServerPluginSchemaReportingDisabled(),
  ApolloServerPluginUsageReportingDisabled(),
];
