/** Requests that are of no form that is answered: operations, names, texts and bodies. */
import { type HostileRequest, hostile, OPERATION, PARSE, REQUEST, repeat, VALIDATION } from './hostile-request.js';

export function operations(): HostileRequest[] {
  const named = (query: string, operationName: unknown, name: string, code: string): HostileRequest => ({
    ...{ name, code, body: JSON.stringify({ query, operationName }) },
  });
  const many = repeat(90, (index) => `query Q${index} { me { id } }`);
  return [
    hostile(
      'operations without a name',
      VALIDATION,
      repeat(90, () => '{ me { id } }'),
    ),
    hostile('an operation with a name beside one without', VALIDATION, 'query A { me { id } } { me { id } }'),
    hostile('many operations, and none is meant', OPERATION, many),
    named(many, 'Q90', 'many operations, and another one is meant', OPERATION),
    named('query A { me { id } }', '__proto__', 'the prototype for an operation', OPERATION),
    named('query A { me { id } }', 'B', 'an operation that there is not', OPERATION),
    named('query A { me { id } }', { a: 1 }, 'an object for the name of an operation', REQUEST),
    named('query A { me { id } }', ['A'], 'a list for the name of an operation', REQUEST),
    hostile(
      'two operations of one name',
      VALIDATION,
      'query A { me { id } } mutation A { logout { errors { code } } }',
    ),
    hostile('fragments alone', VALIDATION, 'fragment F on User { id }'),
    hostile('fragments that use each other alone', VALIDATION, 'fragment F on User { ...G } fragment G on User { id }'),
    hostile('nothing but a comment', PARSE, '# nothing'),
    hostile('nothing but commas', PARSE, ',,,,'),
    hostile('an empty selection', PARSE, '{ }'),
    hostile('an empty list of arguments', PARSE, '{ user() { id } }'),
    hostile('an empty list of variables', PARSE, 'query () { me { id } }'),
    hostile('a definition of a type', VALIDATION, 'type User { password: String } query { me { id } }'),
    hostile('an extension of a type', VALIDATION, 'extend type User { password: String } query { me { id } }'),
    hostile('a definition of the schema', VALIDATION, 'schema { query: Mutation } query { me { id } }'),
    hostile('a directive of its own', VALIDATION, 'directive @include(if: Boolean) on FIELD query { me { id } }'),
    hostile('a subscription by POST', REQUEST, 'subscription { organizationEvents { __typename } }'),
    hostile('a subscription to everything', VALIDATION, `subscription { ${repeat(50, (index) => `f${index}`)} }`),
    hostile('an unknown kind of operation', PARSE, 'delete { user(id: 1) { id } }'),
    hostile('no selection of an object', VALIDATION, '{ me }'),
    hostile('a selection of a value', VALIDATION, '{ me { id { length } } }'),
    hostile('a query within a mutation', VALIDATION, 'mutation { me { id } }'),
    hostile('a mutation within a query', VALIDATION, '{ logout { errors { code } } }'),
  ];
}

export function disguises(): HostileRequest[] {
  return [
    ...['ｍｅ', 'mе', 'm\u0301e', 'ⅿe', 'mé', '我', '𝓂ℯ'].map((name) =>
      hostile(`a field called ${name}`, PARSE, `{ ${name} { id } }`),
    ),
    ...['\u0000', '\u0007', '\u001b[2J', '\u200b', '\u202e', '\u2028', '\u00a0', '\u3000', '\ud800', '\udfff'].map(
      (character) =>
        hostile(
          `U+${character.charCodeAt(0).toString(16).padStart(4, '0')} between words`,
          PARSE,
          `{ me ${character} { id } }`,
        ),
    ),
    ...['\\x41', '\\u00', '\\u{110000}', '\\u{}', '\\ud800', '\\udc00\\ud800', '\\0', "\\'"].map((text) =>
      hostile(`${text} in a text`, PARSE, `{ user(id: "${text}") { id } }`),
    ),
    hostile('a line break in a text', PARSE, '{ user(id: "a\nb") { id } }'),
    hostile('a text that does not end', PARSE, '{ user(id: "a) { id } }'),
    hostile('a block of text that does not end', PARSE, '{ user(id: """a) { id } }'),
    hostile('a quotation mark of another kind', PARSE, '{ user(id: “1”) { id } }'),
    hostile('a name in quotation marks', PARSE, '{ "me" { id } }'),
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf'].flatMap((name) => [
      hostile(`a field called ${name}`, VALIDATION, `{ ${name} }`),
      hostile(`a field of an object called ${name}`, VALIDATION, `{ me { ${name} } }`),
      hostile(`an argument called ${name}`, VALIDATION, `{ user(id: 1, ${name}: 1) { id } }`),
      hostile(`a type called ${name}`, VALIDATION, `{ me { ... on ${name} { id } } }`),
    ]),
    ...['passwordHash', 'tokenVersion', 'usernameKey', 'organizationId', 'password', 'org_id'].map((name) =>
      hostile(`the column ${name}`, VALIDATION, `{ me { ${name} } }`),
    ),
    hostile('SQL for a number', PARSE, '{ organizations(first: 1; drop table users) { nodes { id } } }'),
    hostile('SQL for an operation', PARSE, 'select * from users; --'),
    hostile('a page', PARSE, '<script>alert(1)</script>'),
  ];
}

export function bodies(): HostileRequest[] {
  const query = '{ me { id } }';
  const raw = (name: string, body: unknown, code = REQUEST): HostileRequest => ({
    name,
    code,
    body: JSON.stringify(body),
  });
  return [
    raw('an empty batch', []),
    raw('a batch of one', [{ query }]),
    raw(
      'a batch of many',
      Array.from({ length: 1000 }, () => ({ query })),
    ),
    raw(
      'a batch of logins',
      Array.from({ length: 50 }, (_, index) => ({
        query: `mutation { login(input: { username: "admin", password: "${index}" }) { accessToken } }`,
      })),
    ),
    raw('a batch within an object', { 0: { query }, 1: { query } }),
    raw('nothing', {}),
    raw('no query but variables', { variables: { x: 1 } }),
    raw('null for a query', { query: null }),
    raw('a number for a query', { query: 1 }),
    raw('a list for a query', { query: [query] }),
    raw('an object for a query', { query: { query } }),
    raw('an empty query', { query: '' }),
    raw('text for variables', { query, variables: '{"a":1}' }),
    raw('a list for variables', { query, variables: [1] }),
    raw('text for extensions', { query, extensions: '{}' }),
    raw('a list for extensions', { query, extensions: [] }),
    raw(
      'a persisted query',
      { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } },
      'PERSISTED_QUERY_NOT_SUPPORTED',
    ),
    raw(
      'a persisted query beside a query',
      { query, extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } },
      'PERSISTED_QUERY_NOT_SUPPORTED',
    ),
  ];
}
