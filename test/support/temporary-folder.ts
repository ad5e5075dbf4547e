import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of a test's own, private to its owner as `mktemp -d` makes one. Gone, with all in it, when it is disposed. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  static async make(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await realpath(await mkdtemp(join(tmpdir(), 'parley-test-'))));
  }

  private constructor(path: string) {
    this.path = path;
  }

  pathOf(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
