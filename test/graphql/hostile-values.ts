/** Documents and variables that are too long, or of the wrong kind. */
import { LIMITS } from '../../src/graphql/limits.js';
import { type HostileRequest, hostile, INPUT, LARGE, PARSE, repeat, VALIDATION } from './hostile-request.js';

export function sizes(): HostileRequest[] {
  const tooLong = LIMITS.characters;
  const blank = (name: string, text: string) =>
    hostile(`a flood of ${name}`, LARGE, `{ me { id } }${text.repeat(tooLong / text.length)}`);
  return [
    ...[LIMITS.tokens, LIMITS.tokens * 2, LIMITS.tokens * 3].map((count) =>
      hostile(`${count} fields`, PARSE, `{ me { ${repeat(count, (index) => `f${index}`)} } }`),
    ),
    hostile(
      'a list in the document that does not end',
      PARSE,
      `mutation { createUser(input: { organizationId: 1, username: "x", password: "x", roleIds: [${repeat(5000, () => '1')}] }) { errors { code } } }`,
    ),
    hostile('lists within lists', LARGE, `{ user(id: ${'['.repeat(3000)}${']'.repeat(3000)}) { id } }`),
    hostile(
      'objects within objects',
      LARGE,
      `mutation { login(input: ${'{ a: '.repeat(1500)}1${' }'.repeat(1500)}) { errors { code } } }`,
    ),
    hostile('selections within selections', LARGE, `${'{ me '.repeat(1500)}${'}'.repeat(1500)}`),
    hostile('lists of types within lists', LARGE, `query ($x: ${'['.repeat(2500)}ID${']'.repeat(2500)}) { me { id } }`),
    hostile('lists within lists, fewer', VALIDATION, `{ user(id: ${'['.repeat(190)}${']'.repeat(190)}) { id } }`),
    hostile('selections within selections, fewer', LARGE, `${'{ me '.repeat(190)}{ id }${'}'.repeat(190)}`),
    hostile('more opened than closed', LARGE, '{ me '.repeat(500)),
    hostile('more closed than opened', PARSE, `{ me { id } ${'}'.repeat(500)}`),
    blank('comments', `#${'x'.repeat(99)}\n`),
    blank('empty comments', '#\n'),
    blank('commas', ','),
    blank('blanks', ' '),
    blank('line breaks', '\r\n'),
    blank('byte order marks', '\ufeff'),
    hostile('a name without end', LARGE, `{ ${'a'.repeat(tooLong)} }`),
    hostile('a text without end', LARGE, `{ user(id: "${'a'.repeat(tooLong)}") { id } }`),
    hostile('a block of text without end', LARGE, `{ user(id: """${'a\n'.repeat(tooLong / 2)}""") { id } }`),
    hostile('escapes without end', LARGE, `{ user(id: "${'\\u0041'.repeat(tooLong / 6)}") { id } }`),
    hostile('a number without end', LARGE, `{ organizations(first: ${'9'.repeat(tooLong)}) { nodes { id } } }`),
    hostile('a long number', VALIDATION, `{ organizations(first: ${'9'.repeat(1000)}) { nodes { id } } }`),
    hostile('a number with a long exponent', VALIDATION, '{ organizations(first: 1e999999) { nodes { id } } }'),
    hostile(
      'a number with many digits behind the point',
      VALIDATION,
      `{ organizations(first: 1.${'0'.repeat(1000)}) { nodes { id } } }`,
    ),
    hostile('a number that begins with zeros', PARSE, '{ organizations(first: 0001) { nodes { id } } }'),
    hostile('the same few fields again and again', LARGE, `{ me { ${repeat(120, () => 'id username version')} } }`),
    hostile('the same fields under many names', LARGE, `{ me { ${repeat(200, () => 'a: id b: id c: id')} } }`),
    hostile(
      'many fields a hundred times each',
      VALIDATION,
      `{ me { ${repeat(100, () => repeat(18, (index) => `f${index}`))} } }`,
    ),
    hostile(
      'a field that is given otherwise each time',
      VALIDATION,
      `{ ${repeat(45, (index) => `user(id: ${index}) { id }`)} }`,
    ),
    hostile(
      'a field that is given otherwise each time, deep down',
      VALIDATION,
      `{ channel(id: 1) { ${repeat(40, (index) => `children(first: ${index}) { nodes { children(first: ${index}) { nodes { id } } } }`)} } }`,
    ),
    hostile('unknown fields', VALIDATION, `{ ${repeat(1000, (index) => `f${index}`)} }`),
    hostile('unknown arguments', VALIDATION, `{ user(id: 1 ${repeat(400, (index) => `a${index}: 1`)}) { id } }`),
    hostile('the same argument many times', VALIDATION, `{ user(${repeat(90, () => 'id: 1')}) { id } }`),
    hostile(
      'the same field of an input many times',
      VALIDATION,
      `mutation { login(input: { username: "x" password: "x" ${repeat(90, () => 'username: "x"')} }) { errors { code } } }`,
    ),
  ];
}

