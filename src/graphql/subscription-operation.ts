/** What a subscription must pass before it is executed: the same as a query. */
import {
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import { AppError } from '../errors.js';
import type { CostBudget } from './cost-budget.js';
import type { GraphqlContext } from './graphql-context.js';
import { LIMITS, limitRules, operationCost, requireReadable } from './limits.js';
import { charge } from './operation-checks.js';
import { badVariables, checkVariables } from './variable-values.js';

const RULES = [...specifiedRules, ...limitRules()];

/** Returns what is to be executed, or the refusals. The operation is paid for then. */
export function checkSubscription(
  schema: GraphQLSchema,
  budget: CostBudget,
  contextValue: GraphqlContext,
  { query, variables, operationName }: SubscribePayload,
): ExecutionArgs | readonly GraphQLError[] {
  try {
    requireReadable({ query, variables });
    const document = parse(query, { maxTokens: LIMITS.tokens });
    const problems = validate(schema, document, RULES);
    if (problems.length > 0) return problems.map(invalid);
    const operation = getOperationAST(document, operationName);
    if (!operation) return [refused('OPERATION_RESOLUTION_FAILURE', 'Say which operation of the document is meant.')];
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) {
      return [refused('BAD_REQUEST', 'Only subscriptions come by WebSocket: queries and mutations are sent by POST.')];
    }
    const values = variables ?? {};
    checkVariables(schema, operation, values, true);
    charge(budget, contextValue, operationCost(schema, document, operation, values));
    return { schema, document, operationName: operation.name?.value, variableValues: values, contextValue };
  } catch (error) {
    return [toGraphqlError(error)];
  }
}

/** GraphQL's parser throws an error of its own, whose code is Apollo's word for it. */
function toGraphqlError(error: unknown): GraphQLError {
  if (error instanceof AppError) return new GraphQLError(error.message, { originalError: error });
  if (!(error instanceof GraphQLError)) throw error;
  if (error.extensions.code !== undefined) return error;
  if (!error.message.startsWith('Syntax Error')) return badVariables(error.message);
  return withCode(error, 'GRAPHQL_PARSE_FAILED');
}

/** Limits are refused by our own code, all else by Apollo's word for it. */
function invalid(problem: GraphQLError): GraphQLError {
  return problem.originalError instanceof AppError ? problem : withCode(problem, 'GRAPHQL_VALIDATION_FAILED');
}

function withCode({ message, nodes, source, positions }: GraphQLError, code: string): GraphQLError {
  return new GraphQLError(message, { nodes, source, positions, extensions: { code } });
}

function refused(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}
