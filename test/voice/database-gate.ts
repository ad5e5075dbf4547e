import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterFile, type TestCluster } from '../support/test-database.js';

/** Stands between the test and the run's PostgreSQL, so that the test can take the database away and give it back. */
export class DatabaseGate {
  readonly #cluster: TestCluster;
  readonly #folder: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  /** What connects while `work` runs connects through the gate, then and for good. */
  static async around<Result>(work: () => Promise<Result>): Promise<[DatabaseGate, Result]> {
    const file = clusterFile();
    const cluster: TestCluster = JSON.parse(await readFile(file, 'utf8'));
    const gate = new DatabaseGate(cluster, await mkdtemp(join(tmpdir(), 'parley-gate-')));
    await gate.open();
    const own = join(gate.#folder, 'cluster.json');
    await writeFile(own, JSON.stringify({ ...cluster, connection: { ...cluster.connection, host: gate.#folder } }));
    process.env.TEST_CLUSTER_FILE = own;
    try {
      return [gate, await work()];
    } finally {
      process.env.TEST_CLUSTER_FILE = file;
    }
  }

  private constructor(cluster: TestCluster, folder: string) {
    this.#cluster = cluster;
    this.#folder = folder;
  }

  async open(): Promise<void> {
    const { host, port } = this.#cluster.connection;
    const name = `.s.PGSQL.${port}`;
    const server = createServer((near) => {
      const far = connect(join(host, name));
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        // One side is cut when the gate shuts.
        socket.on('error', () => undefined);
        socket.on('close', () => this.#sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
    server.listen(join(this.#folder, name));
    await once(server, 'listening');
    this.#server = server;
  }

  /** Cuts every connection and lets no new one through. */
  async shut(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Shuts the gate for good. */
  async remove(): Promise<void> {
    await this.shut();
    await rm(this.#folder, { recursive: true });
  }
}
