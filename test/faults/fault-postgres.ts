import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { systemCodeOf } from '../../src/thrown.js';
import { processesOf } from '../start/cluster-processes.js';
import { FaultProxy } from '../support/fault-proxy.js';

/** A PostgreSQL of a test's own that can be killed and started again with what it has kept. Servers reach it through proxies. */
export class FaultPostgres {
  readonly #folder: string;
  readonly #proxies: FaultProxy[] = [];
  #postgres: EmbeddedPostgres;

  static async start(): Promise<FaultPostgres> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'parley-faults-')));
    try {
      return new FaultPostgres(folder, await launch(folder));
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(folder: string, postgres: EmbeddedPostgres) {
    this.#folder = folder;
    this.#postgres = postgres;
  }

  /** A way to it that can be cut. */
  async proxy(): Promise<FaultProxy> {
    const proxy = await FaultProxy.start(this.#socket());
    this.#proxies.push(proxy);
    return proxy;
  }

  /** What `database.url` is for who goes through the proxy. */
  urlThrough(proxy: FaultProxy): string {
    const { user, database } = this.#postgres.connection;
    return `postgresql://${user}@127.0.0.1:${proxy.port}/${database}`;
  }

  /** Kills all of its processes at once, and keeps it from being started again. */
  async kill(): Promise<void> {
    for (const { pid } of await processesOf(this.#folder)) killIfAlive(pid);
    await this.#postgres.stop();
  }

  /** Starts it again on what it has kept. */
  async run(): Promise<void> {
    this.#postgres = await launch(this.#folder);
    for (const proxy of this.#proxies) proxy.target = this.#socket();
  }

  /** Runs one statement behind everybody's back. */
  async query<Row extends object>(statement: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const { host, port, user, database } = this.#postgres.connection;
    const client = new Client({ host, port, user, database });
    await client.connect();
    try {
      return (await client.query<Row>(statement, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies) await proxy.close();
    await this.#postgres.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #socket(): { readonly path: string } {
    const { host, port } = this.#postgres.connection;
    return { path: `${host}/.s.PGSQL.${port}` };
  }
}

function launch(folder: string): Promise<EmbeddedPostgres> {
  return EmbeddedPostgres.start({ folder, logger: pino({ level: 'silent' }) });
}

/** A child may have followed its parent already. */
function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (systemCodeOf(error) !== 'ESRCH') throw error;
  }
}
