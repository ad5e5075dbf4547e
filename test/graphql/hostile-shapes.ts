/** Documents that grow: deep, wide, or in circles. */
import { LIMITS } from '../../src/graphql/limits.js';
import { type HostileRequest, hostile, LARGE, nested, PARSE, repeat, VALIDATION } from './hostile-request.js';

export function depths(): HostileRequest[] {
  const parents = [13, 14, 20, 50, 100, 300].map((depth) =>
    hostile(`${depth} parents deep`, LARGE, `{ channel(id: 1) { ${nested(depth, 'parent', 'id')} } }`),
  );
  const lists = [6, 10, 20].map((depth) =>
    hostile(
      `${depth} lists deep`,
      LARGE,
      `{ channel(id: 1) { ${'children { nodes { '.repeat(depth)} id ${'} } '.repeat(depth)} } }`,
    ),
  );
  const circles = [6, 10, 60].map((depth) =>
    hostile(
      `${depth} times from a user to their organization and back`,
      LARGE,
      `{ me { ${'organization { owner { '.repeat(depth)} id ${'} } '.repeat(depth)} } }`,
    ),
  );
  const chains = [13, 30, 60].map((length) => {
    const links = repeat(length, (index) => `fragment F${index} on Channel { parent { ...F${index + 1} } }`);
    return hostile(
      `${length} fragments that lead into each other`,
      LARGE,
      `{ channel(id: 1) { ...F0 } } ${links} fragment F${length} on Channel { id }`,
    );
  });
  const inline = [13, 40, 120].map((depth) =>
    hostile(
      `${depth} parents deep in inline fragments`,
      LARGE,
      `{ channel(id: 1) { ${'parent { ... on Channel { '.repeat(depth)} id ${'} } '.repeat(depth)} } }`,
    ),
  );
  const mixed = [
    hostile(
      'half of the depth in a fragment',
      LARGE,
      `{ channel(id: 1) { ${nested(7, 'parent', '...F')} } } fragment F on Channel { ${nested(7, 'parent', 'id')} }`,
    ),
    hostile(
      'a deep mutation',
      LARGE,
      `mutation { logout { errors { code } } updateChannel(input: { id: 1 }) { channel { ${nested(14, 'parent', 'id')} } } }`,
    ),
    hostile(
      'depth behind a variable that skips it',
      LARGE,
      `query ($no: Boolean = false) { channel(id: 1) { ${nested(14, 'parent @include(if: $no)', 'id')} } }`,
    ),
  ];
  return [...parents, ...lists, ...circles, ...chains, ...inline, ...mixed];
}

export function aliases(): HostileRequest[] {
  const login = 'login(input: { username: "admin", password: "guess" }) { errors { code } }';
  const sizes = [LIMITS.aliases + 1, 30, 60];
  return [
    ...[...sizes, 300].map((count) =>
      hostile(`${count} aliases of a query`, LARGE, `{ ${repeat(count, (index) => `a${index}: me { id }`)} }`),
    ),
    ...sizes.map((count) =>
      hostile(
        `${count} logins in one document`,
        LARGE,
        `mutation { ${repeat(count, (index) => `a${index}: ${login}`)} }`,
      ),
    ),
    ...sizes.map((count) =>
      hostile(`${count} aliases of a value`, LARGE, `{ me { ${repeat(count, (index) => `a${index}: id`)} } }`),
    ),
    hostile(
      'aliases in a fragment',
      LARGE,
      `{ me { ...F } } fragment F on User { ${repeat(20, (index) => `a${index}: id`)} }`,
    ),
    hostile(
      'aliases in inline fragments',
      LARGE,
      `{ me { ${repeat(20, (index) => `... on User { a${index}: id }`)} } }`,
    ),
    hostile(
      'aliases at every level',
      LARGE,
      `{ a: channel(id: 1) { ${nested(4, 'a: parent', 'b: id c: id d: id e: id')} ${nested(4, 'x: parent', 'b: id c: id d: id')} } }`,
    ),
    hostile('aliases that are called as the field', LARGE, `{ me { ${repeat(20, () => 'id: id')} } }`),
    hostile(
      'aliases behind skipped fields',
      LARGE,
      `{ ${repeat(20, (index) => `a${index}: me @skip(if: true) { id }`)} }`,
    ),
    hostile(
      'refreshes in one document',
      LARGE,
      `mutation { ${repeat(16, (index) => `a${index}: refresh(input: { refreshToken: "${index}" }) { accessToken }`)} }`,
    ),
    hostile(
      'invitations in one document',
      LARGE,
      `mutation { ${repeat(16, (index) => `a${index}: redeemInvitation(input: { code: "${index}", username: "x", password: "password" }) { accessToken }`)} }`,
    ),
  ];
}

