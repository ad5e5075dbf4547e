import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { LineProgram } from './c-program.js';
import { type Command, spawnMeasured } from './measured-process.js';
import type { BenchSession } from './relay-scenario.js';
import type { MessageFromSubject, MessageToSubject } from './relay-subject.js';

/** A relay that is measured: Parley's with one of its backends, or the yardstick in C. */
export interface RelayUnderTest {
  readonly pid: number;
  readonly port: number;
  /** It sends to an address only after a path proof. */
  readonly wantsProof: boolean;
  /** What it says of itself; null for the yardstick. */
  figures(): Promise<RelayFigures | null>;
  stop(): Promise<void>;
}

/** What Parley measures itself, since its start. */
export interface RelayFigures {
  /** From the batch read to the last copy handed to the system, over the last 30 to 60 s. */
  readonly routingP99Ms: number;
  /** Of the relay's thread. */
  readonly gcPauses: number;
  readonly gcMs: number;
  readonly longestGcPauseMs: number;
}

const opened = z.object({ port: z.number() });

/** The yardstick. `cpu` is the processor to stay on, or -1. */
export async function startYardstick(options: {
  readonly program: string;
  readonly sessionFile: string;
  readonly keyFile: string;
  readonly loadPort: number;
  /** Whether all copies of a packet are sent at once, or each with a call of its own, which no `dgram` can undercut. */
  readonly sends: 'batch' | 'single';
  readonly cpu: number;
}): Promise<RelayUnderTest> {
  const { program, sessionFile, keyFile, loadPort, sends, cpu } = options;
  const relay = new LineProgram([program, sessionFile, String(loadPort), keyFile, sends], cpu);
  const { port } = opened.parse(await relay.answer());
  return { pid: relay.pid, port, wantsProof: false, figures: async () => null, stop: () => relay.stop() };
}

/** Parley's relay in a process of its own, which knows these sessions. `cpu` is the processor to stay on, or -1. */
export async function startParley(
  backend: 'native' | 'dgram',
  sessions: readonly BenchSession[],
  cpu: number,
): Promise<RelayUnderTest> {
  const script = fileURLToPath(new URL('relay-subject.js', import.meta.url));
  const command: Command = [process.execPath, '--enable-source-maps', script];
  const child = spawnMeasured(command, cpu, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const ready = await ask(child, { type: 'begin', backend, sessions }, 'ready');
  return {
    pid: child.pid ?? 0,
    port: ready.port,
    wantsProof: true,
    figures: async () => {
      const { routingLatency, gcPauses } = (await ask(child, { type: 'get_counters' }, 'counters')).counters;
      return {
        routingP99Ms: routingLatency.p99Ms,
        gcPauses: gcPauses.count,
        gcMs: gcPauses.totalMs,
        longestGcPauseMs: gcPauses.maxMs,
      };
    },
    stop: () => stop(child),
  };
}

async function ask<Type extends MessageFromSubject['type']>(
  child: ChildProcess,
  question: MessageToSubject,
  answer: Type,
): Promise<Extract<MessageFromSubject, { type: Type }>> {
  const isAnswer = (message: MessageFromSubject): message is Extract<MessageFromSubject, { type: Type }> =>
    message.type === answer;
  return new Promise((resolve, reject) => {
    const onMessage = (message: MessageFromSubject) => {
      if (!isAnswer(message)) return;
      child.off('exit', onExit);
      child.off('message', onMessage);
      resolve(message);
    };
    const onExit = () => reject(new Error('the measured process has ended'));
    child.on('message', onMessage);
    child.once('exit', onExit);
    child.send(question);
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}
