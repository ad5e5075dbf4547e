/** Domain events of many nodes, through Redis. */
import { randomUUID } from 'node:crypto';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Logger } from 'pino';
import { type RedisLink, redisIsAway } from '../redis/redis-link.js';
import type { DomainEvent, EventCause } from './domain-event.js';
import type { EventBus, EventListener } from './event-bus.js';
import type { MemoryEventBus } from './memory-event-bus.js';

const CHANNEL = 'parley:events';

/** An event on its way. Nodes count what they send, so that others see what they have missed. */
interface Envelope {
  readonly node: string;
  /** Counts up from 1 in each node. */
  readonly sequence: number;
  readonly event: DomainEvent;
  readonly cause: EventCause | null;
  /** What {@link EventCompanion.attach} has added. */
  readonly attached?: unknown;
}

/** What goes along with events from node to node: the state that they tell of, so that nobody has to ask for it. */
export interface EventCompanion {
  /** What is to go along with an event of this node; undefined for nothing. */
  attach(event: DomainEvent): unknown;
  /** An event of another node has come, and listeners are about to be told. */
  received(event: DomainEvent, attached: unknown, node: string): void;
}

export interface RedisEventBusOptions {
  readonly link: RedisLink;
  /** Tells the listeners of this node. */
  readonly local: MemoryEventBus;
  /** The id of this node: another one after each start. */
  readonly node?: string;
  readonly companion?: EventCompanion;
  readonly logger: Logger;
}

/**
 * Listeners of this node are told at once, as without Redis; those of other nodes through it. Redis forgets what nobody
 * hears: a number that is left out, and a connection that was away, say so, and listeners read the truth anew.
 */
export class RedisEventBus implements EventBus {
  readonly #options: RedisEventBusOptions;
  readonly #pubSub: RedisPubSub;
  readonly #node: string;
  readonly #sequenceOf = new Map<string, number>();
  readonly #missedListeners = new Set<() => void>();
  #sequence = 0;
  #isFailing = false;

  /** Resolves when it hears other nodes. Throws AppError UNAVAILABLE. */
  static async start(options: RedisEventBusOptions): Promise<RedisEventBus> {
    const bus = new RedisEventBus(options);
    try {
      await bus.#pubSub.subscribe<Envelope>(CHANNEL, (envelope) => bus.#receive(envelope));
    } catch (error) {
      throw redisIsAway(error);
    }
    options.link.subscriber.on('ready', () => bus.#missed());
    return bus;
  }

  private constructor(options: RedisEventBusOptions) {
    this.#options = options;
    this.#node = options.node ?? randomUUID();
    const { commands: publisher, subscriber } = options.link;
    this.#pubSub = new RedisPubSub({ publisher, subscriber });
  }

  publish(event: DomainEvent, cause: EventCause | null = null): void {
    this.#options.local.publish(event, cause);
    this.#sequence += 1;
    const attached = this.#options.companion?.attach(event);
    const envelope: Envelope = { node: this.#node, sequence: this.#sequence, event, cause, attached };
    this.#pubSub.publish(CHANNEL, envelope).then(
      () => {
        this.#isFailing = false;
      },
      (err: unknown) => {
        // The next one that gets through has a number that tells what is missing.
        if (!this.#isFailing) this.#options.logger.warn({ err }, 'other nodes are not told of events');
        this.#isFailing = true;
      },
    );
  }

  subscribe(listener: EventListener): () => void {
    return this.#options.local.subscribe(listener);
  }

  onMissed(listener: () => void): () => void {
    this.#missedListeners.add(listener);
    return () => this.#missedListeners.delete(listener);
  }

  #receive({ node, sequence, event, cause = null, attached }: Envelope): void {
    if (node === this.#node) return;
    const former = this.#sequenceOf.get(node);
    if (former !== undefined && sequence <= former) return;
    this.#sequenceOf.set(node, sequence);
    if (former !== undefined && sequence !== former + 1) this.#missed();
    this.#options.companion?.received(event, attached, node);
    this.#options.local.publish(event, cause);
  }

  #missed(): void {
    for (const listener of this.#missedListeners) listener();
  }
}
