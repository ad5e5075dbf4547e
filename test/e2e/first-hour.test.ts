import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { freeServerPorts, type Ports, ServerRun } from '../start/server-run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const POLL_MS = 20;

interface Block {
  /** Run here, or what the first terminal does. */
  readonly kind: '' | 'install' | 'server' | 'stop';
  readonly text: string;
}

let folder: TemporaryFolder;
let ports: Ports;
let server: ServerRun | undefined;
beforeAll(async () => {
  folder = await TemporaryFolder.make();
  ports = await freeServerPorts();
});
afterEach(async () => {
  await server?.kill();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

it('the first hour goes as its document says, command by command', async () => {
  const blocks = blocksOf(await readFile('docs/FIRST_HOUR.md', 'utf8'));
  expect(blocks.map(({ kind }) => kind).filter((kind) => kind !== '')).toEqual(['install', 'server', 'stop', 'server']);
  const shell = new SecondTerminal(folder, ports);
  try {
    for (const { kind, text } of blocks) {
      if (kind === 'server') {
        const { shownPassword } = server ?? {};
        server = new ServerRun({ dataFolder: folder.pathOf('data'), ports });
        await server.untilReady();
        // A password is shown once.
        expect(server.shownPassword === undefined).toBe(shownPassword !== undefined);
      } else if (kind === 'stop') expect(await server?.terminate()).toBe(0);
      else if (kind === '') await shell.run(filledIn(text, server));
    }
    const said = shell.said;
    expect(said).toContain('"username":"alice"');
    expect(said).toContain('"username":"bob"');
    expect(said).toContain('"basis":"ACL"');
    expect(said).toContain('parley_relay_up 1');
    expect(said).toContain('"status":"ready"');
    expect(said).toContain('holds everything:');
    expect(said).toContain('as it should: nothing is restored over what is there');
    expect(said).toContain('-- Nothing is missing.');
    expect(said).toContain('Logged out.');
    expect(said).not.toMatch(/"message":/);
  } finally {
    await shell.end();
  }
}, 180_000);

/** The shell blocks of the document, in order. */
function blocksOf(document: string): readonly Block[] {
  return [...document.matchAll(/^```sh ?(\w*)\n([\s\S]*?)^```$/gm)].map(([, kind = '', text = '']) => {
    if (kind !== '' && kind !== 'install' && kind !== 'server' && kind !== 'stop') throw new Error(`what is ${kind}?`);
    return { kind, text };
  });
}

/** As a person does it: with what the server has printed, and (because this machine has other servers) its free ports. */
function filledIn(text: string, running: ServerRun | undefined): string {
  const { control, http, metrics } = ports;
  return text
    .replace('the password that the server printed', running?.shownPassword ?? '')
    .replace('the fingerprint that the server printed', running?.fingerprint ?? '')
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${http}`)
    .replaceAll('127.0.0.1:9000', `127.0.0.1:${control}`)
    .replaceAll('127.0.0.1:9102', `127.0.0.1:${metrics}`)
    .replaceAll('npx parley', `${process.execPath} ${resolve('bin/parley.js')}`)
    .replaceAll('samples/', `${resolve('samples')}/`);
}

/** One shell for all blocks, which ends with the first command that fails. */
class SecondTerminal {
  readonly #shell: ChildProcess;
  readonly #closed: Promise<unknown>;
  #blocks = 0;
  said = '';

  constructor(at: TemporaryFolder, { control, http, voice, metrics, mumble }: Ports) {
    this.#shell = spawn('bash', ['-e', '-o', 'pipefail'], {
      cwd: at.path,
      env: {
        PATH: process.env.PATH,
        HOME: at.path,
        PARLEY_DATA_DIR: at.pathOf('data'),
        PARLEY_SERVER_CONTROL_PORT: String(control),
        PARLEY_SERVER_VOICE_PORT: String(voice),
        PARLEY_SERVER_HTTP_PORT: String(http),
        PARLEY_METRICS_PORT: String(metrics),
        PARLEY_MUMBLE_PORT: String(mumble),
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#shell, 'close');
    for (const stream of [this.#shell.stdout, this.#shell.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.said += text;
      });
    }
  }

  /** Resolves when the block has run. Fails with all that was said where a command of it fails. */
  async run(block: string): Promise<void> {
    this.#blocks += 1;
    const mark = `-- block ${this.#blocks} has run --`;
    this.#shell.stdin?.write(`${block}\necho '${mark}'\n`);
    let hasEnded = false;
    void this.#closed.then(() => {
      hasEnded = true;
    });
    while (!this.said.includes(mark)) {
      if (hasEnded) throw new Error(`this failed:\n${block}\n${this.said}`);
      await sleep(POLL_MS);
    }
  }

  async end(): Promise<void> {
    this.#shell.stdin?.end();
    await this.#closed;
  }
}
