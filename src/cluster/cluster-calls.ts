import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { z } from 'zod';
import { AppError } from '../errors.js';
import { type RedisLink, redisIsAway } from '../redis/redis-link.js';
import { type ClusterCall, clusterCallSchema, ofToldError, toldErrorSchema, toToldError } from './cluster-call.js';

/** How long an answer of another node is waited for, in milliseconds. */
const ANSWER_TIMEOUT_MS = 2000;

const messageSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('call'), id: z.string(), from: z.string(), call: clusterCallSchema }),
  z.strictObject({ kind: z.literal('answer'), id: z.string(), value: z.unknown().optional() }),
  z.strictObject({ kind: z.literal('refusal'), id: z.string(), error: toldErrorSchema }),
]);

type Message = z.input<typeof messageSchema>;

export interface ClusterCallsOptions {
  readonly link: RedisLink;
  /** The id of this node. */
  readonly node: string;
  readonly logger: Logger;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** Asks other nodes to do something, through Redis, and does what they ask. */
export class ClusterCalls {
  readonly #options: ClusterCallsOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #onMessage = (channel: string, text: string) => {
    if (channel === channelOf(this.#options.node)) this.#receive(text);
  };
  #answer: (call: ClusterCall) => Promise<unknown> = () => Promise.reject(notThere());

  /** Resolves when other nodes reach this one. Throws AppError UNAVAILABLE. */
  static async start(options: ClusterCallsOptions): Promise<ClusterCalls> {
    const calls = new ClusterCalls(options);
    try {
      await options.link.subscriber.subscribe(channelOf(options.node));
      return calls;
    } catch (error) {
      calls.stop();
      throw redisIsAway(error);
    }
  }

  private constructor(options: ClusterCallsOptions) {
    this.#options = options;
    options.link.subscriber.on('message', this.#onMessage);
  }

  /** What does what others ask. Of what it throws, refusals and faults are told to them. */
  answerBy(answer: (call: ClusterCall) => Promise<unknown>): void {
    this.#answer = answer;
  }

  /** Resolves with what the node has answered. Throws what it has refused, and UNAVAILABLE where it or Redis is away. */
  async ask(node: string, call: ClusterCall): Promise<unknown> {
    const id = randomUUID();
    const answered = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(notThere())), ANSWER_TIMEOUT_MS);
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        finish();
      };
      this.#waiting.set(id, {
        resolve: (value) => settle(() => resolve(value)),
        reject: (reason) => settle(() => reject(reason)),
      });
    });
    this.#send(node, { kind: 'call', id, from: this.#options.node, call }).then(
      (hearers) => {
        if (hearers === 0) this.#waiting.get(id)?.reject(notThere());
      },
      (error: unknown) => this.#waiting.get(id)?.reject(redisIsAway(error)),
    );
    return answered;
  }

  stop(): void {
    const { link, node } = this.#options;
    link.subscriber.off('message', this.#onMessage);
    if (link.subscriber.status === 'ready') link.subscriber.unsubscribe(channelOf(node)).catch(() => undefined);
    for (const waiting of [...this.#waiting.values()]) waiting.reject(notThere());
  }

  #receive(text: string): void {
    const message = messageSchema.safeParse(JSON.parse(text));
    if (!message.success) {
      this.#options.logger.warn({ err: message.error }, 'another node has said what is not understood');
      return;
    }
    const said = message.data;
    switch (said.kind) {
      case 'call':
        void this.#carryOut(said.from, said.id, said.call);
        break;
      case 'answer':
        this.#waiting.get(said.id)?.resolve(said.value);
        break;
      case 'refusal':
        this.#waiting.get(said.id)?.reject(ofToldError(said.error));
        break;
    }
  }

  async #carryOut(from: string, id: string, call: ClusterCall): Promise<void> {
    const { logger } = this.#options;
    const answer = await this.#answer(call).then(
      (value): Message => ({ kind: 'answer', id, value }),
      (error: unknown): Message => {
        if (error instanceof AppError) return { kind: 'refusal', id, error: toToldError(error) };
        logger.error({ err: error, call: call.type }, 'bug in what another node has asked');
        const told = new AppError('INTERNAL', 'Something went wrong at the other node.');
        return { kind: 'refusal', id, error: toToldError(told) };
      },
    );
    await this.#send(from, answer).catch((err: unknown) => logger.debug({ err }, 'another node was not answered'));
  }

  #send(node: string, message: Message): Promise<number> {
    return this.#options.link.commands.publish(channelOf(node), JSON.stringify(message));
  }
}

function channelOf(node: string): string {
  return `parley:calls:${node}`;
}

function notThere(): AppError {
  return new AppError('UNAVAILABLE', 'The node that the session is connected to does not answer.');
}
