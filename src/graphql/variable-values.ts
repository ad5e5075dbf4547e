/** Checks the variables of an operation in words of our own: GraphQL's repeat the whole value, with every password in it. */
import {
  coerceInputValue,
  GraphQLError,
  type GraphQLInputType,
  type GraphQLSchema,
  isInputType,
  type OperationDefinitionNode,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql';
import { withoutValues } from './error-format.js';

/** Throws BAD_USER_INPUT where the values do not fit their types, and says of each place what is wrong. `hints` allows "Did you mean ...?". */
export function checkVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  values: Readonly<Record<string, unknown>>,
  hints: boolean,
): void {
  const definitions = operation.variableDefinitions ?? [];
  const problems = definitions.flatMap((definition) => problemsOf(schema, definition, values, hints));
  if (problems.length > 0) throw badVariables(problems.slice(0, MAX_PROBLEMS).join(' '));
}

/** Ends an operation whose variables are wrong, with HTTP 400. */
export function badVariables(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } });
}

const MAX_PROBLEMS = 10;

function problemsOf(
  schema: GraphQLSchema,
  definition: VariableDefinitionNode,
  values: Readonly<Record<string, unknown>>,
  hints: boolean,
): readonly string[] {
  const name = definition.variable.name.value;
  const type = inputTypeOf(schema, definition);
  const isGiven = Object.hasOwn(values, name) && values[name] !== undefined;
  // The validation of the document has refused what is no input type.
  if (type === undefined || (!isGiven && definition.defaultValue !== undefined)) return [];
  const problems: string[] = [];
  const note = (path: readonly (string | number)[], _value: unknown, { message }: GraphQLError) =>
    problems.push(`$${[name, ...path].join('.')}: ${withoutValues(message)}`);
  coerceInputValue(isGiven ? values[name] : undefined, type, note, !hints);
  return problems;
}

function inputTypeOf(schema: GraphQLSchema, { type: node }: VariableDefinitionNode): GraphQLInputType | undefined {
  const type = typeFromAST(schema, node);
  return type !== undefined && isInputType(type) ? type : undefined;
}
