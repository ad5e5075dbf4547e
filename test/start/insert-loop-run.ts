import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../support/eventually.js';
import { processesOf } from './cluster-processes.js';

export interface InsertLoopOptions {
  /** The installation whose compiled script runs. */
  readonly installation?: string;
  /** A command that is put before, `setpriv` say. */
  readonly prefix?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** `insert-loop.ts` as a process of its own, that can be killed with its database. */
export class InsertLoopRun {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #said = '';

  constructor(folder: string, { installation = '.', prefix = [], environment = {} }: InsertLoopOptions = {}) {
    const [file = '', ...args] = [
      ...prefix,
      process.execPath,
      `${installation}/dist/test/start/insert-loop.js`,
      folder,
    ];
    this.#folder = folder;
    this.#process = spawn(file, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#closed = once(this.#process, 'close');
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
  }

  /** What it said, in whole lines. */
  get lines(): readonly string[] {
    return this.#said.split('\n').slice(0, -1);
  }

  /** The numbers whose insert was acknowledged so far. */
  get acknowledged(): readonly number[] {
    return this.lines.map(Number).filter((number) => number > 0);
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  async untilReady(): Promise<void> {
    await this.untilSaid('ready');
  }

  async untilSaid(line: string): Promise<void> {
    await eventually(() => {
      if (this.lines.includes(line)) return true;
      if (this.hasEnded) throw new Error(`it ended without "${line}": ${this.#said}`);
      return false;
    });
  }

  /** Waits for so many inserts more than there are. */
  async untilMoreInserts(count: number): Promise<void> {
    const target = this.acknowledged.length + count;
    await eventually(() => this.acknowledged.length >= target);
  }

  /** Kills this process alone, at once. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Kills PostgreSQL's main process, or with it all of its processes, at once. */
  async killPostgres(which: 'postmaster' | 'all'): Promise<void> {
    const processes = await processesOf(this.#folder);
    for (const { pid, isPostmaster } of processes) {
      if (which === 'all' || isPostmaster) killIfAlive(pid);
    }
  }

  /** Ends it in order, or waits until it has ended. Returns the exit code, null after a signal. */
  async end(): Promise<number | null> {
    if (!this.hasEnded) this.#process.kill('SIGTERM');
    return this.exitCode();
  }

  async exitCode(): Promise<number | null> {
    await this.#closed;
    return this.#process.exitCode;
  }
}

/** A child may have followed its parent already. No `instanceof`: the runtime's errors are of another realm here. */
function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
