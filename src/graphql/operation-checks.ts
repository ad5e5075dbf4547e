/** What is checked of an operation before it is executed, and what is told about it afterwards. */
import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import { GraphQLError, Kind, type OperationDefinitionNode, OperationTypeNode } from 'graphql';
import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import type { RequestContext } from '../request-context.js';
import type { CostBudget } from './cost-budget.js';
import { errorCodeOf, httpStatusOf, isBug, refuseOperation, withoutHints } from './error-format.js';
import type { GraphqlContext } from './graphql-context.js';
import { asksForSchema, LIMITS, operationCost, requireCost } from './limits.js';
import { networkOf } from './network.js';
import { badVariables, checkVariables } from './variable-values.js';

export interface OperationChecksOptions {
  /** True if somebody who has not logged in may read the schema. */
  readonly openSchema: boolean;
  readonly budget: CostBudget;
  readonly logger: Logger;
}

/**
 * Apollo's hooks: refuses variables that do not fit, documents that cost too much by themselves or for the budget of who
 * asks, and in production introspection by nobody; puts the cost and what is left into `extensions.cost`; reports bugs.
 */
export function operationChecks(options: OperationChecksOptions): ApolloServerPlugin<GraphqlContext> {
  return { requestDidStart: async () => checksOfOne(options) };
}

function checksOfOne({ openSchema, budget, logger }: OperationChecksOptions): GraphQLRequestListener<GraphqlContext> {
  let cost: number | undefined;
  return {
    validationDidStart:
      async ({ contextValue }) =>
      async (errors) => {
        if (contextValue.actor.kind !== 'anonymous') return;
        for (const error of errors ?? []) error.message = withoutHints(error.message);
      },

    didResolveOperation: async ({ schema, document, operation, request, contextValue }) => {
      // Apollo calls this too where the document leaves open which operation is meant, and refuses it afterwards.
      if (operation === undefined) return;
      const anonymous = contextValue.actor.kind === 'anonymous';
      contextValue.span?.rename(`GraphQL ${operation.operation} ${fieldsOf(operation).join(' ')}`);
      if (operation.operation === OperationTypeNode.SUBSCRIPTION) throw NO_SUBSCRIPTIONS;
      const variables = request.variables ?? {};
      checkVariables(schema, operation, variables, !anonymous);
      try {
        if (anonymous && !openSchema && asksForSchema(document)) {
          throw new AppError('UNAUTHENTICATED', 'The schema is shown to whoever has logged in.');
        }
        cost = operationCost(schema, document, operation, variables);
        charge(budget, contextValue, cost);
      } catch (error) {
        if (error instanceof AppError) throw refuseOperation(error, httpStatusOf(error));
        throw error instanceof GraphQLError ? badVariables(error.message) : error;
      }
    },

    didEncounterErrors: async ({ errors, contextValue: { requestId, note } }) => {
      for (const error of errors) note.failedBy(errorCodeOf(error));
      for (const error of errors.filter(isBug)) {
        logger.error({ err: error.originalError ?? error, requestId }, 'an operation failed by a bug');
        if (error instanceof GraphQLError) error.extensions.requestId = requestId;
      }
    },

    willSendResponse: async ({ response: { body }, contextValue }) => {
      if (cost === undefined || body.kind !== 'single') return;
      const told = { requested: cost, max: LIMITS.cost, ...budget.of(payerOf(contextValue)) };
      body.singleResult.extensions = { ...body.singleResult.extensions, cost: told };
    },
  };
}

/** The names of the schema alone: whoever asks may have chosen the others after somebody. */
function fieldsOf({ selectionSet }: OperationDefinitionNode): readonly string[] {
  return selectionSet.selections.flatMap((selection) => (selection.kind === Kind.FIELD ? [selection.name.value] : []));
}

const NO_SUBSCRIPTIONS = new GraphQLError('Subscriptions come by WebSocket.', {
  extensions: { code: 'BAD_REQUEST', http: { status: 400 } },
});

/** An operation that asks for no object is one all the same. */
const MIN_COST = 1;

/** Takes what an operation costs from the budget of who asks. Throws TOO_LARGE and RATE_LIMITED; nothing is taken then. */
export function charge(budget: CostBudget, context: RequestContext, cost: number): void {
  requireCost(cost);
  budget.take(payerOf(context), Math.max(cost, MIN_COST));
}

/** Whose budget an operation is paid from: the user's, by whatever token or key, and where it is nobody the address's. */
function payerOf({ actor, remoteAddress }: RequestContext): string {
  return actor.kind === 'user' ? `user ${actor.userId}` : `address ${networkOf(remoteAddress)}`;
}
