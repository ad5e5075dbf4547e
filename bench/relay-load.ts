import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LineProgram } from './c-program.js';

const loadResult = z.object({
  windowMs: z.number(),
  /** Voice packets sent in the window, and the copies of them that should and did arrive, each counted once. */
  packetsIn: z.number(),
  expected: z.number(),
  delivered: z.number(),
  /** Copies that arrived within the window. */
  receivedInWindow: z.number(),
  /** Of the wrong length or bytes, at the wrong session, or twice. */
  bad: z.number(),
  misrouted: z.number(),
  duplicates: z.number(),
  /** Lost by this program itself, and how late it sent at worst: where they are high the figures say nothing. */
  ownDrops: z.number(),
  latestSendMs: z.number(),
  serverCpuMs: z.number(),
  ownCpuMs: z.number(),
  /** Of all processors, and what others on the machine's host took. */
  busyMs: z.number(),
  stolenMs: z.number(),
  residentKb: z.number(),
  /** From before a packet was sent to the kernel's time of the copy's arrival, in microseconds. */
  latencyUs: z.object({ p50: z.number(), p95: z.number(), p99: z.number(), p999: z.number(), max: z.number() }),
});
export type LoadResult = z.infer<typeof loadResult>;

const opened = z.object({ port: z.number() });

export interface RelayLoadOptions {
  /** The compiled `c-load/load.c`. */
  readonly program: string;
  /** For the files that it reads. */
  readonly folder: string;
  /** As `Crowd` makes it. */
  readonly sessionFile: string;
  /** The processor to stay on, or -1. */
  readonly cpu: number;
}

/** The sockets of all clients, in a process of their own. */
export class RelayLoad {
  readonly port: number;
  readonly #program: LineProgram;
  readonly #folder: string;

  static async start({ program, folder, sessionFile, cpu }: RelayLoadOptions): Promise<RelayLoad> {
    const process = new LineProgram([program, sessionFile], cpu);
    return new RelayLoad(process, folder, opened.parse(await process.answer()).port);
  }

  private constructor(program: LineProgram, folder: string, port: number) {
    this.#program = program;
    this.#folder = folder;
    this.port = port;
  }

  /** Sends these packets and returns what they were answered with. */
  async exchange(serverPort: number, records: Uint8Array): Promise<Buffer> {
    const replies = join(this.#folder, 'replies');
    await this.#program.ask(`exchange ${serverPort} ${await this.#write(records)} ${replies}`);
    return readFile(replies);
  }

  /** Sends each packet when it is due, and counts what comes after the warm-up. */
  async run(serverPort: number, serverPid: number, warmUpMs: number, records: Uint8Array): Promise<LoadResult> {
    const line = `run ${serverPort} ${await this.#write(records)} ${serverPid} ${warmUpMs}`;
    return loadResult.parse(await this.#program.ask(line));
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  async #write(records: Uint8Array): Promise<string> {
    const path = join(this.#folder, 'records');
    await writeFile(path, records);
    return path;
  }
}
