import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchApi } from '../../bench/bench-api.js';
import { readMetrics, type ServerMetrics } from '../../bench/server-metrics.js';
import { freePort } from '../../scripts/free-port.js';
import { INVARIANTS } from '../../src/health/invariants.js';
import { freeServerPorts, type Ports, ServerRun } from '../start/server-run.js';
import { FaultProxy } from '../support/fault-proxy.js';

export interface FaultNodeOptions {
  /** Another name for each. */
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Its own ways to what it depends on. */
  readonly toPostgres: FaultProxy;
  readonly toRedis: FaultProxy;
}

/** A server as a process of its own, with proxies on all its ways. */
export class FaultNode {
  readonly toPostgres: FaultProxy;
  readonly toRedis: FaultProxy;
  /** From clients to its control port. */
  readonly toControl: FaultProxy;
  readonly ports: Ports;
  readonly api: BenchApi;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #folder: string;
  #run: ServerRun;

  static async start(options: FaultNodeOptions): Promise<FaultNode> {
    const ports = await freeServerPorts();
    const folder = await mkdtemp(join(tmpdir(), 'parley-node-'));
    const toControl = await FaultProxy.start({ port: ports.control });
    const environment = { ...options.environment, PARLEY_CLUSTER_LINK_PORT: String(await freePort()) };
    const node = new FaultNode({ ...options, environment }, ports, folder, toControl);
    await node.#run.untilReady();
    return node;
  }

  private constructor(options: FaultNodeOptions, ports: Ports, folder: string, toControl: FaultProxy) {
    this.toPostgres = options.toPostgres;
    this.toRedis = options.toRedis;
    this.toControl = toControl;
    this.ports = ports;
    this.#folder = folder;
    this.#environment = {
      ...options.environment,
      PARLEY_CLUSTER_NAME: options.name,
      PARLEY_CLUSTER_ADVERTISED_HOST: '127.0.0.1',
      PARLEY_CLUSTER_ADVERTISED_CONTROL_PORT: String(toControl.port),
    };
    this.#run = this.#launch();
    this.api = new BenchApi(this.url);
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.http}`;
  }

  get hasEnded(): boolean {
    return this.#run.hasEnded;
  }

  /** What it has complained of, of level error and above. */
  get errors(): readonly string[] {
    const lines = `${this.#run.stdout}\n${this.#run.complaints.join('\n')}`.split('\n');
    return lines.filter((line) => /"level":"?(50|60|error|fatal)/.test(line));
  }

  /** All that it has said, for who looks into a failure. */
  get said(): string {
    return `${this.#run.stdout}\n${this.#run.complaints.join('\n')}`;
  }

  metrics(): Promise<ServerMetrics> {
    return readMetrics(`http://127.0.0.1:${this.ports.metrics}/metrics`);
  }

  /** How many violations its own check has found last, after two more checks than there were. */
  async violations(): Promise<number> {
    const checks = async () => (await this.metrics()).find('parley_invariant_checks_total{outcome="done"}') ?? 0;
    const before = await checks();
    for (let now = before; now < before + 2; now = await checks()) await new Promise((each) => setTimeout(each, 200));
    const metrics = await this.metrics();
    return INVARIANTS.reduce(
      (sum, name) => sum + metrics.valueOf(`parley_invariant_violations{invariant="${name}"}`),
      0,
    );
  }

  /** Ends the process at once. */
  kill(): Promise<void> {
    return this.#run.kill();
  }

  /** Ends it as an operator does. */
  async terminate(): Promise<void> {
    await this.#run.terminate();
  }

  /** Starts a process anew in its place. */
  async restart(): Promise<void> {
    this.#run = this.#launch();
    await this.#run.untilReady();
  }

  async stop(): Promise<void> {
    this.api.close();
    if (!this.#run.hasEnded) await this.#run.terminate();
    await this.toControl.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #launch(): ServerRun {
    return new ServerRun({ dataFolder: this.#folder, ports: this.ports, environment: this.#environment });
  }
}
