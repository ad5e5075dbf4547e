import { describe, expect, it } from '@jest/globals';
import { readSourceFiles, type SourceFile, withoutComments } from './source-files.js';

/** The longest file, in lines: beyond it a file does more than one thing. */
const MAX_LINES = 450;
const READERS_OF_ENVIRONMENT = ['src/main.ts', 'src/parley.ts'];

const product = readSourceFiles('src', 'scripts', 'bench');
const everything = [...product, ...readSourceFiles('test', 'migrations')];

describe('the house rules', () => {
  it(`keeps files of the product under ${MAX_LINES} lines`, () => {
    const long = product.filter(({ text }) => text.split('\n').length > MAX_LINES);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('has no drawer for what belongs nowhere', () => {
    const drawers = everything.filter(({ path }) => /(^|\/)(utils?|helpers?|common|misc|index)(\/|\.ts$)/.test(path));
    expect(drawers.map(({ path }) => path)).toEqual([]);
  });

  it('reads the environment only at the entries', () => {
    const readers = matching(readSourceFiles('src'), /\bprocess\.env\b/).filter(
      (path) => !READERS_OF_ENVIRONMENT.includes(path) && !path.endsWith('.test.ts'),
    );
    expect(readers).toEqual([]);
  });

  it('keeps clocks, timers, promises and output out of the relay core', () => {
    const core = readSourceFiles('src/relay').filter(({ path }) => !path.endsWith('.test.ts'));
    const impure =
      /\b(Date\.now|new Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|nextTick|Promise|async|await|console|Math\.random|randomBytes|randomInt)\b/;
    expect(matching(core, impure)).toEqual([]);
  });

  it('hands fields their object as it is, without the copy that @Root makes', () => {
    expect(matching(readSourceFiles('src'), /@Root\(/)).toEqual([]);
  });

  it('has no hole in the types', () => {
    const holes = /\bas any\b|: any\b|<any>|\bas unknown as\b|@ts-(ignore|expect-error|nocheck)|biome-ignore/;
    const checked = everything.filter(({ path }) => !path.startsWith('test/architecture/'));
    expect(matching(checked, holes, (text) => text)).toEqual([]);
  });

  it('leaves no test that does not run and no work for later', () => {
    const leftovers = /\b(it|test|describe)\.(skip|only|todo)\b|\bx(it|describe)\(|\b(TODO|FIXME|XXX|HACK)\b/;
    const checked = everything.filter(({ path }) => !path.startsWith('test/architecture/'));
    expect(matching(checked, leftovers, (text) => text)).toEqual([]);
  });
});

function matching(files: readonly SourceFile[], pattern: RegExp, read = withoutComments): string[] {
  return files.filter(({ text }) => pattern.test(read(text))).map(({ path }) => path);
}
