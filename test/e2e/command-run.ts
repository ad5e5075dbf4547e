import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../support/eventually.js';

/** What a command tells with `--json`. */
export interface CommandEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** The `parley` command as a process of its own, as people run it. */
export class CommandRun {
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(process.execPath, ['bin/parley.js', ...args], {
      env: { ...process.env, ...environment },
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

  get stderr(): string {
    return this.#stderr;
  }

  /** The events told so far; a line that is not whole yet is left out. */
  get events(): readonly CommandEvent[] {
    const lines = this.#stdout.split('\n').slice(0, -1);
    return lines.map((line): CommandEvent => JSON.parse(line));
  }

  /** Waits for an event. Fails with what the command said when it ends before. */
  async event(name: string): Promise<CommandEvent> {
    return eventually(() => {
      const found = this.events.find(({ event }) => event === name);
      if (found === undefined && this.#hasExited())
        throw new Error(`ended without "${name}": ${this.#stdout}${this.#stderr}`);
      return found;
    });
  }

  interrupt(): void {
    this.#process.kill('SIGINT');
  }

  /** Waits for the end and returns the exit code; null after a signal that was not handled. */
  async exitCode(): Promise<number | null> {
    await this.#closed;
    return this.#process.exitCode;
  }

  /** Ends a command that still runs. */
  async kill(): Promise<void> {
    if (!this.#hasExited()) this.#process.kill('SIGKILL');
    await this.#closed;
  }

  #hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}
