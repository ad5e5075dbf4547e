/** A desktop that nobody sees, with sound that nobody hears: what Mumble's client needs to run. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Program } from './program.js';
import { SAMPLE_RATE, secondOfTone, ToneMeter } from './tone.js';
import { waitUntil } from './wait-until.js';

const run = promisify(execFile);

const FORMAT = ['--format=s16le', `--rate=${SAMPLE_RATE}`, '--channels=1'] as const;

/** What somebody says into, and what plays what they hear: sinks of their own sound server. */
export const MOUTH = 'mouth';
export const EAR = 'ear';

export class Desktop implements AsyncDisposable {
  readonly folder: string;
  readonly #programs: Program[] = [];
  #display = '';

  /** Starts a display, and a sound server for each of these people, and waits until all answer. */
  static async start(folder: string, people: readonly string[]): Promise<Desktop> {
    const desktop = new Desktop(folder);
    try {
      await Promise.all([desktop.#startDisplay(), ...people.map((person) => desktop.#startSound(person))]);
    } catch (error) {
      await desktop[Symbol.asyncDispose]();
      throw error;
    }
    return desktop;
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Starts a program of somebody's, which ends with the desktop where nobody ends it before. */
  run(
    person: string,
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Program {
    const program = new Program(command, args, { ...this.#environment(person), ...environment });
    this.#programs.push(program);
    return program;
  }

  /** True where some program takes what somebody says, and some program plays what they hear. */
  async hasSound(person: string): Promise<boolean> {
    const lists = await Promise.all([this.#list(person, 'source-outputs'), this.#list(person, 'sink-inputs')]);
    return lists.every((list) => list !== '');
  }

  /** Says the tone until it is disposed of. */
  sayTone(person: string): AsyncDisposable {
    const player = this.run(person, 'pacat', ['-d', MOUTH, ...FORMAT]);
    player.feed(secondOfTone());
    return player;
  }

  /** Measures what somebody hears until it is disposed of. */
  listen(person: string): AsyncDisposable & { readonly meter: ToneMeter } {
    const recorder = this.run(person, 'parec', ['-d', `${EAR}.monitor`, ...FORMAT]);
    const meter = new ToneMeter();
    recorder.onOutput((chunk) => meter.push(chunk));
    return { meter, [Symbol.asyncDispose]: () => recorder[Symbol.asyncDispose]() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs.splice(0).reverse()) await program[Symbol.asyncDispose]();
  }

  /** The display's number is a free one that Xvfb finds, and tells when it listens there. */
  async #startDisplay(): Promise<void> {
    const server = this.run('', 'Xvfb', ['-displayfd', '1', '-screen', '0', '1024x768x24', '-nolisten', 'tcp']);
    let told = '';
    server.onOutput((chunk) => {
      told += chunk.toString();
    });
    await waitUntil('a display', () => told.endsWith('\n') || server.failIfEnded());
    this.#display = `:${told.trim()}`;
  }

  /**
   * A sound server with two sinks. They are its defaults too: Mumble's client takes the default where it has not been
   * told yet of the device that it is set to, and keeps it.
   */
  async #startSound(person: string): Promise<void> {
    const home = join(this.folder, `pulse-${person}`);
    mkdirSync(home, { recursive: true });
    const loads = [
      ...[EAR, MOUTH].map((name) => `module-null-sink sink_name=${name} rate=${SAMPLE_RATE}`),
      `module-native-protocol-unix socket=${this.#pulseSocket(person)} auth-anonymous=1`,
    ];
    const args = ['-n', '--daemonize=no', '--exit-idle-time=-1', '--disable-shm=yes'];
    const environment = { HOME: home, XDG_RUNTIME_DIR: home };
    const server = this.run(person, 'pulseaudio', [...args, ...loads.flatMap((load) => ['-L', load])], environment);
    await waitUntil('a sound server', async () => {
      const isSet =
        (await this.#tell(person, 'set-default-sink', EAR)) &&
        (await this.#tell(person, 'set-default-source', `${MOUTH}.monitor`));
      return isSet || server.failIfEnded();
    });
  }

  /** False where the sound server does not answer yet, or has no such thing. */
  #tell(person: string, ...words: readonly string[]): Promise<boolean> {
    return run('pactl', words, { env: this.#environment(person) }).then(
      () => true,
      () => false,
    );
  }

  async #list(person: string, what: string): Promise<string> {
    const { stdout } = await run('pactl', ['list', 'short', what], { env: this.#environment(person) });
    return stdout.trim();
  }

  #pulseSocket(person: string): string {
    return join(this.folder, `pulse-${person}.sock`);
  }

  #environment(person: string): NodeJS.ProcessEnv {
    const { PATH } = process.env;
    return { PATH, DISPLAY: this.#display, PULSE_SERVER: `unix:${this.#pulseSocket(person)}`, LANG: 'C.UTF-8' };
  }
}
