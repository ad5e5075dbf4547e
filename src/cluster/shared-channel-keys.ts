import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type RedisLink, redisIsAway } from '../redis/redis-link.js';
import type { ChannelKey, KeyListener, KeySource, SharedKeys } from '../voice/key-source.js';
import { ANY_EPOCH, KEEP_KEY, NEW_KEYS, NO_EPOCH, RETIRE_KEY, TAKE_KEY } from './channel-key-scripts.js';
import type { ClusterSecret } from './cluster-secret.js';

export interface SharedChannelKeysOptions {
  readonly link: RedisLink;
  readonly secret: ClusterSecret;
  readonly logger: Logger;
}

const KEY_BYTES = 16;
const SEAL = { algorithm: 'aes-256-gcm', keyBytes: 32, nonceBytes: 12, tagBytes: 16 } as const;
/** How often it is looked whether Redis still has the keys that are used here, in milliseconds. */
const KEEP_INTERVAL_MS = 5000;

const newKeySchema = z.object({ target: z.int(), epoch: z.int().min(0), sealed: z.string() });

interface Held<Target extends number> {
  readonly listener: KeyListener<Target>;
  newest: ChannelKey | null;
  /** As it stands in Redis. */
  sealed: string;
  isAsked: boolean;
}

/**
 * The keys of channels, the same at all nodes: whoever needs the next one first makes it, and Redis lets one of them win,
 * because an epoch can be left once only. No node has a part of its own in it, so none has to be there. In Redis keys are
 * sealed under a key of the cluster.
 *
 * While Redis is away keys stay as they are: who comes has to wait for it anyway, and who goes gets no packets any more.
 */
export class SharedChannelKeys<Target extends number> implements SharedKeys<Target> {
  readonly #options: SharedChannelKeysOptions;
  readonly #sealingKey: Uint8Array;
  readonly #held = new Map<Target, Held<Target>>();
  readonly #timer: NodeJS.Timeout;
  readonly #onReady = () => this.#keepAll();
  readonly #onMessage = (channel: string, text: string) => {
    if (channel === NEW_KEYS) this.#take(text);
  };

  /** Resolves when it hears of the keys that others make. Throws AppError UNAVAILABLE. */
  static async start<Target extends number>(options: SharedChannelKeysOptions): Promise<SharedChannelKeys<Target>> {
    const keys = new SharedChannelKeys<Target>(options);
    try {
      await options.link.subscriber.subscribe(NEW_KEYS);
      return keys;
    } catch (error) {
      keys.stop();
      throw redisIsAway(error);
    }
  }

  private constructor(options: SharedChannelKeysOptions) {
    this.#options = options;
    this.#sealingKey = options.secret.key('channel key', '', SEAL.keyBytes);
    this.#timer = setInterval(() => this.#keepAll(), KEEP_INTERVAL_MS);
    options.link.subscriber.on('message', this.#onMessage);
    options.link.commands.on('ready', this.#onReady);
  }

  sourceFor(listener: KeyListener<Target>): KeySource<Target> {
    return {
      begin: (target, isAlone) => {
        const held = this.#held.get(target) ?? { listener, newest: null, sealed: '', isAsked: false };
        this.#held.set(target, held);
        if (held.newest === null) this.#ask(target, held, isAlone ? NO_EPOCH : ANY_EPOCH);
        return held.newest;
      },
      next: (target, epoch) => {
        const held = this.#held.get(target);
        if (held === undefined) return null;
        if (held.newest !== null && held.newest.epoch > epoch) return held.newest;
        this.#ask(target, held, epoch);
        return null;
      },
      newest: (target) => this.#held.get(target)?.newest ?? null,
      end: (target) => this.#end(target),
      forget: (target) => this.#end(target),
      retain: () => undefined,
    };
  }

  stop(): void {
    const { link } = this.#options;
    clearInterval(this.#timer);
    link.subscriber.off('message', this.#onMessage);
    link.commands.off('ready', this.#onReady);
  }

  #ask(target: Target, held: Held<Target>, after: number): void {
    if (held.isAsked) return;
    held.isAsked = true;
    const sealed = this.#seal(target, randomBytes(KEY_BYTES));
    this.#options.link.commands
      .eval(TAKE_KEY, 0, target, after, sealed)
      .then((answer) => {
        held.isAsked = false;
        this.#learn(target, held, answer);
        held.listener.arrived(target);
      })
      .catch((error: unknown) => {
        held.isAsked = false;
        held.listener.failed(target, redisIsAway(error));
      });
  }

  #end(target: Target): void {
    const held = this.#held.get(target);
    this.#held.delete(target);
    if (held === undefined || held.newest === null) return;
    this.#options.link.commands
      .eval(RETIRE_KEY, 0, target, held.newest.epoch)
      .catch((err: unknown) => this.#options.logger.debug({ err }, 'a key that nobody has is still in Redis'));
  }

  /** Another node has made a key. */
  #take(text: string): void {
    const read = newKeySchema.safeParse(JSON.parse(text));
    if (!read.success) return;
    const { target, epoch, sealed } = read.data;
    for (const [held, state] of this.#held) {
      if (held !== target) continue;
      if (this.#learn(held, state, [epoch, sealed])) state.listener.arrived(held);
    }
  }

  #keepAll(): void {
    for (const [target, held] of this.#held) {
      if (held.newest === null) continue;
      this.#options.link.commands
        .eval(KEEP_KEY, 0, target, held.newest.epoch, held.sealed)
        .then((answer) => {
          const [epoch, sealed] = Array.isArray(answer) ? answer : [];
          // Two have made a key of the same epoch while Redis had lost its memory: both go on with another.
          if (epoch === held.newest?.epoch && sealed !== held.sealed) this.#ask(target, held, epoch);
          else if (this.#learn(target, held, answer)) held.listener.arrived(target);
        })
        .catch((err: unknown) => this.#options.logger.debug({ err }, 'a key could not be kept in Redis'));
    }
  }

  /** False where it is nothing new. */
  #learn(target: Target, held: Held<Target>, answer: unknown): boolean {
    const [epoch, sealed] = Array.isArray(answer) ? answer : [];
    if (typeof epoch !== 'number' || typeof sealed !== 'string') return false;
    if (held.newest !== null && epoch <= held.newest.epoch) return false;
    try {
      held.newest = { epoch, key: this.#open(target, sealed) };
      held.sealed = sealed;
      return true;
    } catch (err) {
      this.#options.logger.error(
        { err },
        'a key of a channel cannot be opened: do all nodes have the same cluster.secret?',
      );
      return false;
    }
  }

  #seal(target: Target, key: Uint8Array): string {
    const nonce = randomBytes(SEAL.nonceBytes);
    const cipher = createCipheriv(SEAL.algorithm, this.#sealingKey, nonce);
    cipher.setAAD(Buffer.from(String(target)));
    return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  #open(target: Target, sealed: string): Uint8Array {
    const bytes = Buffer.from(sealed, 'base64');
    const options = { authTagLength: SEAL.tagBytes };
    const nonce = bytes.subarray(0, SEAL.nonceBytes);
    const decipher = createDecipheriv(SEAL.algorithm, this.#sealingKey, nonce, options);
    decipher.setAAD(Buffer.from(String(target)));
    decipher.setAuthTag(bytes.subarray(-SEAL.tagBytes));
    const key = decipher.update(bytes.subarray(SEAL.nonceBytes, -SEAL.tagBytes));
    decipher.final();
    return new Uint8Array(key);
  }
}
