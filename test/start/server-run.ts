import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../scripts/free-port.js';

const HOST = '127.0.0.1';
/** Long enough for a machine that does much else. */
const START_TIMEOUT_MS = 120_000;
const POLL_MS = 50;

/** Numbers that were free a moment ago. */
export interface Ports {
  readonly control: number;
  readonly voice: number;
  readonly http: number;
  readonly metrics: number;
  readonly mumble: number;
}

export async function freeServerPorts(): Promise<Ports> {
  const [control = 0, http = 0, metrics = 0, voice = 0, mumble = 0] = await freePorts(5);
  return { control, http, metrics, voice, mumble };
}

export interface ServerRunOptions {
  readonly dataFolder: string;
  readonly ports: Ports;
  readonly environment?: Readonly<Record<string, string>>;
  /** In place of Node and the entry. */
  readonly command?: readonly [string, ...string[]];
  readonly args?: readonly string[];
}

/** The built entry as a process of its own. */
export class ServerRun {
  readonly ports: Ports;
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #stdout = '';
  #stderr = '';

  constructor({ dataFolder, ports, environment = {}, command = ENTRY, args = [] }: ServerRunOptions) {
    const [file, ...rest] = command;
    this.ports = ports;
    this.#process = spawn(file, [...rest, ...args], {
      env: {
        PATH: process.env.PATH,
        PARLEY_DATA_DIR: dataFolder,
        PARLEY_SERVER_BIND_ADDRESS: HOST,
        PARLEY_SERVER_CONTROL_PORT: String(ports.control),
        PARLEY_SERVER_VOICE_PORT: String(ports.voice),
        PARLEY_SERVER_HTTP_PORT: String(ports.http),
        PARLEY_METRICS_PORT: String(ports.metrics),
        PARLEY_MUMBLE_PORT: String(ports.mumble),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#process, 'close');
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** What it complained of, in lines. */
  get complaints(): readonly string[] {
    return this.#stderr.split('\n').filter((line) => line !== '');
  }

  get url(): string {
    return `http://${HOST}:${this.ports.http}`;
  }

  get fingerprint(): string | undefined {
    return /\b(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\b/.exec(this.#stdout)?.[0];
  }

  /** The password in the banner, or undefined where it shows none. */
  get shownPassword(): string | undefined {
    return /with the password\n\n\s+(\S+)\n/.exec(this.#stdout)?.[1];
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Waits until everything works. Fails with its last words where it ends before. */
  async untilReady(): Promise<void> {
    for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_MS) {
      if (this.hasEnded) throw new Error(`it ended at its start: ${this.#stdout}${this.#stderr}`);
      const answer = await fetch(`${this.url}/health/ready`).catch(() => undefined);
      if (answer?.ok === true && this.#stdout.includes('What to do next')) return;
      await sleep(POLL_MS);
    }
    throw new Error(`it was not ready in time: ${this.#stdout}${this.#stderr}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Waits for the end and returns the exit code; null after a signal that was not handled. */
  async exitCode(): Promise<number | null> {
    await this.#closed;
    return this.#process.exitCode;
  }

  /** Ends it as an operator does, and returns the exit code. */
  async terminate(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.exitCode();
  }

  /** Kills it alone, if it still runs. */
  async kill(): Promise<void> {
    if (!this.hasEnded) this.signal('SIGKILL');
    await this.#closed;
  }
}

const ENTRY = [process.execPath, 'dist/src/main.js'] as const satisfies readonly [string, ...string[]];
