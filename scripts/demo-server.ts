import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_FLAGS } from '../src/node-runtime.js';
import { freePorts } from './free-port.js';

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 100;
const KEPT_LINES = 30;

export interface DemoServerOptions {
  /** Where its data are, and stay when it has stopped; a temporary folder, deleted then, where it is left out. */
  readonly dataFolder?: string;
  /** More settings, by the names of their variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Tells from what it has said whether it is ready, where its health cannot be asked for by HTTP. */
  readonly isReady?: (said: string) => boolean;
  /** Starts the process in another way than `spawn`. */
  readonly spawn?: (command: readonly [string, ...string[]], options: SpawnOptions) => ChildProcess;
}

/** A server of its own, as `npm start` runs it: the built entry as a child process, on free ports and a temporary data folder. */
export class DemoServer {
  readonly host = HOST;
  readonly controlPort: number;
  readonly voicePort: number;
  readonly mumblePort: number;
  readonly httpUrl: string;
  readonly metricsUrl: string;
  readonly adminPassword: string;
  readonly #process: ChildProcess;
  /** Null where it is not the server's own. */
  readonly #temporaryFolder: string | null;
  #said = '';

  /** Starts a server and waits until it is ready. Throws with the server's last words when it is not within 60 s. */
  static async start(options: DemoServerOptions = {}): Promise<DemoServer> {
    const temporaryFolder = options.dataFolder === undefined ? await mkdtemp(join(tmpdir(), 'parley-demo-')) : null;
    const [controlPort = 0, httpPort = 0, metricsPort = 0, voicePort = 0, mumblePort = 0] = await freePorts(5);
    const ports = { controlPort, httpPort, metricsPort, voicePort, mumblePort };
    const server = new DemoServer(options, temporaryFolder, ports);
    try {
      await server.#untilReady(options.isReady ?? (() => server.#isHealthy()));
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  private constructor(
    { dataFolder, environment, spawn: start = spawnCommand }: DemoServerOptions,
    temporaryFolder: string | null,
    ports: { controlPort: number; httpPort: number; metricsPort: number; voicePort: number; mumblePort: number },
  ) {
    this.#temporaryFolder = temporaryFolder;
    this.controlPort = ports.controlPort;
    this.voicePort = ports.voicePort;
    this.mumblePort = ports.mumblePort;
    this.httpUrl = `http://${HOST}:${ports.httpPort}`;
    this.metricsUrl = `http://${HOST}:${ports.metricsPort}/metrics`;
    this.adminPassword = 'correct horse battery staple';
    this.#process = start([process.execPath, ...NODE_FLAGS, 'dist/src/main.js'], {
      env: {
        ...process.env,
        PARLEY_ADMIN_PASSWORD: this.adminPassword,
        PARLEY_DATA_DIR: dataFolder ?? temporaryFolder ?? '',
        PARLEY_SERVER_BIND_ADDRESS: HOST,
        PARLEY_SERVER_CONTROL_PORT: String(ports.controlPort),
        PARLEY_SERVER_VOICE_PORT: String(ports.voicePort),
        PARLEY_SERVER_HTTP_PORT: String(ports.httpPort),
        PARLEY_METRICS_PORT: String(ports.metricsPort),
        PARLEY_MUMBLE_PORT: String(ports.mumblePort),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** What the server has said so far; its end tells why it did not start. */
  get said(): string {
    return this.#said;
  }

  /** The SHA-256 of the certificate, as the server prints it for people to pin. */
  get certificateFingerprint(): string {
    const [fingerprint] = /\b(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\b/.exec(this.#said) ?? [];
    if (fingerprint === undefined) throw new Error(`The server did not print its fingerprint.\n${this.#lastWords()}`);
    return fingerprint;
  }

  /** Ends the server as SIGTERM does, and deletes its data where they are in a temporary folder. Kills it when it does not end within 20 s, and throws then. */
  async stop(): Promise<void> {
    const exited = this.#hasExited() ? Promise.resolve() : once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const ended = await Promise.race([exited.then(() => true), sleep(STOP_TIMEOUT_MS, false, { ref: false })]);
    if (!ended) {
      this.#process.kill('SIGKILL');
      await exited;
    }
    if (this.#temporaryFolder !== null) await rm(this.#temporaryFolder, { recursive: true, force: true });
    if (!ended) throw new Error(`The server did not end on SIGTERM.\n${this.#lastWords()}`);
  }

  async #isHealthy(): Promise<boolean> {
    return fetch(`${this.httpUrl}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async #untilReady(isReady: (said: string) => boolean | Promise<boolean>): Promise<void> {
    for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_INTERVAL_MS) {
      if (this.#hasExited()) throw new Error(`The server ended at its start.\n${this.#lastWords()}`);
      if (await isReady(this.#said)) return;
      await sleep(POLL_INTERVAL_MS);
    }
    throw new Error(`The server was not ready within ${START_TIMEOUT_MS / 1000} s.\n${this.#lastWords()}`);
  }

  #hasExited(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  #lastWords(): string {
    return this.#said.split('\n').slice(-KEPT_LINES).join('\n');
  }
}

function spawnCommand([program, ...args]: readonly [string, ...string[]], options: SpawnOptions): ChildProcess {
  return spawn(program, args, options);
}
