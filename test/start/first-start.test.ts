import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LoginDocument, MeDocument } from '../graphql/generated/graphql.js';
import { eventually } from '../support/eventually.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { ask, present } from '../support/test-server.js';
import { processesOf } from './cluster-processes.js';
import { freeServerPorts, type Ports, ServerRun, type ServerRunOptions } from './server-run.js';

jest.setTimeout(300_000);

let parent: TemporaryFolder;
let dataFolder: string;
let ports: Ports;
const runs: ServerRun[] = [];

beforeEach(async () => {
  parent = await TemporaryFolder.make();
  dataFolder = parent.pathOf('data');
  ports = await freeServerPorts();
});
afterEach(async () => {
  for (const run of runs.splice(0)) await run.kill();
  await untilNoProcess();
  await parent[Symbol.asyncDispose]();
});

describe('a server', () => {
  it('says at its first start, and never again, the password with which the administrator logs in', async () => {
    const first = await started();
    const password = present(first.shownPassword);
    const token = await login(first, password);
    expect((await stat(dataFolder)).mode & 0o777).toBe(0o700);
    expect(first.stdout).toContain(`http://127.0.0.1:${ports.http}/graphql`);
    expect(await (await fetch(`${first.url}/health/live`)).json()).toEqual({ status: 'live' });
    const everythingWorks = { status: 'ready', checks: { database: 'up', voice_relay: 'up' } };
    expect(await (await fetch(`${first.url}/health/ready`)).json()).toEqual(everythingWorks);
    const exported = await fetch(`${first.url}/export/audit/platform`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([exported.status, exported.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    expect(await first.terminate()).toBe(0);
    expect(first.complaints).toEqual([]);
    expect(await processesOf(dataFolder)).toEqual([]);

    const second = await started();
    expect(second.shownPassword).toBeUndefined();
    expect(second.stdout).not.toContain(password);
    expect(second.fingerprint).toBe(present(first.fingerprint));
    const me = await ask(second.url, MeDocument, {}, token);
    expect(me.data).toMatchObject({ me: { username: 'admin' } });
    await login(second, password);
  });

  it('takes the password of the first administrator that it is given, and does not show it', async () => {
    const run = await started({ PARLEY_ADMIN_PASSWORD: 'a password from outside' });
    expect(run.shownPassword).toBeUndefined();
    expect(run.stdout).not.toContain('a password from outside');
    await login(run, 'a password from outside');
    expect(await run.terminate()).toBe(0);
  });

  it('shows voice clients the certificate whose fingerprint it said', async () => {
    const run = await started();
    const client = connect({ host: '127.0.0.1', port: ports.control, rejectUnauthorized: false });
    await once(client, 'secureConnect');
    expect(client.getPeerX509Certificate()?.fingerprint256).toBe(run.fingerprint);
    client.destroy();
    await run.kill();
    // The same with a certificate of somebody's own, and HTTPS.
    const files = {
      PARLEY_SECURITY_TLS_CERT: `${dataFolder}/certificate.pem`,
      PARLEY_SECURITY_TLS_KEY: `${dataFolder}/certificate-key.pem`,
    };
    const withTls = start({ ...files, PARLEY_SERVER_HTTP_TLS: 'true' });
    await eventually(() => withTls.stdout.includes('What to do next'));
    expect(withTls.stdout).toContain(`https://127.0.0.1:${ports.http}/graphql`);
    const browser = connect({ host: '127.0.0.1', port: ports.http, rejectUnauthorized: false });
    await once(browser, 'secureConnect');
    expect(browser.getPeerX509Certificate()?.fingerprint256).toBe(run.fingerprint);
    browser.destroy();
  });

  it('tells Prometheus its figures, each with its meaning', async () => {
    await started();
    const text = await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text();
    for (const name of [
      'parley_build_info',
      'parley_sessions',
      'parley_relay_packets_dropped_total',
      'parley_database_duration_seconds_bucket',
      'process_cpu_seconds_total',
    ]) {
      expect(text).toMatch(new RegExp(`^${name}[{ ]`, 'm'));
    }
    const names = text.match(/^(?!#)[a-z0-9_]+/gm) ?? [];
    const explained = new Set(text.match(/(?<=^# HELP )[a-z0-9_]+(?= \S)/gm));
    expect(
      names.filter((name) => !explained.has(name) && !explained.has(name.replace(/_(sum|count|bucket)$/, ''))),
    ).toEqual([]);
  });
});

describe('the end of a server', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s, in the middle of its start, is in order and leaves no process',
    async (signal) => {
      const run = start();
      await eventually(async () => (await readdir(dataFolder).catch((): string[] => [])).includes('postgres'));
      run.signal(signal);
      expect(await run.exitCode()).toBe(0);
      expect(await processesOf(dataFolder)).toEqual([]);
    },
  );

  it('by kill -9 leaves no process, and the next start finds everything', async () => {
    const first = await started();
    const password = present(first.shownPassword);
    await first.kill();
    await untilNoProcess();
    const second = await started();
    await login(second, password);
    expect(second.fingerprint).toBe(first.fingerprint);
  });

  it('of its database is healed', async () => {
    const run = await started();
    const password = present(run.shownPassword);
    for (const { pid } of await processesOf(dataFolder)) process.kill(pid, 'SIGKILL');
    await run.untilReady();
    await login(run, password);
  });

  it('comes when the npm that started it is killed', async () => {
    // A shell is between, as npm has one.
    const command = ['sh', '-c', `${process.execPath} dist/src/main.js; true`] as const;
    const run = start({ npm_lifecycle_event: 'start' }, { command: [...command] });
    await run.untilReady();
    run.signal('SIGKILL');
    await untilGone(run);
  });

  it('comes when the old Node that started it is killed', async () => {
    const script = "import('./dist/src/node-runtime.js').then((m) => m.runUnderInstalledNode('dist/src/main.js', []))";
    const run = start({}, { command: [process.execPath, '-e', script] });
    await run.untilReady();
    run.signal('SIGKILL');
    await untilGone(run);
  });
});

describe('a server that cannot start', () => {
  it('because its data folder is in use says by whom', async () => {
    await started();
    const other = new ServerRun({ dataFolder, ports: await freeServerPorts() });
    runs.push(other);
    expect(await other.exitCode()).toBe(1);
    expect(other.complaints).toEqual([
      expect.stringMatching(/^parley: The data folder .* is in use by another Parley \(process \d+\)/),
    ]);
  });

  it.each([
    ['TCP', 'control'],
    ['TCP', 'http'],
    ['TCP', 'metrics'],
    ['UDP', 'voice'],
    ['TCP', 'mumble'],
    ['UDP', 'mumble'],
  ] as const)('because its %s port for %s is in use says so in one line', async (protocol, name) => {
    await using _taken = await occupy(protocol, ports[name]);
    const run = start();
    expect(await run.exitCode()).toBe(1);
    const line = `parley: ${protocol} port ${ports[name]} at 127.0.0.1 cannot be bound: it is in use.`;
    expect(run.complaints).toEqual([line]);
    expect(run.stdout).not.toContain('What to do next');
    expect(await processesOf(dataFolder)).toEqual([]);
  });

  it('because its database does not answer says so in one line, without the password', async () => {
    const { control: closed } = await freeServerPorts();
    const run = start({ PARLEY_DATABASE_URL: `postgresql://parley:hunter2@127.0.0.1:${closed}/parley` });
    expect(await run.exitCode()).toBe(1);
    expect(run.complaints).toEqual([expect.stringMatching(/^parley: The database is not available: .*ECONNREFUSED/)]);
    expect(run.complaints.join() + run.stdout).not.toContain('hunter2');
  });

  it('because its data folder cannot be made says so in one line', async () => {
    await writeFile(dataFolder, 'a file');
    const run = start();
    expect(await run.exitCode()).toBe(1);
    expect(run.complaints).toEqual([expect.stringMatching(/^parley: The data folder .* cannot be used: /)]);
  });

  it('because of its configuration says everything that is wrong with it', async () => {
    const config = parent.pathOf('server.yaml');
    await writeFile(config, 'server:\n  control_prot: 1\nsecurity:\n  tls_cert: nowhere.pem\n  tls_key: nowhere.pem\n');
    const environment = { PARLEY_LOG_LEVEL: 'loud', PARLEY_ADMIN_PASSWORD: 'short' };
    for (const more of [[], ['--check']]) {
      const run = start(environment, { args: ['--config', config, ...more] });
      expect(await run.exitCode()).toBe(2);
      expect(run.complaints).toEqual([
        expect.stringMatching(/^parley: server\.control_prot is no key /),
        expect.stringMatching(/^parley: log\.level must be one of .* \(PARLEY_LOG_LEVEL\)/),
        expect.stringMatching(/^parley: security\.tls_cert: .*nowhere\.pem cannot be read/),
        expect.stringMatching(/^parley: security\.tls_key: .*nowhere\.pem cannot be read/),
        expect.stringMatching(/^parley: PARLEY_ADMIN_PASSWORD: /),
      ]);
      expect(run.stdout).toBe('');
    }
  });

  it('says OK when only its configuration is looked at, and makes nothing', async () => {
    const run = start({}, { args: ['--check'] });
    expect(await run.exitCode()).toBe(0);
    expect(run.stdout).toBe('OK\n');
    expect(await readdir(parent.path)).toEqual([]);
  });

  it('because of an argument that there is not says so', async () => {
    const run = start({}, { args: ['--nonsense'] });
    expect(await run.exitCode()).toBe(2);
    expect(run.complaints).toEqual(["error: unknown option '--nonsense'"]);
  });
});

function start(environment: Readonly<Record<string, string>> = {}, options: Partial<ServerRunOptions> = {}): ServerRun {
  const run = new ServerRun({ dataFolder, ports, environment, ...options });
  runs.push(run);
  return run;
}

async function started(environment: Readonly<Record<string, string>> = {}): Promise<ServerRun> {
  const run = start(environment);
  await run.untilReady();
  return run;
}

/** Logs the first administrator in, and returns the access token. */
async function login({ url }: ServerRun, password: string): Promise<string> {
  const { data } = await ask(url, LoginDocument, { input: { username: 'admin', password } });
  return present(data?.login?.accessToken);
}

async function untilNoProcess(): Promise<void> {
  await eventually(async () => (await processesOf(dataFolder)).length === 0);
}

/** Waits until a server that was not killed itself has gone. */
async function untilGone({ url }: ServerRun): Promise<void> {
  await eventually(async () => (await fetch(`${url}/health/live`).catch(() => undefined)) === undefined);
  await untilNoProcess();
}

async function occupy(protocol: 'TCP' | 'UDP', port: number): Promise<AsyncDisposable> {
  const holder = protocol === 'TCP' ? createServer() : createSocket('udp4');
  if ('listen' in holder) holder.listen(port, '127.0.0.1');
  else holder.bind(port, '127.0.0.1');
  await once(holder, 'listening');
  return {
    [Symbol.asyncDispose]: async () => {
      holder.close();
      await once(holder, 'close');
    },
  };
}
