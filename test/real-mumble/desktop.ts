/** A desktop that nobody sees, with sound that nobody hears: what Mumble's client needs to run. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 2000;
const END_MS = 5000;
const SAMPLE_RATE = 48_000;

/** Programs that are needed, and the packages of Debian that have them. */
const NEEDED = [
  ['mumble', 'mumble'],
  ['Xvfb', 'xvfb'],
  ['pulseaudio', 'pulseaudio'],
  ['pacat', 'pulseaudio-utils'],
  ['openssl', 'openssl'],
  ['sqlite3', 'sqlite3'],
] as const;

/** The packages whose programs are missing. */
export function missingPackages(): readonly string[] {
  return NEEDED.filter(([program]) => !isThere(program)).map(([, name]) => name);
}

export class Desktop implements AsyncDisposable {
  readonly folder: string;
  readonly #processes: ChildProcess[] = [];
  readonly #display: string;

  /** Starts a display and a sound server with these sinks. */
  static async start(folder: string, sinks: readonly string[]): Promise<Desktop> {
    const desktop = new Desktop(folder);
    mkdirSync(join(folder, 'pulse'), { recursive: true });
    const loads = [
      `module-native-protocol-unix socket=${desktop.#pulseSocket} auth-anonymous=1`,
      ...sinks.map((name) => `module-null-sink sink_name=${name} rate=${SAMPLE_RATE}`),
    ];
    const home = { HOME: join(folder, 'pulse'), XDG_RUNTIME_DIR: join(folder, 'pulse') };
    const args = ['-n', '--daemonize=no', '--exit-idle-time=-1', '--disable-shm=yes'];
    desktop.run('pulseaudio', [...args, ...loads.flatMap((load) => ['-L', load])], home);
    desktop.run('Xvfb', [desktop.#display, '-screen', '0', '1024x768x24'], {});
    await sleep(START_MS);
    return desktop;
  }

  private constructor(folder: string) {
    this.folder = folder;
    this.#display = `:${70 + (process.pid % 100)}`;
  }

  get #pulseSocket(): string {
    return join(this.folder, 'pulse.sock');
  }

  /** Starts a program of the desktop, which ends with it. */
  run(program: string, args: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env: this.#environment(environment) });
    this.#processes.push(child);
    return child;
  }

  /** Plays samples to a sink: 16 bits, one channel. */
  async play(sink: string, samples: Buffer): Promise<void> {
    const player = this.run('pacat', ['-d', sink, ...FORMAT], {});
    player.stdin?.end(samples);
    await once(player, 'exit');
  }

  /** Records what a sink plays until the returned function is called, which gives the samples. */
  record(sink: string): () => Promise<Buffer> {
    const recorder = this.run('parec', ['-d', `${sink}.monitor`, ...FORMAT], {});
    const chunks: Buffer[] = [];
    recorder.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    return async () => {
      await ended(recorder);
      return Buffer.concat(chunks);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes.reverse()) await ended(child);
  }

  #environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    const { PATH } = process.env;
    return { PATH, DISPLAY: this.#display, PULSE_SERVER: `unix:${this.#pulseSocket}`, LANG: 'C.UTF-8', ...more };
  }
}

const FORMAT = ['--format=s16le', `--rate=${SAMPLE_RATE}`, '--channels=1'] as const;

/** A tone of so many seconds. */
export function tone(hertz: number, seconds: number): Buffer {
  const samples = Buffer.alloc(2 * SAMPLE_RATE * seconds);
  for (let index = 0; index < samples.length / 2; index += 1) {
    samples.writeInt16LE(Math.round(10_000 * Math.sin((2 * Math.PI * hertz * index) / SAMPLE_RATE)), 2 * index);
  }
  return samples;
}

/** For how many seconds a recording has this tone and hardly anything else, by the algorithm of Goertzel in blocks of 100 ms. */
export function secondsOfTone(recording: Buffer, hertz: number): number {
  const block = SAMPLE_RATE / 10;
  const factor = 2 * Math.cos((2 * Math.PI * hertz) / SAMPLE_RATE);
  let blocks = 0;
  for (let start = 0; 2 * (start + block) <= recording.length; start += block) {
    let [before, now, energy] = [0, 0, 0];
    for (let index = start; index < start + block; index += 1) {
      const sample = recording.readInt16LE(2 * index);
      [before, now] = [now, sample + factor * now - before];
      energy += sample * sample;
    }
    const power = (2 * (now * now + before * before - factor * now * before)) / block;
    // Quieter than -56 dB is silence.
    if (energy / block > 2500 && power / energy > 0.6) blocks += 1;
  }
  return blocks / 10;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
  await exited;
  clearTimeout(timer);
}

function isThere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
