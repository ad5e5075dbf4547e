import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { DemoServer } from '../../scripts/demo-server.js';
import { CommandRun } from '../e2e/command-run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { TestRedis } from '../support/test-redis.js';

// Processes are started, which takes long on a machine that does much else.
jest.setTimeout(180_000);

let folder: TemporaryFolder;
let redis: TestRedis;
let server: DemoServer;
beforeAll(async () => {
  folder = await TemporaryFolder.make();
  redis = await TestRedis.start();
  server = await DemoServer.start({ environment: { PARLEY_REDIS_URL: redis.url, PARLEY_CLUSTER_NAME: 'first' } });
});
afterAll(async () => {
  await server.stop();
  await redis.stop();
  await folder[Symbol.asyncDispose]();
});

async function admin(...args: readonly string[]) {
  const environment = { PARLEY_CREDENTIALS: folder.pathOf('login.json'), PARLEY_PASSWORD: server.adminPassword };
  const run = new CommandRun(['admin', ...args, '--json'], environment);
  const code = await run.exitCode();
  return { code, answer: code === 0 ? JSON.parse(run.stdout) : undefined, stderr: run.stderr };
}

it('the operator lists the nodes, and is told by the server why the only one cannot be drained', async () => {
  await admin('login', '--url', server.httpUrl);
  const { answer } = await admin('nodes');
  expect(answer).toMatchObject([{ name: 'first', draining: false, sessions: 0 }]);
  const refused = await admin('drain', 'first', '--reason', 'an upgrade');
  expect([refused.code, refused.stderr]).toEqual([
    1,
    'parley: No other node is open: the sessions of this one would have nowhere to go.\n',
  ]);
  expect((await admin('drain', '--undo')).answer).toEqual({ node: 'first', draining: false, sessions: 0 });
});
