import { describe, expect, it } from '@jest/globals';
import { type Import, readSourceFiles, type SourceFile, toSourceFile } from './source-files.js';

/** A claim about the imports of the files that `appliesTo` selects. */
interface Rule {
  readonly claim: string;
  appliesTo(path: string): boolean;
  allows(imported: Import, from: SourceFile): boolean;
}

/** The `parley` command: the one place where the client's commands and the operator's meet. */
const COMMAND = 'src/parley.ts';

const isTest = (path: string) => /\.test\.ts$/.test(path);
const isPure = (path: string) =>
  /^src\/relay\//.test(path) ||
  /^src\/permissions\/(?!insight|.*service)/.test(path) ||
  path === 'src/audit/audit-record.ts' ||
  ['src/ids.ts', 'src/errors.ts', 'src/request-context.ts', 'src/text-rules.ts', 'src/events/domain-event.ts'].includes(
    path,
  );
const isEntity = (path: string) => path.endsWith('.entity.ts');
const isDoor = (path: string) =>
  /\.(resolver|routes)\.ts$/.test(path) || /^src\/(graphql|http|rest|voice|mumble)\//.test(path);

const rules: readonly Rule[] = [
  {
    claim: 'pure code imports only pure code, and node:crypto for ciphers',
    appliesTo: isPure,
    allows: ({ target, internal }) => (internal ? isPure(target) : target === 'node:crypto'),
  },
  {
    claim: 'entities import only entities, pure code and the decorators',
    appliesTo: isEntity,
    allows: ({ target, internal }) =>
      internal
        ? isEntity(target) || isPure(target) || target.startsWith('src/graphql/')
        : /^(@mikro-orm\/|type-graphql$|graphql-scalars$)/.test(target),
  },
  {
    claim: 'resolvers, routes and the voice host reach the database through services only',
    appliesTo: isDoor,
    allows: ({ target, typeOnly }) =>
      !target.startsWith('src/database/') && (typeOnly || !target.startsWith('@mikro-orm/')),
  },
  {
    claim: 'services know no door',
    appliesTo: (path) => path.endsWith('.service.ts'),
    allows: ({ target }) =>
      !/^src\/(graphql|rest|voice|mumble|relay)\//.test(target) &&
      !/\.(resolver|routes)\.ts$/.test(target) &&
      target !== 'express',
  },
  {
    claim: 'the client library shares nothing with the server but the definition of the protocol',
    appliesTo: (path) => path.startsWith('src/client/'),
    allows: ({ target, internal }) => !internal || /^src\/(client|protocol)\//.test(target),
  },
  {
    claim: 'the server does not use the client library',
    appliesTo: (path) => !path.startsWith('src/client/') && path !== COMMAND,
    allows: ({ target }) => !target.startsWith('src/client/'),
  },
  {
    claim: "nobody but the command imports the operator's commands",
    appliesTo: (path) => !path.startsWith('src/admin/') && path !== COMMAND,
    allows: ({ target }) => !target.startsWith('src/admin/'),
  },
  {
    claim: 'only the entry imports the composition root',
    appliesTo: (path) => path !== 'src/main.ts',
    allows: ({ target }) => target !== 'src/server.ts' && target !== 'src/main.ts',
  },
  {
    claim: 'only the composition roots import their parts',
    appliesTo: (path) =>
      !['src/server.ts', 'src/admin/direct-server.ts'].includes(path) && !path.startsWith('src/composition/'),
    allows: ({ target }) => !target.startsWith('src/composition/'),
  },
  {
    claim: 'OpenTelemetry is loaded where traces are wanted, by one import at run time',
    appliesTo: (path) => path !== 'src/tracing/open-telemetry.ts',
    allows: ({ target }, from) =>
      !target.startsWith('@opentelemetry/') &&
      (target !== 'src/tracing/open-telemetry.ts' ||
        from.text.includes("await import('../tracing/open-telemetry.js')")),
  },
  {
    claim: 'the product imports nothing of its tests, scripts and benchmarks',
    appliesTo: () => true,
    allows: ({ target, internal }) => !internal || /^(src|migrations)\//.test(target),
  },
];

describe('the dependency rule', () => {
  const files = readSourceFiles('src').filter((file) => !isTest(file.path));

  it.each(rules)('$claim', (rule) => {
    const broken = files
      .filter((file) => rule.appliesTo(file.path))
      .flatMap((file) =>
        file.imports
          .filter((imported) => !rule.allows(imported, file))
          .map(({ target }) => `${file.path} -> ${target}`),
      );
    expect(broken).toEqual([]);
  });

  it.each(rules)('selects at least one file for: $claim', (rule) => {
    expect(files.some((file) => rule.appliesTo(file.path))).toBe(true);
  });

  it('has no cycle of imports', () => {
    expect(cycles(files)).toEqual([]);
  });

  it('finds a cycle where there is one', () => {
    const pair = [
      toSourceFile('src/a.ts', "import { b } from './b.js';"),
      toSourceFile('src/b.ts', "import {\n  a,\n} from './a.js';"),
    ];
    expect(cycles(pair)).toEqual(['src/a.ts -> src/b.ts -> src/a.ts']);
  });
});

/** Every cycle of imports that remain at run time, each told once from its first file. */
function cycles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const finished = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push([...trail.slice(start), path].join(' -> '));
    if (start >= 0 || finished.has(path)) return;
    for (const { target, internal, typeOnly } of byPath.get(path)?.imports ?? []) {
      if (internal && !typeOnly) visit(target, [...trail, path]);
    }
    finished.add(path);
  };
  for (const file of files) visit(file.path, []);
  return found;
}
