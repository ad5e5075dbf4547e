import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../scripts/free-port.js';
import { debianProgram } from '../support/debian-program.js';
import { eventually } from '../support/eventually.js';

/** From which the load balancer connects to nodes, so that they can tell it from everybody else of loopback. */
export const BALANCER_ADDRESS = '127.0.0.9';

export interface BalancedNode {
  readonly control: number;
  readonly http: number;
}

/** `config/haproxy.cfg` in a real HAProxy, with ports and nodes of the test's own. */
export class HaproxyRun {
  readonly apiPort: number;
  readonly controlPort: number;
  readonly #folder: string;
  readonly #process: ChildProcess;
  #said = '';

  /** Resolves when it answers for a node that is ready. */
  static async start(nodes: readonly [BalancedNode, BalancedNode]): Promise<HaproxyRun> {
    const command = await debianProgram({ command: 'haproxy', versionFlag: '-v', packageName: 'haproxy' });
    const [apiPort = 0, controlPort = 0] = await freePorts(2);
    const folder = await mkdtemp(join(tmpdir(), 'parley-haproxy-'));
    const file = join(folder, 'haproxy.cfg');
    await writeFile(file, placed(await readFile('config/haproxy.cfg', 'utf8'), { apiPort, controlPort, nodes }));
    const haproxy = new HaproxyRun(command, file, { folder, apiPort, controlPort });
    await eventually(async () => {
      if (haproxy.#process.exitCode !== null) throw new Error(`haproxy ended: ${haproxy.#said}`);
      return fetch(`${haproxy.url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    return haproxy;
  }

  private constructor(
    command: string,
    file: string,
    at: { readonly folder: string; readonly apiPort: number; readonly controlPort: number },
  ) {
    this.apiPort = at.apiPort;
    this.controlPort = at.controlPort;
    this.#folder = at.folder;
    this.#process = spawn(command, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.apiPort}`;
  }

  /** What it has said of servers that come and go. */
  get said(): string {
    return this.#said;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Places {
  readonly apiPort: number;
  readonly controlPort: number;
  readonly nodes: readonly BalancedNode[];
}

/** The configuration with other ports and addresses, and nothing else changed. */
function placed(text: string, { apiPort, controlPort, nodes }: Places): string {
  const placedNodes = nodes.reduce(
    (part, { control, http }, index) =>
      part
        .replace(`node${index + 1}:8080`, `127.0.0.1:${http}`)
        .replace(`node${index + 1}:9000 port 8080`, `127.0.0.1:${control} port ${http}`),
    text,
  );
  return placedNodes
    .replace('bind :8080', `bind 127.0.0.1:${apiPort}`)
    .replace('bind :9000', `bind 127.0.0.1:${controlPort}`)
    .replace('default-server ', `default-server source ${BALANCER_ADDRESS} `);
}
