import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { buildSchema, parse, validate } from 'graphql';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { API_OPERATIONS } from '../../src/admin/api-operations.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { LoginDocument } from '../graphql/generated/graphql.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { ask } from '../support/test-server.js';
import { selfSigned } from '../voice/self-signed.js';
import { CommandRun } from './command-run.js';

// Processes are started, which takes long on a machine that does much else.
jest.setTimeout(180_000);

const PASSWORD = 'a password of somebody';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await TemporaryFolder.make();
});
afterEach(async () => {
  await folder[Symbol.asyncDispose]();
});

/** Runs `parley admin` to its end, with a file of credentials of the test's own. */
async function admin(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const run = new CommandRun(['admin', ...args], { PARLEY_CREDENTIALS: folder.pathOf('login.json'), ...environment });
  return { code: await run.exitCode(), stdout: run.stdout, stderr: run.stderr };
}

/** What a command answers with `--json`. */
async function answer(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { code, stdout, stderr } = await admin([...args, '--json'], environment);
  if (code !== 0) throw new Error(`${code}: ${stderr}`);
  return JSON.parse(stdout);
}

describe('an operator of a running server', () => {
  let server: DemoServer;
  let organizationId: string;
  beforeAll(async () => {
    server = await DemoServer.start();
    const api = new DemoApi(server.httpUrl);
    await api.login('admin', server.adminPassword);
    organizationId = await api.createOrganization('Demo', 'demo');
    const roleId = await api.createSpeakerRole(organizationId, 'speaker');
    for (const name of ['alice', 'bob']) await api.createUser(organizationId, name, PASSWORD, roleId);
  });
  afterAll(() => server.stop());

  const login = () => answer(['login', '--url', server.httpUrl], { PARLEY_PASSWORD: server.adminPassword });

  function enter(username: string, password = PASSWORD): Promise<VoiceClient> {
    const credentials = { organizationTag: 'demo', username, password };
    const { host, controlPort: port, certificateFingerprint: fingerprint } = server;
    return VoiceClient.connect({ host, port, fingerprint, credentials, clientName: 'test' });
  }

  it('logs in once: the login is remembered for its owner only, and is renewed when it is over', async () => {
    expect(await login()).toEqual({ url: server.httpUrl, username: 'admin' });
    const file = folder.pathOf('login.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const remembered = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...remembered, accessToken: 'over', expiresAtMs: 0 }));
    expect(await answer(['sessions'])).toEqual([]);
    expect(JSON.parse(await readFile(file, 'utf8')).refreshToken).not.toBe(remembered.refreshToken);
    expect((await admin(['logout'])).code).toBe(0);
    const after = await admin(['sessions', '--url', server.httpUrl]);
    expect([after.code, after.stderr]).toEqual([
      2,
      `parley: Nobody is logged in at ${server.httpUrl}: run "parley admin login" first.\n`,
    ]);
  });

  it('is told in one line that the password is wrong', async () => {
    const { code, stderr } = await admin(['login', '--url', server.httpUrl], { PARLEY_PASSWORD: 'not the password' });
    expect([code, stderr]).toEqual([1, 'parley: The organization, the username or the password is wrong.\n']);
  });

  it('lists sessions, kicks one of them, and is told of those that are not there', async () => {
    await login();
    const alice = await enter('alice');
    const id = String(alice.identity.sessionId);
    const ended = new Promise((resolve) => alice.once('disconnect', resolve));
    const [session] = Array.from(Object(await answer(['sessions', '--org', 'DEMO'])));
    expect(session).toMatchObject({
      id,
      organization: 'demo',
      user: 'alice',
      client: 'test',
      door: 'voice',
      channels: [],
    });
    const { stdout } = await admin(['sessions']);
    expect(stdout.split('\n').map((line) => line.split('\t').slice(0, 3))).toEqual([
      ['session', 'organization', 'user'],
      [id, 'demo', 'alice'],
      [''],
    ]);
    const { code, stdout: told } = await admin(['kick', id, '1', '--reason', 'a test', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(told)).toEqual([
      { sessionId: id, done: true, code: null, message: null },
      { sessionId: '1', done: false, code: 'NOT_FOUND', message: 'There is no such session.' },
    ]);
    await ended;
    expect(await answer(['sessions'])).toEqual([]);
  });

  it('resets a password, after which the old one is worth nothing', async () => {
    await login();
    const made = Object(await answer(['reset-password', 'bob', '--org', 'demo', '--generate']));
    await expect(enter('bob')).rejects.toThrow();
    await (await enter('bob', String(made.password))).close();
    const unknown = await admin(['reset-password', 'nobody', '--org', 'demo', '--generate']);
    expect([unknown.code, unknown.stderr]).toEqual([1, 'parley: There is no user "nobody" in demo.\n']);
    const short = await admin(['reset-password', 'bob', '--org', 'demo'], { PARLEY_NEW_PASSWORD: 'short' });
    expect([short.code, short.stderr.split('\n').length]).toEqual([1, 2]);
  });

  it('is told how the server is, as text and as JSON', async () => {
    await login();
    expect((await admin(['status'])).stdout).toContain('database: up');
    expect(await answer(['status'])).toMatchObject({
      status: 'ready',
      sessions: 0,
      organizations: [{ tag: 'demo', sessions: 0 }],
    });
    const away = await admin(['status', '--url', 'http://127.0.0.1:9'], { PARLEY_TOKEN: 'any' });
    expect([away.code, away.stderr]).toEqual([
      3,
      'parley: http://127.0.0.1:9 does not answer: nobody listens there.\n',
    ]);
  });

  it('is told that a server alone has no other to drain to', async () => {
    await login();
    expect(await answer(['nodes'])).toEqual([]);
    const refused = await admin(['drain', 'other']);
    expect([refused.code, refused.stderr]).toEqual([1, 'parley: There is no node "other". The nodes are: none.\n']);
  });

  it('has what the login may not do refused in one line', async () => {
    const environment = { PARLEY_PASSWORD: PASSWORD };
    await admin(['login', '--url', server.httpUrl, '--org', 'demo', '--user', 'alice'], environment);
    const { code, stderr } = await admin(['reset-password', 'bob', '--org', 'demo', '--generate']);
    expect([code, stderr]).toEqual([1, 'parley: This needs MANAGE in the organization.\n']);
  });
});

describe('an operator of a server with HTTPS', () => {
  it('accepts the certificate that was named, and sends nothing to who shows another', async () => {
    const server = await DemoServer.start({
      environment: { PARLEY_SERVER_HTTP_TLS: 'true', NODE_TLS_REJECT_UNAUTHORIZED: '1' },
      isReady: (said) => said.includes('What to do next'),
    });
    try {
      const url = server.httpUrl.replace('http:', 'https:');
      const environment = { PARLEY_PASSWORD: server.adminPassword };
      const untrusted = await admin(['login', '--url', url], environment);
      expect([untrusted.code, untrusted.stderr]).toEqual([3, expect.stringContaining('log in with --fingerprint')]);
      await answer(['login', '--url', url, '--fingerprint', server.certificateFingerprint], environment);
      expect(await answer(['sessions'])).toEqual([]);
    } finally {
      await server.stop();
    }
  });

  it('tells no password to a server with another certificate', async () => {
    let received = 0;
    const other = createServer(await selfSigned(), (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        received += chunk.length;
      });
    });
    other.listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const port = Object(other.address()).port;
    const args = ['login', '--url', `https://127.0.0.1:${port}`, '--fingerprint', 'AB'.repeat(32)];
    const { code, stderr } = await admin(args, { PARLEY_PASSWORD: PASSWORD });
    expect([code, stderr]).toEqual([3, expect.stringContaining('shows another certificate')]);
    expect(received).toBe(0);
    other.close();
  });
});

