import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { readOggOpus } from '../../src/client/ogg-opus.js';
import { CommandRun } from './command-run.js';

const SAMPLE = 'samples/welcome.opus';
const PASSWORD = 'a password of somebody';
/** The discard port: nobody answers there. */
const DEAD_UDP_PORT = '9';

let server: DemoServer;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-e2e-'));
  server = await DemoServer.start();
  const api = new DemoApi(server.httpUrl);
  await api.login('admin', server.adminPassword);
  const organizationId = await api.createOrganization('Demo', 'demo');
  const roleId = await api.createSpeakerRole(organizationId, 'speaker');
  await api.createUser(organizationId, 'alice', PASSWORD, roleId);
  await api.createUser(organizationId, 'bob', PASSWORD, roleId);
  await api.createChannel(organizationId, 'Campfire');
  await api.createChannel(organizationId, 'Vault', 'open sesame');
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const runs: CommandRun[] = [];
afterEach(async () => {
  for (const run of runs.splice(0)) await run.kill();
});

describe('two people with the command', () => {
  it.each([
    ['by UDP', [], [], 'udp'],
    [
      'through the control connection, where UDP is blocked for the one who talks',
      [],
      ['--udp-port', DEAD_UDP_PORT],
      'tunnel',
    ],
    [
      'through the control connection, where UDP is blocked for both',
      ['--udp-port', DEAD_UDP_PORT],
      ['--udp-port', DEAD_UDP_PORT],
      'tunnel',
    ],
  ])('hear each other byte for byte %s', async (name, listenerOptions, talkerOptions, mode) => {
    const out = join(folder, `${name.length}.opus`);
    const listener = parley('listen', 'bob', ['--out', out, ...listenerOptions]);
    await listener.event('joined');
    const talker = parley('talk', 'alice', [SAMPLE, ...talkerOptions]);
    expect(await talker.event('path')).toMatchObject({ mode });
    expect(await talker.event('joined')).toMatchObject({ channel: 'Campfire', members: ['bob'] });
    expect(await talker.exitCode()).toBe(0);
    expect(await listener.event('speaking')).toMatchObject({ username: 'alice' });
    await listener.event('silent');
    listener.interrupt();
    expect(await listener.exitCode()).toBe(0);

    const sent = (await readOggOpus(SAMPLE)).packets;
    const heard = (await readOggOpus(out)).packets;
    expect(hexOf(heard)).toEqual(hexOf(sent));
    const files = [{ username: 'alice', path: out, packets: sent.length, missingMs: 0 }];
    expect(await listener.event('summary')).toMatchObject({ files });
  });

  it('speak in a channel with a password when they know it', async () => {
    const withPassword = (...password: string[]) =>
      parley('listen', 'bob', ['--out', join(folder, 'vault.opus'), ...password], 'Vault');
    const without = withPassword();
    expect(await without.exitCode()).toBe(1);
    expect(without.stderr).toContain('--channel-password');
    const wrong = withPassword('--channel-password', 'open barley');
    expect(await wrong.exitCode()).toBe(1);
    const right = withPassword('--channel-password', 'open sesame');
    expect(await right.event('joined')).toMatchObject({ channel: 'Vault' });
  });
});

describe('a command that cannot go on', () => {
  it('shows the fingerprint of a certificate that is not the expected one', async () => {
    const run = parley('talk', 'alice', [SAMPLE], 'Campfire', { fingerprint: 'AB'.repeat(32) });
    expect(await run.exitCode()).toBe(3);
    expect(run.stderr).toContain(server.certificateFingerprint);
  });

  it('does not tell a wrong password from an unknown user or organization', async () => {
    const wrong = [
      parley('talk', 'alice', [SAMPLE], 'Campfire', { password: 'another password' }),
      parley('talk', 'nobody', [SAMPLE]),
      parley('talk', 'alice', [SAMPLE], 'Campfire', { organization: 'nowhere' }),
    ];
    expect(await Promise.all(wrong.map((run) => run.exitCode()))).toEqual([1, 1, 1]);
    const [first, ...others] = wrong.map(({ stderr }) => stderr);
    expect(first).toContain('Check --org, --user and the password.');
    expect(others).toEqual([first, first]);
  });

  it('names the channels when there is none of that name', async () => {
    const run = parley('talk', 'alice', [SAMPLE], 'Lounge');
    expect(await run.exitCode()).toBe(1);
    expect(run.stderr).toContain('There is no channel "Lounge". The channels are: ');
    expect(run.stderr).toContain('Campfire');
  });

  it('refuses a token that is none', async () => {
    const target = ['--server', `${server.host}:${server.controlPort}`, '--fingerprint', server.certificateFingerprint];
    const run = start(['talk', ...target, '--token', 'nonsense', '--channel', 'Campfire', SAMPLE]);
    expect(await run.exitCode()).toBe(1);
    expect(run.stderr).toContain('token');
  });
});

describe('npm run demo', () => {
  it('lets two people talk without losing a packet, and cleans up', async () => {
    const demo = spawn(process.execPath, ['dist/scripts/demo.js'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = await Promise.all([text(demo.stdout), once(demo, 'close')]);
    const count = (await readOggOpus(SAMPLE)).packets.length;
    expect(said).toMatch(new RegExp(`│\\s*${count}\\s*│\\s*${count}\\s*│\\s*0\\s*│\\s*${count}\\s*│`));
    expect(demo.exitCode).toBe(0);
  });
});

interface Identity {
  readonly fingerprint?: string;
  readonly password?: string;
  readonly organization?: string;
}

function parley(
  command: 'talk' | 'listen',
  username: string,
  args: readonly string[],
  channel = 'Campfire',
  { fingerprint = server.certificateFingerprint, password = PASSWORD, organization = 'demo' }: Identity = {},
): CommandRun {
  const target = ['--server', `${server.host}:${server.controlPort}`, '--fingerprint', fingerprint];
  const who = ['--org', organization, '--user', username, '--channel', channel];
  return start([command, ...target, ...who, '--json', ...args], { PARLEY_PASSWORD: password });
}

function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): CommandRun {
  const run = new CommandRun(args, environment);
  runs.push(run);
  return run;
}

function hexOf(packets: readonly Uint8Array[]): string[] {
  return packets.map((packet) => Buffer.from(packet).toString('hex'));
}
