import { invalidInput } from '../errors.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { OrganizationId } from '../ids.js';
import type { RequestContext, UserActor } from '../request-context.js';
import type { LiveEvent, LiveScope } from './live-event.js';
import { LiveFigures, type LiveFiguresSummary } from './live-figures.js';
import { LiveReader, type ReaderObserver } from './live-reader.js';
import { type LivePorts, LiveStream } from './live-stream.js';
import type { LiveView } from './live-view.js';

export interface LiveServiceOptions extends LivePorts {
  readonly events: EventBus;
}

/** What somebody wants to read. */
export interface LiveRequest {
  /** Null for the actor's own organization. */
  readonly organizationId: OrganizationId | null;
  readonly scope: LiveScope;
  /** A cursor of an event that was read before, or null. */
  readonly after: string | null;
}

/** How the streams are doing. */
export interface LiveCounters extends LiveFiguresSummary {
  readonly readers: number;
}

/** How long a stream without readers is kept for those who come back, in milliseconds. */
const IDLE_MS = 120_000;
/** How often what no event has told is looked for, in milliseconds. */
const HEAL_INTERVAL_MS = 5000;

/** Tells whoever may know what happens in an organization while it happens. */
export class LiveService implements ReaderObserver {
  readonly #options: LiveServiceOptions;
  readonly #streams = new Map<OrganizationId, LiveStream>();
  readonly #idleSinceMs = new Map<OrganizationId, number>();
  readonly #streamOf = new Map<LiveReader, LiveStream>();
  readonly #figures: LiveFigures;
  readonly #unsubscribe: () => void;
  readonly #unsubscribeMissed: () => void;
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: LiveServiceOptions) {
    this.#options = options;
    this.#figures = new LiveFigures(options.nowMs);
    this.#unsubscribe = options.events.subscribe((event) => this.#onEvent(event));
    this.#unsubscribeMissed = options.events.onMissed(() => this.#onMissed());
    this.#timer = setInterval(() => this.#tend(), HEAL_INTERVAL_MS);
  }

  /**
   * A reader of what the actor may know. `actor` says who they are at any later time, undefined once they may not read
   * any more. Throws NOT_FOUND, UNAUTHENTICATED, PERMISSION_DENIED for an API key that may not read, INVALID_INPUT for a
   * cursor that is none, and UNAVAILABLE.
   */
  async read(
    ctx: RequestContext,
    { organizationId, scope, after }: LiveRequest,
    actor: () => UserActor | undefined,
  ): Promise<LiveReader> {
    const { permissions, channels } = this.#options;
    permissions.requireLogin(ctx);
    const channel = scope.kind === 'occupancy' && scope.channelId !== null ? scope.channelId : null;
    const of =
      channel === null ? (organizationId ?? ownOrganization(ctx)) : (await channels.get(ctx, channel)).organizationId;
    // Asks for its existence, and of an API key whether it may read.
    await permissions.policyOf(ctx, of, []);
    const stream = this.#streams.get(of) ?? this.#open(of);
    const reader = new LiveReader(stream, { scope, after, actor, observer: this });
    stream.add(reader);
    this.#streamOf.set(reader, stream);
    this.#idleSinceMs.delete(of);
    try {
      await stream.load();
    } catch (error) {
      reader.close();
      throw error;
    }
    if (this.#isClosed) reader.close();
    return reader;
  }

  /** Who is where as subscribers of the organization are told; undefined while nobody subscribes. Only the server itself asks. */
  viewOf(organizationId: OrganizationId): LiveView | undefined {
    const stream = this.#streams.get(organizationId);
    return stream?.isLoaded === true && !stream.isGone ? stream.view : undefined;
  }

  counters(): LiveCounters {
    return { readers: this.#streamOf.size, ...this.#figures.summary() };
  }

  delivered(event: LiveEvent): void {
    this.#figures.delivered(event);
  }

  dropped(events: number): void {
    this.#figures.dropped(events);
  }

  closed(reader: LiveReader): void {
    const stream = this.#streamOf.get(reader);
    this.#streamOf.delete(reader);
    stream?.remove(reader);
    if (stream?.readerCount === 0) this.#idleSinceMs.set(stream.organizationId, this.#options.nowMs());
  }

  /** Ends all readers. */
  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    this.#unsubscribeMissed();
    clearInterval(this.#timer);
    for (const reader of [...this.#streamOf.keys()]) reader.close();
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  #open(organizationId: OrganizationId): LiveStream {
    const stream = new LiveStream(organizationId, this.#options);
    this.#streams.set(organizationId, stream);
    return stream;
  }

  #onEvent(event: DomainEvent): void {
    this.#streams.get(event.organizationId)?.take(event);
  }

  /** Rights may have changed that nobody has told of, and who is where. */
  #onMissed(): void {
    for (const stream of this.#streams.values()) stream.doubt();
    this.#tend();
  }

  #tend(): void {
    const nowMs = this.#options.nowMs();
    for (const [id, stream] of this.#streams) {
      const idleSinceMs = this.#idleSinceMs.get(id);
      if (stream.isGone || (idleSinceMs !== undefined && nowMs - idleSinceMs >= IDLE_MS)) this.#drop(id, stream);
      else
        void stream
          .heal()
          .catch((err: unknown) => this.#options.logger.warn({ err }, 'a live stream cannot be checked'));
    }
  }

  #drop(id: OrganizationId, stream: LiveStream): void {
    this.#streams.delete(id);
    this.#idleSinceMs.delete(id);
    stream.close();
  }
}

function ownOrganization({ actor }: RequestContext): OrganizationId {
  if (actor.kind === 'user' && actor.organizationId !== null) return actor.organizationId;
  throw invalidInput(['organizationId'], 'Users of the platform have to say which organization.');
}
