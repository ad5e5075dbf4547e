import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long a program may take to end by itself, in milliseconds. */
const END_MS = 5000;
const KEPT_CHARACTERS = 2000;

/** A program that runs until it is disposed of. */
export class Program implements AsyncDisposable {
  readonly #command: string;
  readonly #process: ChildProcess;
  #lastWords = '';

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#command = command;
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-KEPT_CHARACTERS);
    });
    // Unread output would stop it.
    this.#process.stdout?.resume();
    this.#process.stdin?.on('error', () => undefined);
    this.#process.on('error', (error) => {
      this.#lastWords += error.message;
    });
  }

  /** Throws with the program's last words where it has ended, and is false otherwise. */
  failIfEnded(): false {
    if (!this.#isEnded()) return false;
    throw new Error(`${this.#command} has ended: ${this.#lastWords}`);
  }

  onOutput(take: (chunk: Buffer) => void): void {
    this.#process.stdout?.on('data', take);
  }

  /** Gives it the same bytes again and again, as fast as it takes them. */
  feed(bytes: Buffer): void {
    const { stdin } = this.#process;
    if (stdin === null || this.#isEnded()) return;
    if (stdin.write(bytes)) setImmediate(() => this.feed(bytes));
    else stdin.once('drain', () => this.feed(bytes));
  }

  /** Ends it, by force after five seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isEnded()) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), END_MS);
    await exited;
    clearTimeout(timer);
  }

  /** True also where it could not be started at all. */
  #isEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#process;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }
}
