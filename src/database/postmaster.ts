import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.js';
import type { PostgresAccount } from './postgres-account.js';
import { asPostgres } from './postgres-command.js';

export interface PostmasterOptions {
  /** The program, by absolute path. */
  readonly postgres: string;
  readonly clusterFolder: string;
  readonly account: PostgresAccount;
  readonly settings: Readonly<Record<string, string | number>>;
  /** Is given what PostgreSQL writes to its log. */
  readonly onOutput: (chunk: Uint8Array) => void;
}

/** A crash recovery reads at most a gigabyte of log. */
const READY_TIMEOUT_MS = 120_000;
const READY_POLL_MS = 10;
/** The parts of an orderly end, in milliseconds: rolling back and writing out, then giving up on that. */
const FAST_STOP_MS = 6000;
const IMMEDIATE_STOP_MS = 1000;
/** The line of `postmaster.pid` that tells how far a start has come. */
const STATUS_LINE = 7;
const KEPT_OUTPUT_CHARACTERS = 4000;

/** One run of PostgreSQL's main process, a child of this one. */
export class Postmaster {
  readonly #process: ChildProcess;
  readonly #clusterFolder: string;
  readonly #exited: Promise<void>;
  #hasExited = false;
  #lastWords = '';
  #spawnError: Error | undefined;

  /** Starts it. It takes connections after {@link untilReady}. */
  constructor({ postgres, clusterFolder, account, settings, onOutput }: PostmasterOptions) {
    this.#clusterFolder = clusterFolder;
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const [file, ...rest] = asPostgres([postgres, '-D', clusterFolder, ...args], account, 'SIGINT');
    // In a session of its own: Ctrl-C in a terminal is for Parley, which says goodbye before the database goes.
    const child = spawn(file, rest, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString('utf8')).slice(-KEPT_OUTPUT_CHARACTERS);
      onOutput(chunk);
    });
    this.#process = child;
    this.#exited = new Promise((resolve) => {
      const end = (error?: Error) => {
        this.#spawnError = error;
        this.#hasExited = true;
        resolve();
      };
      child.once('error', end);
      // With the output read to its end, which may tell the reason.
      child.once('exit', () => setImmediate(end));
    });
  }

  /** Resolves when it has ended, for whatever reason. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /** Why it ended, in one line: its own words where it said some. */
  get reason(): string {
    if (this.#spawnError !== undefined) return reasonOfSpawn(this.#spawnError);
    const lines = this.#lastWords.split('\n');
    const fatal = lines.findLastIndex((line) => /\b(FATAL|PANIC): /.test(line));
    const words = lines.slice(fatal, fatal + 2).map((line) => /\b(?:FATAL|PANIC|DETAIL): +(.*)/.exec(line)?.[1]);
    const said = fatal < 0 ? lines.findLast((line) => line.trim() !== '') : words.filter(Boolean).join(' ');
    const { exitCode, signalCode } = this.#process;
    return said ?? (signalCode === null ? `it ended with ${exitCode}` : `it was ended by ${signalCode}`);
  }

  /** Throws AppError UNAVAILABLE, in one line, where it ends instead, or takes longer than two minutes. */
  async untilReady(): Promise<void> {
    for (let waitedMs = 0; waitedMs < READY_TIMEOUT_MS; waitedMs += READY_POLL_MS) {
      if (this.#hasExited) throw new AppError('UNAVAILABLE', `The database does not start: ${this.reason}`);
      if (await this.#isReady()) return;
      await Promise.race([sleep(READY_POLL_MS), this.#exited]);
    }
    throw new AppError('UNAVAILABLE', `The database was not ready within ${READY_TIMEOUT_MS / 1000} s.`);
  }

  /** Ends it within 8 s: in order, or by force, which loses nothing that was committed either. */
  async stop(): Promise<void> {
    const steps = [
      { signal: 'SIGINT', withinMs: FAST_STOP_MS },
      { signal: 'SIGQUIT', withinMs: IMMEDIATE_STOP_MS },
      { signal: 'SIGKILL', withinMs: IMMEDIATE_STOP_MS },
    ] as const;
    for (const { signal, withinMs } of steps) {
      if (this.#hasExited) return;
      this.#process.kill(signal);
      await Promise.race([this.#exited, sleep(withinMs, undefined, { ref: false })]);
    }
  }

  async #isReady(): Promise<boolean> {
    const file = await readFile(join(this.#clusterFolder, 'postmaster.pid'), 'utf8').catch(() => '');
    const lines = file.split('\n');
    // The file of a former run stays until this one writes its own. The shell and setpriv have kept their process id.
    return lines[0] === String(this.#process.pid) && lines[STATUS_LINE]?.trim() === 'ready';
  }
}

function reasonOfSpawn(error: Error): string {
  return 'code' in error && error.code === 'ENOENT'
    ? 'the command "setpriv" is missing: install util-linux.'
    : error.message;
}
