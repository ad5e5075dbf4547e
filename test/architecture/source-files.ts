/** The project's TypeScript files and what each imports, read as text. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Import {
  /** The path from the repository's root (`src/ids.ts`) for a file of the project, otherwise the package or `node:` name. */
  readonly target: string;
  readonly internal: boolean;
  /** Erased by the compiler: `import type` or `export type`. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Reads all `.ts` files below the given folders of the repository, generated ones left out. */
export function readSourceFiles(...folders: readonly string[]): readonly SourceFile[] {
  return folders
    .flatMap((folder) => typescriptFiles(join(repositoryRoot, folder)))
    .map((file) => toSourceFile(relative(repositoryRoot, file).split('\\').join('/'), readFileSync(file, 'utf8')))
    .filter((file) => !file.path.includes('/generated/'));
}

/** Parses one file's text; `path` is from the repository's root. */
export function toSourceFile(path: string, text: string): SourceFile {
  const code = withoutComments(text);
  const declarations = [...code.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm)];
  const dynamic = [...code.matchAll(/\bimport\(\s*'([^']+)'/g)];
  return {
    path,
    text,
    imports: [
      ...declarations.map((match) => toImport(path, match[2] ?? '', match[1] !== undefined)),
      ...dynamic.map((match) => toImport(path, match[1] ?? '', false)),
    ],
  };
}

/** The code of a file without its comments, so that words in prose are not taken for code. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/^\s*\/\/.*$/gm, ' ');
}

function toImport(from: string, specifier: string, typeOnly: boolean): Import {
  if (!specifier.startsWith('.')) return { target: specifier, internal: false, typeOnly };
  return {
    target: posix.normalize(posix.join(posix.dirname(from), specifier)).replace(/\.js$/, '.ts'),
    internal: true,
    typeOnly,
  };
}

function typescriptFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
