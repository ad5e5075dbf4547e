import { readdir, stat } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { CommandRun } from './command-run.js';

// Processes are started, which takes long on a machine that does much else.
jest.setTimeout(180_000);

const PASSWORD = 'a password of somebody';

let folder: TemporaryFolder;
let server: DemoServer;
beforeAll(async () => {
  folder = await TemporaryFolder.make();
  server = await DemoServer.start({ dataFolder: folder.pathOf('data') });
  const api = new DemoApi(server.httpUrl);
  await api.login('admin', server.adminPassword);
  const organizationId = await api.createOrganization('Demo', 'demo');
  const roleId = await api.createSpeakerRole(organizationId, 'speaker');
  await api.createUser(organizationId, 'alice', PASSWORD, roleId);
});
afterAll(async () => {
  await server.stop();
  await folder[Symbol.asyncDispose]();
});

async function parley(dataFolder: string, ...args: readonly string[]) {
  const run = new CommandRun(args, { PARLEY_DATA_DIR: folder.pathOf(dataFolder) });
  return { code: await run.exitCode(), stdout: run.stdout, stderr: run.stderr };
}

async function talks({ host, controlPort: port, certificateFingerprint: fingerprint }: DemoServer): Promise<void> {
  const credentials = { organizationTag: 'demo', username: 'alice', password: PASSWORD };
  const alice = await VoiceClient.connect({ host, port, fingerprint, credentials, clientName: 'test' });
  await alice.close();
}

it('a server is backed up while it runs, and what is restored elsewhere is that server', async () => {
  const file = folder.pathOf('everything.backup');
  const made = await parley('data', 'backup', file);
  expect([made.code, made.stderr]).toEqual([
    0,
    `parley: ${file} holds the hashes of passwords and the keys of the server: keep it as you keep the data folder.\n`,
  ]);
  expect(made.stdout).toContain('holds everything:\n  organizations: 1\n  users: 2\n');
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const looked = await parley('elsewhere', 'restore', file, '--dry-run');
  expect([looked.code, looked.stdout.split('\n')[0]]).toEqual([0, 'Could restore everything:']);
  expect(await readdir(folder.path)).not.toContain('elsewhere');
  expect((await parley('elsewhere', 'restore', file)).code).toBe(0);
  const restored = await DemoServer.start({ dataFolder: folder.pathOf('elsewhere') });
  try {
    expect(restored.certificateFingerprint).toBe(server.certificateFingerprint);
    await new DemoApi(restored.httpUrl).login('admin', server.adminPassword);
    await talks(restored);
  } finally {
    await restored.stop();
  }
  const again = await parley('elsewhere', 'restore', file);
  expect([again.code, again.stderr]).toEqual([
    1,
    'parley: There are organizations already: a backup of everything is restored into an empty database only.\n',
  ]);
});

it('one organization is moved to another server that runs, and its people log in there at once', async () => {
  const file = folder.pathOf('demo.backup');
  expect((await parley('data', 'backup', file, '--organization', 'DEMO', '--json')).code).toBe(0);
  const other = await DemoServer.start({ dataFolder: folder.pathOf('other') });
  try {
    const looked = await parley('other', 'restore', file, '--dry-run', '--json');
    expect(JSON.parse(looked.stdout)).toMatchObject({ restored: false, organization: { tag: 'demo', name: 'Demo' } });
    expect((await parley('other', 'restore', file)).code).toBe(0);
    await talks(other);
    const again = await parley('other', 'restore', file);
    expect([again.code, again.stderr]).toEqual([
      1,
      'parley: There is an organization "demo" already: nothing is restored over it.\n',
    ]);
  } finally {
    await other.stop();
  }
});

it('what is no backup is refused in one line, and makes nothing', async () => {
  const run = await parley('nowhere', 'restore', 'package.json');
  expect([run.code, run.stderr]).toEqual([2, 'parley: package.json is no backup of Parley.\n']);
  expect(await readdir(folder.path)).not.toContain('nowhere');
});
