import type { Logger } from 'pino';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { OrganizationId } from '../ids.js';
import type { OrganizationService } from '../organizations/organization.service.js';
import { cursorOf, MAX_PAGE_SIZE } from '../pagination.js';
import type { RedisLink } from '../redis/redis-link.js';
import { RepeatedTask } from '../repeated-task.js';
import { systemContext } from '../request-context.js';
import type { ChannelService } from './channel.service.js';

export interface RedisChannelSetsOptions {
  readonly link: RedisLink;
  readonly events: EventBus;
  readonly organizations: OrganizationService;
  readonly channels: ChannelService;
  readonly logger: Logger;
}

const SYSTEM = systemContext('redis-channels');

/**
 * Shows other tools which channels an organization has: `org_channels:{org_id}`, a set of channel ids. The database is the
 * truth: each change makes the organization's set anew from it, and whatever may have been lost makes all of them anew.
 */
export class RedisChannelSets {
  readonly #options: RedisChannelSetsOptions;
  readonly #changed = new Set<OrganizationId>();
  readonly #writing: RepeatedTask;
  readonly #closers: (() => void)[];
  #isComplete = false;

  constructor(options: RedisChannelSetsOptions) {
    this.#options = options;
    this.#writing = new RepeatedTask(() => this.#write(), options.logger, 'the list of channels in Redis');
    const { events, link } = options;
    const onReady = () => this.#showAll();
    link.commands.on('ready', onReady);
    this.#closers = [
      events.subscribe((event) => this.#onEvent(event)),
      events.onMissed(onReady),
      () => link.commands.off('ready', onReady),
    ];
    this.#showAll();
  }

  /** Resolves when what has happened so far is shown. Rejects where the database or Redis is away. */
  shown(): Promise<void> {
    return this.#writing.run();
  }

  close(): void {
    for (const close of this.#closers) close();
    this.#writing.stop();
  }

  #onEvent({ type, organizationId }: DomainEvent): void {
    switch (type) {
      case 'organization_created':
      case 'organization_deleted':
      case 'channel_created':
      case 'channel_deleted':
        this.#changed.add(organizationId);
        this.#writing.runUntilDone();
        break;
      default:
    }
  }

  #showAll(): void {
    this.#isComplete = false;
    this.#writing.runUntilDone();
  }

  async #write(): Promise<void> {
    const isComplete = this.#isComplete;
    this.#isComplete = true;
    const changed = [...this.#changed];
    this.#changed.clear();
    try {
      for (const id of isComplete ? changed : await this.#organizations(changed)) await this.#writeOne(id);
    } catch (error) {
      if (!isComplete) this.#isComplete = false;
      for (const id of changed) this.#changed.add(id);
      throw error;
    }
  }

  /** In one step, so that nobody sees a part. An organization that is gone has no channels. */
  async #writeOne(id: OrganizationId): Promise<void> {
    const { channels, link } = this.#options;
    const ids = (await channels.tree(SYSTEM, id)).map((channel) => channel.id);
    const key = `org_channels:${id}`;
    const transaction = link.commands.multi().del(key);
    await (ids.length === 0 ? transaction : transaction.sadd(key, ...ids)).exec();
  }

  async #organizations(also: readonly OrganizationId[]): Promise<ReadonlySet<OrganizationId>> {
    const found = new Set(also);
    for (let after: string | null = null; ; ) {
      const page = await this.#options.organizations.list(SYSTEM, { first: MAX_PAGE_SIZE, after });
      for (const { id } of page.items) found.add(id);
      const last = page.items.at(-1);
      if (!page.hasNextPage || last === undefined) return found;
      after = cursorOf(last.id);
    }
  }
}