/** For each kind of variable, values that are none of it. */
export function valuesOfWrongKinds(): HostileRequest[] {
  const kinds: readonly (readonly [type: string, use: string, wrong: readonly unknown[]])[] = [
    [
      'Int!',
      'organizations(first: $x) { nodes { id } }',
      [null, 'a', '1', 1.5, 2 ** 31, -(2 ** 31) - 1, 1e300, true, [], {}, [1, 2], '9'.repeat(5000)],
    ],
    ['ID!', 'user(id: $x) { id }', [null, 1.5, true, {}, ['1', '2'], [[]], { id: 1 }]],
    ['String!', 'organizationByTag(tag: $x) { id }', [null, 1, 1.5, true, {}, ['a', 'b'], { $ne: null }]],
    [
      'AuditFilterInput',
      'platformAuditLog(filter: $x) { nodes { id } }',
      [
        'a',
        1,
        true,
        ['a'],
        { actions: 'NOTHING' },
        { since: 'yesterday' },
        { since: {} },
        { actorId: {} },
        { unknown: 1 },
        { actions: [['X']] },
        { __proto__x: 1 },
      ],
    ],
    [
      '[Permission!]!',
      'simulateRole(roleId: 1, permissions: $x) { nodes { gained } }',
      [null, 'join', 1, [1], [null], ['JOIN', 'ALL'], [['JOIN']], {}, [{}]],
    ],
    [
      '[AclLineInput!]!',
      'simulateAcl(channelId: 1, acl: $x) { nodes { gained } }',
      [null, 'a', [{}], [{ roleId: 1 }], [{ roleId: 1, permissions: 'X' }], [[{ roleId: 1, permissions: [] }, 1]]],
    ],
  ];
  return kinds.flatMap(([type, use, wrong]) =>
    wrong.map((value) =>
      hostile(`${JSON.stringify(value).slice(0, 40)} for ${type}`, INPUT, `query ($x: ${type}) { ${use} }`, {
        x: value,
      }),
    ),
  );
}

export function variableTricks(): HostileRequest[] {
  const raw = (name: string, code: string, value: string): HostileRequest => ({
    ...{ name, code, body: `{"query":${JSON.stringify(one)},"variables":{"x":${value}}}` },
  });
  const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  const one = 'query ($x: ID!) { user(id: $x) { id } }';
  return [
    hostile('a list of values that does not end', LARGE, one, { x: Array.from({ length: 60_000 }, () => 1) }),
    hostile(
      'values that nobody asked for',
      LARGE,
      one,
      Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`v${index}`, 1])),
    ),
    raw('lists within lists of values', LARGE, deep(5000)),
    raw('lists within lists of values, fewer', INPUT, deep(900)),
    raw('objects within objects of values', LARGE, `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`),
    hostile(
      'many who shall be muted',
      LARGE,
      'mutation ($x: [ID!]!) { muteSessions(input: { sessionIds: $x }) { errors { code } } }',
      { x: Array.from({ length: 20_000 }, (_, index) => index) },
    ),
    hostile('no value for what needs one', INPUT, one),
    hostile('a value under another name', INPUT, one, { y: '1' }),
    {
      name: 'a value for the prototype',
      code: INPUT,
      body: `{"query":${JSON.stringify(one)},"variables":{"__proto__":{"x":"1"}}}`,
    },
    hostile('a variable that is not declared', VALIDATION, '{ user(id: $x) { id } }', { x: '1' }),
    hostile('a variable that is declared twice', VALIDATION, 'query ($x: ID!, $x: ID!) { user(id: $x) { id } }', {
      x: '1',
    }),
    hostile(
      'many variables that nobody uses',
      VALIDATION,
      `query (${repeat(90, (index) => `$v${index}: ID`)}) { me { id } }`,
    ),
    hostile('a variable of an object type', VALIDATION, 'query ($x: User) { user(id: $x) { id } }', { x: {} }),
    hostile('a variable of no type', VALIDATION, 'query ($x: Nothing) { user(id: $x) { id } }', { x: 1 }),
    hostile('a variable of the wrong type', VALIDATION, 'query ($x: Int!) { user(id: $x) { id } }', { x: 1 }),
    hostile('a variable that may be null', VALIDATION, 'query ($x: ID) { user(id: $x) { id } }', { x: '1' }),
    hostile('a default of the wrong kind', VALIDATION, 'query ($x: ID! = { a: 1 }) { user(id: $x) { id } }'),
    hostile('a default that is a variable', PARSE, 'query ($y: ID!, $x: ID! = $y) { user(id: $x) { id } }', { y: '1' }),
    hostile(
      'a password of the wrong kind',
      INPUT,
      'mutation ($x: LoginInput!) { login(input: $x) { errors { code } } }',
      { x: { username: 'admin', password: { $gt: '' } } },
    ),
    hostile(
      'an input with a field too many',
      INPUT,
      'mutation ($x: LoginInput!) { login(input: $x) { errors { code } } }',
      { x: { username: 'a', password: 'a', platformAdmin: true } },
    ),
  ];
}
