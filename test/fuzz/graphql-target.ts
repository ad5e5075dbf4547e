import { readFileSync } from 'node:fs';
import { buildSchema, GraphQLError, type GraphQLSchema, Kind, parse, specifiedRules, validate } from 'graphql';
import { AppError } from '../../src/errors.js';
import { asksForSchema, LIMITS, limitRules, operationCost, requireCost } from '../../src/graphql/limits.js';
import { checkVariables } from '../../src/graphql/variable-values.js';
import { requireThat } from './expectation.js';
import type { FuzzRandom } from './fuzz-random.js';
import { fuzzTarget } from './fuzz-target.js';
import { mutate } from './mutate.js';

const FIELDS = [
  'organizations(first: 100)',
  'organization(id: 1)',
  'edges',
  'node',
  'channels(first: $n)',
  'users',
  'id',
  'name',
  '__typename',
  '__schema',
  'types',
  'fields',
  '...F',
  '...G',
  '... on Organization',
  '... @include(if: $b)',
  'a: id',
  'id @skip(if: true)',
];
const VALUES: readonly unknown[] = [null, 0, -1, 2 ** 31, 0.5, '', 'x', '1', true, [], {}, [1], { a: 1 }];

interface GraphqlCase {
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Documents: each is refused as a person's mistake, or has a cost within the limits before anything is executed. */
export const graphqlTarget = fuzzTarget<GraphqlCase>({
  name: 'graphql',
  unit: 'documents',
  testEpisodes: 60,
  generate(random) {
    const text = documentText(random);
    const document = random.chance(0.6) ? text : Buffer.from(mutate(Buffer.from(text), random)).toString('utf8');
    return { document, variables: { n: random.pick(VALUES), b: random.pick(VALUES) } };
  },
  run({ document, variables }) {
    try {
      checkDocument(schema(), document, variables);
    } catch (error) {
      if (!(error instanceof GraphQLError || error instanceof AppError)) throw error;
    }
    return 1;
  },
});

let loaded: GraphQLSchema | undefined;

function schema(): GraphQLSchema {
  loaded ??= buildSchema(readFileSync('schema.graphql', 'utf8'));
  return loaded;
}

/** As the server's door does it. */
function checkDocument(schema: GraphQLSchema, text: string, variables: Readonly<Record<string, unknown>>): void {
  const document = parse(text, { maxTokens: LIMITS.tokens });
  if (validate(schema, document, [...specifiedRules, ...limitRules()]).length > 0) return;
  asksForSchema(document);
  for (const operation of document.definitions) {
    if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
    checkVariables(schema, operation, variables, true);
    const cost = operationCost(schema, document, operation, variables);
    requireThat(Number.isFinite(cost) && cost >= 0, `the cost ${cost}`);
    requireCost(cost);
  }
}

function documentText(random: FuzzRandom): string {
  const fragments = random
    .some(['F', 'G'])
    .map((name) => `fragment ${name} on ${random.pick(['Query', 'Organization', 'User'])} ${selection(random, 3)}`);
  const operation = random.pick(['query Q($n: Int, $b: Boolean! = true)', 'query', '', 'mutation', 'subscription S']);
  return `${operation} ${selection(random, 5)} ${fragments.join('\n')}`;
}

function selection(random: FuzzRandom, depth: number): string {
  const fields = Array.from({ length: random.between(1, random.chance(0.95) ? 4 : 60) }, () => {
    const field = random.pick(FIELDS);
    return depth > 0 && random.chance(0.6) ? `${field} ${selection(random, depth - 1)}` : field;
  });
  return `{ ${fields.join(' ')} }`;
}
