/** A Redis of a test's own: a process on a unix socket in a temporary folder, and a free port of loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { freePort } from '../../scripts/free-port.js';
import { RedisLink } from '../../src/redis/redis-link.js';
import { eventually } from './eventually.js';
import { redisServerCommand } from './redis-server-command.js';

export class TestRedis {
  /** The socket. */
  readonly path: string;
  /** What `redis.url` would be. */
  readonly url: string;
  /** Of loopback. */
  readonly port: number;
  readonly #folder: string;
  readonly #command: string;
  readonly #links: RedisLink[] = [];
  #process: ChildProcess | null = null;

  static async start(): Promise<TestRedis> {
    const command = await redisServerCommand();
    const redis = new TestRedis(await mkdtemp(join(tmpdir(), 'parley-redis-')), await freePort(), command);
    await redis.run();
    return redis;
  }

  private constructor(folder: string, port: number, command: string) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    this.#folder = folder;
    this.#command = command;
    this.path = join(folder, 'redis.sock');
  }

  /** Starts the process, which knows nothing of what was before. */
  async run(): Promise<void> {
    if (this.#process !== null && this.#process.exitCode === null && this.#process.signalCode === null) return;
    const files = ['--unixsocket', this.path, '--dir', this.#folder, '--save', '', '--appendonly', 'no'];
    const options = ['--bind', '127.0.0.1', '--port', String(this.port), ...files];
    this.#process = spawn(this.#command, options, { stdio: 'ignore' });
    await eventually(async () => {
      const client = new Redis(this.path, { lazyConnect: true, retryStrategy: () => null });
      client.on('error', () => undefined);
      try {
        await client.connect();
        return (await client.ping()) === 'PONG';
      } catch {
        return false;
      } finally {
        client.disconnect();
      }
    });
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    const running = this.#process;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGKILL');
    await exited;
  }

  /** The connections of a node. */
  async link(): Promise<RedisLink> {
    const link = await RedisLink.connect(this.path, pino({ level: 'silent' }));
    this.#links.push(link);
    return link;
  }

  /** Forgets everything. */
  async clear(): Promise<void> {
    const { commands } = this.#links[0] ?? (await this.link());
    await commands.flushall();
  }

  async stop(): Promise<void> {
    for (const link of this.#links) link.close();
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
