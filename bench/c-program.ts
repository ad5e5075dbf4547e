import { type ChildProcess, spawnSync } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Command, spawnMeasured } from './measured-process.js';

/** Compiles one of the C files beside this one. Returns what the compiler said where it could not. */
export function compileC(source: string, output: string, flags: readonly string[] = []): string | null {
  const path = fileURLToPath(new URL(`../../bench/${source}`, import.meta.url));
  const { status, stderr, error } = spawnSync('cc', ['-std=gnu11', '-O2', path, '-o', output, ...flags], {
    encoding: 'utf8',
  });
  return status === 0 ? null : (error?.message ?? stderr);
}

/** A program that says lines of JSON, one for each line that it is told. */
export class LineProgram {
  readonly #process: ChildProcess;
  readonly #lines: Interface;
  readonly #iterator: AsyncIterator<string>;

  /** `cpu` is the processor to stay on, or -1. */
  constructor(command: Command, cpu: number) {
    this.#process = spawnMeasured(command, cpu, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#process.stdout === null) throw new Error(`${command[0]} has no output`);
    this.#lines = createInterface(this.#process.stdout);
    this.#iterator = this.#lines[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The next line that the program says. */
  async answer(): Promise<unknown> {
    const { value, done } = await this.#iterator.next();
    if (done === true) throw new Error(`${this.#process.spawnfile} has ended`);
    return JSON.parse(value);
  }

  async ask(line: string): Promise<unknown> {
    this.#process.stdin?.write(`${line}\n`);
    return this.answer();
  }

  async stop(): Promise<void> {
    const exit = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.stdin?.end();
      this.#process.kill();
      await exit;
    }
    this.#lines.close();
  }
}
