/** Documents whose answer would be large, and questions about the schema that go in circles. */
import { type GraphQLSchema, getNamedType, isObjectType } from 'graphql';
import { type HostileRequest, hostile, LARGE, nested, repeat, VALIDATION } from './hostile-request.js';

/** Three lists within each other, for every three that lead on. */
export function costs(schema: GraphQLSchema): HostileRequest[] {
  const listsOf = (type: string) => {
    const object = schema.getType(type);
    if (!isObjectType(object)) return [];
    return Object.values(object.getFields()).flatMap((field) => {
      const [, of] = /^(.*)Connection$/.exec(getNamedType(field.type).name) ?? [];
      return of === undefined ? [] : [{ name: field.name, of }];
    });
  };
  const chains = listsOf('Organization').flatMap((first) =>
    listsOf(first.of).map((second) => ({ first: first.name, second: second.name })),
  );
  const document = ({ first, second }: (typeof chains)[number], size: string, before = '') =>
    `${before}{ organizations${size} { nodes { ${first}${size} { nodes { ${second}${size} { nodes { __typename } } } } } } }`;
  return [
    ...chains.map((chain) =>
      hostile(`100 times ${chain.first} times ${chain.second}`, LARGE, document(chain, '(first: 100)')),
    ),
    ...chains.map((chain) =>
      hostile(`as many ${chain.first} and ${chain.second} as there are if nothing is said`, LARGE, document(chain, '')),
    ),
    ...chains.map((chain) =>
      hostile(
        `${chain.first} and ${chain.second} by a variable`,
        LARGE,
        document(chain, '(first: $n)', 'query ($n: Int!) '),
        { n: 100 },
      ),
    ),
    ...chains
      .slice(0, 3)
      .map((chain) =>
        hostile(
          `${chain.first} and ${chain.second} by the default of a variable`,
          LARGE,
          document(chain, '(first: $n)', 'query ($n: Int! = 100) '),
        ),
      ),
    ...['-1', '0', '101', '2147483647'].map((size) =>
      hostile(`pages of ${size}`, LARGE, document({ first: 'users', second: 'roles' }, `(first: ${size})`)),
    ),
    hostile(
      'many lists side by side',
      LARGE,
      `{ organizations(first: 100) { nodes { ${repeat(14, (index) => `a${index}: users(first: 100) { nodes { id } }`)} } } }`,
    ),
    hostile(
      'many lists in edges and nodes',
      LARGE,
      '{ organizations(first: 100) { edges { node { users(first: 50) { edges { node { organization { id } } } } } } nodes { users(first: 50) { nodes { organization { id } } } } } }',
    ),
    hostile(
      'many costly mutations',
      LARGE,
      `mutation { ${repeat(15, (index) => `a${index}: updateOrganization(input: { id: 1 }) { organization { users(first: 100) { nodes { roles(first: 10) { nodes { id } } } } } }`)} }`,
    ),
  ];
}

export function introspections(): HostileRequest[] {
  const circle = (depth: number, field: string) => `{ __schema { types { ${nested(depth, field, 'name')} } } }`;
  return [
    hostile('fields of types of fields', VALIDATION, circle(4, 'fields { type').replace(/name/, 'name }'.repeat(4))),
    hostile('possible types of possible types', VALIDATION, circle(10, 'possibleTypes')),
    hostile('interfaces of interfaces', VALIDATION, circle(10, 'interfaces')),
    hostile(
      'inputs of types of inputs',
      VALIDATION,
      '{ __schema { types { inputFields { type { inputFields { type { inputFields { type { inputFields { name } } } } } } } } } }',
    ),
    hostile(
      'fields by a fragment',
      VALIDATION,
      '{ __schema { types { ...T } } } fragment T on __Type { fields { type { fields { type { fields { type { fields { name } } } } } } } }',
    ),
    hostile(
      'a fragment in circles',
      VALIDATION,
      '{ __schema { types { ...T } } } fragment T on __Type { fields { type { ...T } } }',
    ),
    hostile(
      'fields of one type in circles',
      VALIDATION,
      '{ __type(name: "User") { fields { type { fields { type { fields { type { fields { name } } } } } } } } }',
    ),
    hostile(
      'the schema under many names',
      LARGE,
      `{ ${repeat(20, (index) => `a${index}: __schema { types { name } }`)} }`,
    ),
    hostile(
      'one type under many names',
      LARGE,
      `{ ${repeat(20, (index) => `a${index}: __type(name: "User") { name }`)} }`,
    ),
    hostile('the schema within an object', VALIDATION, '{ me { __schema { types { name } } } }'),
    hostile('the schema by a mutation', VALIDATION, 'mutation { __schema { types { name } } }'),
    hostile('a type without a name', VALIDATION, '{ __type { name } }'),
    hostile('what only federations have', VALIDATION, '{ _service { sdl } }'),
    hostile(
      'entities as federations have them',
      VALIDATION,
      '{ _entities(representations: [{ __typename: "User", id: 1 }]) { ... on User { id } } }',
    ),
  ];
}
