/** What a document may ask for. All of it is checked before anything is executed. */
import { ApolloArmor } from '@escape.tech/graphql-armor';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type ValidationContext,
  type ValidationRule,
  visit,
} from 'graphql';
import { type ComplexityEstimator, getComplexity } from 'graphql-query-complexity';
import { AppError } from '../errors.js';
import { MAX_PAGE_SIZE } from '../pagination.js';

/** The most that one document may have. */
export const LIMITS = {
  /** Characters of the document, with all that stands between its words. */
  characters: 40_000,
  /** Brackets of any kind within brackets. */
  nesting: 200,
  /** How often the same name stands in the document. */
  repetitions: 100,
  /** Values in the variables, with the lists and objects that hold them. */
  values: 1000,
  /** Words and signs of the document. */
  tokens: 2000,
  /** Fields within fields. */
  depth: 12,
  aliases: 15,
  directives: 50,
  /** About the number of objects that the answer can hold: see {@link operationCost}. */
  cost: 10_000,
} as const;

/** How many fields are counted, with all fragments in place. */
const MAX_FIELDS = 2000;

/** What a mutation costs beside what it returns. */
const MUTATION_COST = 10;
/** What a subscription costs beside what one message holds: it begins with a snapshot of objects that are at hand. */
const SUBSCRIPTION_COST = 100;

/** Throws TOO_LARGE for a request whose document or variables are not worth reading. Takes the body or the query string as it came, of whatever shape. */
export function requireReadable(body: unknown): void {
  const { query, variables }: { readonly query?: unknown; readonly variables?: unknown } = Object(body);
  if (typeof query === 'string') {
    if (query.length > LIMITS.characters) throw tooLarge('characters');
    requireCheapToCheck(query);
  }
  // A list that grows while it is walked: values may be nested deeper than a stack is.
  const values = [variables];
  for (const value of values) {
    if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) values.push(inner);
    if (values.length > LIMITS.values + 1) throw tooLarge('values');
  }
}

/** Refuses a document that is too deep, or has too many aliases or directives, with TOO_LARGE. Tokens are counted by the parser itself. */
export function limitRules(): ValidationRule[] {
  const { validationRules } = new ApolloArmor({
    maxDepth: { n: LIMITS.depth, flattenFragments: true, ...refusing('depth') },
    maxAliases: { n: LIMITS.aliases, ...refusing('aliases') },
    maxDirectives: { enabled: false },
    costLimit: { enabled: false },
    maxTokens: { enabled: false },
    blockFieldSuggestion: { enabled: false },
  }).protect();
  return [...validationRules, limitDirectives];
}

/** Counts the directives that are written. Armor's rule leaves out those at a fragment that it has seen before. */
const limitDirectives: ValidationRule = (context) => {
  let count = 0;
  return {
    Directive: () => {
      count += 1;
      if (count === LIMITS.directives + 1) report(context, 'directives');
    },
  };
};

/**
 * What an operation can cost: 1 for each object, times `first` for what is in a list, {@link MUTATION_COST} for a
 * mutation and {@link SUBSCRIPTION_COST} for a subscription. Values cost nothing. Throws TOO_LARGE for a document that is too large to be counted.
 */
export function operationCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const query = withOnly(document, operation);
  try {
    return getComplexity({ schema, query, variables, estimators: [costOfField(schema)], maxQueryNodes: MAX_FIELDS });
  } catch (error) {
    if (error instanceof GraphQLError && /maximum allowed number of nodes/.test(error.message)) throw tooLarge('cost');
    throw error;
  }
}

/** Throws TOO_LARGE for a cost above the limit. */
export function requireCost(cost: number): void {
  if (cost > LIMITS.cost) throw tooLarge('cost', { cost });
}

/** True where the document asks for the schema itself. */
export function asksForSchema(document: DocumentNode): boolean {
  let asks = false;
  visit(document, {
    Field: ({ name }) => {
      asks ||= name.value === '__schema' || name.value === '__type';
    },
  });
  return asks;
}

function costOfField(schema: GraphQLSchema): ComplexityEstimator {
  const mutation = schema.getMutationType();
  const subscription = schema.getSubscriptionType();
  return ({ type, field, args, childComplexity }) => {
    if (type === subscription) return SUBSCRIPTION_COST + childComplexity;
    if (type === mutation) return MUTATION_COST + childComplexity;
    if (!isCompositeType(getNamedType(field.type))) return 0;
    const items = field.args.some(({ name }) => name === 'first') ? pageSize(args.first) : 1;
    return 1 + items * childComplexity;
  };
}

/** What is out of bounds is refused when it is executed, and costs as the largest page. */
function pageSize(first: unknown): number {
  return typeof first === 'number' && first >= 1 && first <= MAX_PAGE_SIZE ? first : MAX_PAGE_SIZE;
}

/** Only one operation of a document is executed, and only that one is counted. */
function withOnly(document: DocumentNode, operation: OperationDefinitionNode): DocumentNode {
  const definitions = document.definitions.filter(
    (definition) => definition === operation || definition.kind === Kind.FRAGMENT_DEFINITION,
  );
  return { ...document, definitions };
}

function refusing(limit: keyof typeof LIMITS) {
  return {
    onReject: [(context: ValidationContext | null) => report(context, limit)],
    propagateOnRejection: false,
  };
}

function report(context: ValidationContext | null, limit: keyof typeof LIMITS): void {
  const refusal = tooLarge(limit);
  context?.reportError(new GraphQLError(refusal.message, { originalError: refusal }));
}

/** Texts and comments, in which everything may stand, names and brackets. */
const SIGNS = /"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|#.*|[_A-Za-z]\w*|[([{]|[)\]}]/g;

/**
 * Throws TOO_LARGE for a document that would be expensive to parse or to validate: the parser follows brackets with its
 * stack, which is not without end, and validation compares each field with each other one of the same name.
 */
function requireCheapToCheck(document: string): void {
  const counts = new Map<string, number>();
  let depth = 0;
  for (const [sign] of document.matchAll(SIGNS)) {
    if (/^[([{]/.test(sign)) depth += 1;
    else if (/^[)\]}]/.test(sign)) depth -= 1;
    else if (/^\w/.test(sign)) {
      const count = (counts.get(sign) ?? 0) + 1;
      if (count > LIMITS.repetitions) throw tooLarge('repetitions');
      counts.set(sign, count);
    }
    if (depth > LIMITS.nesting) throw tooLarge('nesting');
  }
}

function tooLarge(limit: keyof typeof LIMITS, params: { readonly cost?: number } = {}): AppError {
  const max = LIMITS[limit];
  return new AppError('TOO_LARGE', `The document asks for too much: its ${limit} must not exceed ${max}.`, {
    params: { limit, max, ...params },
  });
}