describe('an operator of a server that is down', () => {
  it('makes the first admin, whose password can be reset while the server is down, and not while it runs', async () => {
    const dataFolder = folder.pathOf('data');
    const environment = { PARLEY_DATA_DIR: dataFolder };
    expect(await answer(['create-admin'], { ...environment, PARLEY_NEW_PASSWORD: 'the first password' })).toEqual({
      username: 'admin',
    });
    const again = await admin(['create-admin'], environment);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('There is a platform admin already')]);
    const made = Object(await answer(['reset-password', 'admin', '--generate', '--database'], environment));
    expect(await answer(['status', '--database'], environment)).toMatchObject({
      status: 'down',
      migrations: { pending: [] },
      counts: { organizations: 0, users: 1 },
    });

    const server = await DemoServer.start({ dataFolder });
    const refused = await admin(['reset-password', 'admin', '--generate', '--database'], environment);
    const { data } = await ask(server.httpUrl, LoginDocument, {
      input: { username: 'admin', password: String(made.password) },
    });
    await server.stop();
    expect(data?.login?.accessToken).toEqual(expect.any(String));
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/^parley: A server uses .* \(process \d+\): stop it first, or leave out --database .*\n$/),
    ]);
  });

  it('sees the SQL of the migrations before they run, and nothing is changed by looking', async () => {
    const environment = { PARLEY_DATA_DIR: folder.pathOf('data') };
    const looked = await admin(['migrations', '--dry-run'], environment);
    expect(looked.stdout).toMatch(/^-- Migration20261124160657_initial\ncreate table "organizations"/);
    expect(await answer(['status', '--database'], environment)).toMatchObject({ migrations: { applied: [] } });
    const { applied } = Object(await answer(['migrations'], environment));
    expect(applied[0]).toBe('Migration20261124160657_initial');
    expect((await admin(['migrations', '--dry-run'], environment)).stdout).toBe('-- Nothing is missing.\n');
  });

  it('is told all that is wrong with the configuration', async () => {
    const config = folder.pathOf('server.yaml');
    await writeFile(config, 'server:\n  control_port: 0\n');
    const wrong = await admin(['check-config', '--config', config], { PARLEY_LOG_LEVEL: 'loud' });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr.split('\n')).toEqual([
      expect.stringMatching(/^parley: server\.control_port /),
      expect.stringMatching(/^parley: log\.level /),
      '',
    ]);
    expect((await admin(['check-config'])).stdout).toBe('OK\n');
  });
});

describe("the operator's commands", () => {
  it('ask the API for what is in the schema', async () => {
    const schema = buildSchema(await readFile('schema.graphql', 'utf8'));
    expect(API_OPERATIONS.flatMap(({ text }) => validate(schema, parse(text)))).toEqual([]);
  });
});
