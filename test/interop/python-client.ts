import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../support/eventually.js';

/** What the second client tells, one JSON line each. */
export interface PythonEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** A command of the second client; `parley_client.py` lists them. */
export interface PythonCommand {
  readonly do: string;
  readonly [field: string]: unknown;
}

/** The client in Python as a process of its own. */
export class PythonClient {
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #said = '';
  #complained = '';

  constructor(interpreter: string) {
    // Without bytecode files beside the sources, and without what a user's environment would change.
    this.#process = spawn(interpreter, ['-B', '-E', '-s', 'test/interop/parley_client.py'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#process, 'close');
    this.#process.stdin?.on('error', () => undefined);
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complained += text;
    });
  }

  tell(command: PythonCommand): void {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  /** The events with a name that were told so far, or all. */
  events(name?: string): readonly PythonEvent[] {
    const lines = this.#said.split('\n').slice(0, -1);
    const all = lines.map((line): PythonEvent => JSON.parse(line));
    return name === undefined ? all : all.filter(({ event }) => event === name);
  }

  /** Waits for an event with the given fields. Fails with what the client said when it ends before. */
  async event(name: string, fields: Readonly<Record<string, unknown>> = {}): Promise<PythonEvent> {
    return eventually(() => {
      const found = this.events(name).find((event) =>
        Object.entries(fields).every(([field, value]) => event[field] === value),
      );
      if (found === undefined && this.#hasExited()) throw new Error(`ended without "${name}": ${this.output}`);
      return found;
    });
  }

  /** All that it said, for a failure's message. */
  get output(): string {
    return `${this.#said}${this.#complained}`;
  }

  /** Waits for the end and returns the exit code. */
  async exitCode(): Promise<number | null> {
    await this.#closed;
    return this.#process.exitCode;
  }

  /** Ends a client that still runs. */
  async kill(): Promise<void> {
    if (!this.#hasExited()) this.#process.kill('SIGKILL');
    await this.#closed;
  }

  #hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}
