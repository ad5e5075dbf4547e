import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TemporaryFolder } from '../test/support/temporary-folder.js';
import { DataFolder } from './data-folder.js';
import { jwtSecret } from './jwt-secret.js';

let parent: TemporaryFolder;
beforeEach(async () => {
  parent = await TemporaryFolder.make();
});
afterEach(() => parent[Symbol.asyncDispose]());

describe('the data folder', () => {
  it('is made with its parents, for its owner only', async () => {
    const folder = await DataFolder.open(parent.pathOf('a', 'b'));
    expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
    folder.close();
  });

  it('that was made by hand becomes private while it is empty, and is left alone otherwise', async () => {
    for (const [name, file, mode] of [
      ['empty', undefined, 0o700],
      ['used', 'photo.jpg', 0o755],
    ] as const) {
      await mkdir(parent.pathOf(name), { mode: 0o755 });
      if (file !== undefined) await writeFile(parent.pathOf(name, file), '');
      (await DataFolder.open(parent.pathOf(name))).close();
      expect((await stat(parent.pathOf(name))).mode & 0o777).toBe(mode);
    }
  });

  it('has one user at a time', async () => {
    const first = await DataFolder.open(parent.pathOf('data'));
    await expect(DataFolder.open(parent.pathOf('data'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `The data folder ${parent.pathOf('data')} is in use by another Parley (process ${process.pid}): stop that one, or give this one another folder.`,
    });
    first.close();
    (await DataFolder.open(parent.pathOf('data'))).close();
  });

  it('that is a file is refused in one line', async () => {
    await writeFile(parent.pathOf('file'), '');
    for (const path of [parent.pathOf('file'), parent.pathOf('file', 'data')]) {
      await expect(DataFolder.open(path)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/^[^\n]+$/),
      });
    }
  });

  it('into which everybody may write is refused, and of one that others may read it is told', async () => {
    for (const [name, mode] of [
      ['writable', 0o777],
      ['readable', 0o755],
      ['private', 0o700],
    ] as const) {
      await mkdir(parent.pathOf(name));
      await writeFile(parent.pathOf(name, 'used'), '');
      await chmod(parent.pathOf(name), mode);
    }
    await expect(DataFolder.open(parent.pathOf('writable'))).rejects.toMatchObject({
      message: `The data folder ${parent.pathOf('writable')} can be written by everybody: chmod 700 ${parent.pathOf('writable')}`,
    });
    for (const [name, isOpenToOthers] of Object.entries({ readable: true, private: false })) {
      const folder = await DataFolder.open(parent.pathOf(name));
      expect(folder.isOpenToOthers).toBe(isOpenToOthers);
      folder.close();
    }
  });

  it('gives no secret out of a file that others can read', async () => {
    const folder = await DataFolder.open(parent.pathOf('data'));
    await folder.write('secret', 'known to one');
    expect(await folder.readSecret('secret')).toBe('known to one');
    await chmod(folder.pathOf('secret'), 0o640);
    await expect(folder.readSecret('secret')).rejects.toMatchObject({
      message: `${folder.pathOf('secret')} holds a secret and is open to others: chmod 600 ${folder.pathOf('secret')}`,
    });
    folder.close();
  });

  it('keeps files for its owner only, and nothing beside them', async () => {
    const folder = await DataFolder.open(parent.pathOf('data'));
    expect(await folder.read('note')).toBeUndefined();
    await folder.write('note', 'first');
    await folder.write('note', 'second');
    expect(await folder.read('note')).toBe('second');
    expect((await stat(folder.pathOf('note'))).mode & 0o777).toBe(0o600);
    expect((await readdir(folder.path)).sort()).toEqual(['lock', 'note']);
    folder.close();
  });
});

describe('the secret of access tokens', () => {
  it('is the configured one, or is made once', async () => {
    const folder = await DataFolder.open(parent.pathOf('data'));
    expect(await jwtSecret('configured', folder)).toBe('configured');
    expect(await readdir(folder.path)).toEqual(['lock']);
    const made = await jwtSecret(null, folder);
    expect(made).toMatch(/^[\w-]{64}$/);
    expect(await jwtSecret(null, folder)).toBe(made);
    folder.close();
  });

  it('that is cut off is refused', async () => {
    const folder = await DataFolder.open(parent.pathOf('data'));
    await folder.write('jwt-secret', 'short\n');
    await expect(jwtSecret(null, folder)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    folder.close();
  });
});