export function fragments(): HostileRequest[] {
  const cycle = (length: number, inner: (spread: string) => string) =>
    repeat(length, (index) => `fragment F${index} on Channel { ${inner(`...F${(index + 1) % length}`)} }`);
  const cycles = [1, 2, 3, 10, 100].flatMap((length) => [
    hostile(
      `a circle of ${length} fragments`,
      VALIDATION,
      `{ channel(id: 1) { ...F0 } } ${cycle(length, (spread) => spread)}`,
    ),
    hostile(
      `a circle of ${length} fragments with fields between`,
      length > LIMITS.depth ? LARGE : VALIDATION,
      `{ channel(id: 1) { ...F0 } } ${cycle(length, (spread) => `id parent { ${spread} }`)}`,
    ),
  ]);
  const bombs = [
    [6, 2],
    [12, 2],
    [30, 2],
    [6, 3],
    [20, 4],
  ].map(([length = 0, width = 0]) =>
    hostile(
      `${width} ^ ${length} fields by fragments`,
      LARGE,
      `{ channel(id: 1) { ...F0 } } ${doubling(length, width)}`,
    ),
  );
  const spreads = [14, 20, 30].map((length) => {
    const links = repeat(length, (index) => `fragment F${index} on Organization { ...F${index + 1} ...F${index + 1} }`);
    return hostile(
      `2 ^ ${length} spreads`,
      LARGE,
      `{ organization(id: 1) { ...F0 } } ${links} fragment F${length} on Organization { owner { id } }`,
    );
  });
  const everyEvery = repeat(
    25,
    (index) => `fragment F${index} on User { ${repeat(25, (other) => (other > index ? `...F${other}` : ''))} id }`,
  );
  return [
    ...cycles,
    ...bombs,
    ...spreads,
    hostile('fragments that spread all that follow', LARGE, `{ me { ...F0 } } ${everyEvery}`),
    hostile(
      'a circle through inline fragments',
      VALIDATION,
      '{ me { ...F } } fragment F on User { ... on User { ... { ...F } } }',
    ),
    hostile('a circle that nobody spreads', VALIDATION, '{ me { id } } fragment F on User { ...F }'),
    hostile(
      'a circle beside an operation that is not meant',
      VALIDATION,
      'query A { me { ...F } } query B { me { id } } fragment F on User { ...F }',
    ),
    hostile(
      'fragments that nobody spreads',
      VALIDATION,
      `{ me { id } } ${repeat(40, (index) => `fragment F${index} on User { id }`)}`,
    ),
    hostile('a fragment that there is not', VALIDATION, '{ me { ...Nobody } }'),
    hostile(
      'two fragments of one name',
      VALIDATION,
      '{ me { ...F } } fragment F on User { id } fragment F on User { username }',
    ),
    hostile('a fragment on another type', VALIDATION, '{ me { ...F } } fragment F on Channel { id }'),
    hostile('a fragment on a value', VALIDATION, '{ me { ...F } } fragment F on String { length }'),
    hostile('a fragment on an input', VALIDATION, '{ me { ...F } } fragment F on LoginInput { password }'),
    hostile('a fragment called on', PARSE, '{ me { ...on } } fragment on on User { id }'),
  ];
}

/** Each fragment spreads the next one twice: 2 ^ length fields. */
function doubling(length: number, width: number): string {
  const links = repeat(
    length,
    (index) => `fragment F${index} on Channel { ${repeat(width, (each) => `p${each}: parent { ...F${index + 1} }`)} }`,
  );
  return `${links} fragment F${length} on Channel { id }`;
}

export function directives(): HostileRequest[] {
  const include = '@include(if: true)';
  return [
    ...[LIMITS.directives + 1, 100, 200].map((count) =>
      hostile(`${count} directives`, LARGE, `{ me { ${repeat(count, () => `id ${include}`)} } }`),
    ),
    ...[60, 200].map((count) =>
      hostile(
        `${count} directives by fragments`,
        LARGE,
        `{ me { ${repeat(count, () => `...F ${include}`)} } } fragment F on User { id }`,
      ),
    ),
    hostile(
      'directives within a fragment',
      LARGE,
      `{ me { ...F } } fragment F on User { ${repeat(60, () => `id ${include}`)} }`,
    ),
    hostile('the same directive many times on one field', VALIDATION, `{ me { id ${repeat(20, () => include)} } }`),
    hostile('unknown directives', VALIDATION, `{ me { id ${repeat(20, (index) => `@d${index}`)} } }`),
    hostile(
      'unknown directives on the operation',
      VALIDATION,
      `query ${repeat(20, (index) => `@d${index}`)} { me { id } }`,
    ),
    hostile(
      'unknown directives on a variable',
      VALIDATION,
      `query ($id: ID! ${repeat(20, (index) => `@d${index}`)}) { user(id: $id) { id } }`,
      { id: '1' },
    ),
    hostile('a directive where it cannot be', VALIDATION, `query ${include} { me { id } }`),
    hostile('a directive without its argument', VALIDATION, '{ me { id @include } }'),
    hostile('a directive with a foreign argument', VALIDATION, '{ me { id @include(if: true, unless: false) } }'),
    hostile('parts that are sent later', VALIDATION, `{ me { ... @defer { id } } }`),
    hostile('lists that are sent piece by piece', VALIDATION, `{ organizations(first: 1) { nodes @stream { id } } }`),
  ];
}
