import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FanOutSession, FanOutUsage, MessageFromSubject, MessageToSubject } from './fan-out-messages.js';

/** Who forwards: Parley's relay, or a loop that does nothing else. */
export type FanOutKind = 'relay' | 'bare';

/** A process of its own, so that its CPU time is that of forwarding alone. */
export class FanOutProcess {
  readonly #child: ChildProcess;
  readonly #ended = new AbortController();
  #port = 0;

  /** Starts the process and tells it who is there. */
  static async start(kind: FanOutKind, sessions: readonly FanOutSession[]): Promise<FanOutProcess> {
    const script = fileURLToPath(new URL('./fan-out-subject.js', import.meta.url));
    const started = new FanOutProcess(fork(script, [kind], { serialization: 'advanced' }));
    const ready = await started.#ask({ type: 'begin', sessions });
    if (ready.type === 'ready') started.#port = ready.port;
    return started;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.once('exit', () => this.#ended.abort(new Error('the measured process has ended')));
  }

  /** Where it receives, on loopback. */
  get port(): number {
    return this.#port;
  }

  async usage(): Promise<FanOutUsage> {
    const answer = await this.#ask({ type: 'get_usage' });
    if (answer.type !== 'usage') throw new Error(`not an answer: ${answer.type}`);
    return answer.usage;
  }

  async close(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  async #ask(question: MessageToSubject): Promise<MessageFromSubject> {
    const answer = once(this.#child, 'message', { signal: this.#ended.signal });
    this.#child.send(question);
    const [message]: MessageFromSubject[] = await answer;
    if (message === undefined) throw new Error('there is no answer');
    return message;
  }
}
