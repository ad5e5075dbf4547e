import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../scripts/free-port.js';
import { type Command, spawnMeasured } from './measured-process.js';
import { BenchMumble } from './mumble-crowd.js';

const PROGRAMS = ['murmurd', 'mumble-server'];
const ACCOUNT = 'mumble-server';
const PASSWORD = 'bench';
const START_TIMEOUT_MS = 20_000;
const POLL_MS = 100;

/** Debian's Mumble server, on a free port and a folder of its own. */
export class Murmur {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  /** The program, or undefined where it is not installed. */
  static find(): string | undefined {
    return PROGRAMS.find((name) => spawnSync(name, ['-version'], { stdio: 'ignore' }).error === undefined);
  }

  /** Starts it on one processor, or on any where `cpu` is -1, and makes channels. */
  static async start(program: string, channels: readonly string[], cpu: number): Promise<Murmur> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-bench-murmur-'));
    const [port = 0] = await freePorts(1);
    const settings = join(folder, 'murmur.ini');
    await writeFile(settings, settingsOf(folder, port));
    const account = await accountOf(folder);
    spawnSync(account[0] ?? program, [...account.slice(1), program, '-ini', settings, '-supw', PASSWORD], {
      stdio: 'ignore',
    });
    const [first = program, ...rest] = [...account, program, '-fg', '-ini', settings];
    const command: Command = [first, ...rest];
    const murmur = new Murmur(spawnMeasured(command, cpu, { stdio: 'ignore' }), folder, port);
    try {
      await murmur.#untilOpen();
      const admin = await BenchMumble.logIn(port, '127.0.0.1', { username: 'SuperUser', password: PASSWORD }, true);
      for (const name of channels) await admin.makeChannel(name);
      await admin.leave();
      return murmur;
    } catch (error) {
      await murmur.stop();
      throw error;
    }
  }

  private constructor(process: ChildProcess, folder: string, port: number) {
    this.#process = process;
    this.#folder = folder;
    this.port = port;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exited = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await exited;
    }
    await rm(this.#folder, { recursive: true });
  }

  async #untilOpen(): Promise<void> {
    for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_MS) {
      const socket = connect(this.port, '127.0.0.1');
      const isOpen = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      socket.destroy();
      if (isOpen) return;
      await sleep(POLL_MS);
    }
    throw new Error('Murmur has not opened its port');
  }
}

/** What runs a program as the account that Debian made for it: it does not like to be root. */
async function accountOf(folder: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  const { stdout } = spawnSync('id', ['-u', ACCOUNT], { encoding: 'utf8' });
  const group = spawnSync('id', ['-g', ACCOUNT], { encoding: 'utf8' }).stdout;
  await chown(folder, Number(stdout), Number(group));
  return ['setpriv', '--reuid', ACCOUNT, '--regid', ACCOUNT, '--clear-groups'];
}

/** Without these a bench would measure a limit. */
function settingsOf(folder: string, port: number): string {
  const settings = {
    database: join(folder, 'murmur.sqlite'),
    logfile: join(folder, 'murmur.log'),
    pidfile: join(folder, 'murmur.pid'),
    host: '127.0.0.1',
    port,
    users: 2000,
    bandwidth: 512_000,
    bonjour: false,
    autobanAttempts: 0,
    opusthreshold: 0,
    messagelimit: 10_000,
    messageburst: 10_000,
    channelcountlimit: 0,
    logdays: -1,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
