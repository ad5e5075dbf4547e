import { invalidInput } from '../errors.js';
import type { ChannelId } from '../ids.js';
import type { UserActor } from '../request-context.js';
import type {
  GapReason,
  LiveChannel,
  LiveEvent,
  LiveMessage,
  LiveScope,
  LiveSession,
  OccupancyChange,
  OrganizationEventType,
} from './live-event.js';
import type { LiveStream, StreamListener } from './live-stream.js';

/** Told what a reader got and what it missed. */
export interface ReaderObserver {
  delivered(event: LiveEvent): void;
  /** How many events a reader was too slow for. */
  dropped(events: number): void;
  closed(reader: LiveReader): void;
}

export interface LiveReaderOptions {
  readonly scope: LiveScope;
  /** The cursor after which to go on, or null to begin with a snapshot. */
  readonly after: string | null;
  /** Who reads, as last known; undefined for somebody whose token does not hold any more. */
  readonly actor: () => UserActor | undefined;
  readonly observer: ReaderObserver;
}

/** Sessions or channels in one part of a snapshot: a part that waits to be sent is all that a slow reader costs. */
const SNAPSHOT_PART = 50;

/** What only who holds everything in the organization is told. */
const FOR_MANAGERS: ReadonlySet<OrganizationEventType> = new Set(['ban_created', 'ban_lifted']);

/**
 * One who reads a stream. It keeps no queue: it has a place in the stream's log, and whoever falls behind the log is told
 * so by a Gap and begins anew. What it may know is asked for each message.
 */
export class LiveReader implements StreamListener, AsyncIterableIterator<LiveMessage> {
  readonly #stream: LiveStream;
  readonly #options: LiveReaderOptions;
  /** Parts of snapshots, gaps, and talks that go on: what comes before the log. */
  #pending: LiveMessage[] = [];
  #needsSnapshot = false;
  #sequence = 0;
  #talk = 0;
  #placesVersion = 0;
  #resume: (() => void) | null = null;
  #isStarted = false;
  #isClosed = false;

  /** Throws INVALID_INPUT for a cursor that is none. */
  constructor(stream: LiveStream, options: LiveReaderOptions) {
    this.#stream = stream;
    this.#options = options;
    if (options.after !== null) readCursor(options.after);
  }

  get userId() {
    const actor = this.#options.actor();
    return actor === undefined || actor.organizationId !== this.#stream.organizationId ? null : actor.userId;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<LiveMessage>> {
    while (!this.#isClosed) {
      const message = this.#step();
      if (message !== null) return { value: message, done: false };
      if (this.#isClosed) break;
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
    }
    return { value: undefined, done: true };
  }

  async return(): Promise<IteratorResult<LiveMessage>> {
    this.close();
    return { value: undefined, done: true };
  }

  wake(): void {
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pending = [];
    this.#options.observer.closed(this);
    this.wake();
  }

  /** The next message, or null where there is none for now. */
  #step(): LiveMessage | null {
    const stream = this.#stream;
    const actor = this.#options.actor();
    if (actor === undefined) this.close();
    if (actor === undefined || !stream.isTrusted) return null;
    if (!stream.isGone && !stream.isReachedBy(actor)) this.close();
    if (this.#isClosed) return null;
    if (!this.#isStarted) this.#start();
    this.#noticeGaps();
    const [pending] = this.#pending.splice(0, 1);
    if (pending !== undefined) return pending;
    if (this.#needsSnapshot) return this.#snapshot();
    const event = this.#nextEvent(actor);
    if (event !== null) return event;
    if (stream.isGone) this.close();
    return null;
  }

  #start(): void {
    this.#isStarted = true;
    this.#placesVersion = this.#stream.placesVersion;
    const { after } = this.#options;
    if (after === null) {
      this.#needsSnapshot = true;
      return;
    }
    const { id, sequence } = readCursor(after);
    const { log, talks } = this.#stream;
    if (id !== this.#stream.id || sequence > log.last) {
      this.#leap('unknown_cursor');
    } else if (sequence < log.horizon) {
      this.#leap('behind');
    } else {
      this.#sequence = sequence;
      this.#talk = talks.last;
      this.#pending = this.#presentTalks();
    }
  }

  /** Begins anew with a snapshot. */
  #leap(cause: GapReason): void {
    this.#pending = [{ message: 'gap', cause }];
    this.#needsSnapshot = true;
    this.#sequence = this.#stream.log.last;
    this.#talk = this.#stream.talks.last;
    this.#placesVersion = this.#stream.placesVersion;
  }

  #noticeGaps(): void {
    const { log, talks, placesVersion } = this.#stream;
    const { scope, observer } = this.#options;
    if (this.#needsSnapshot) return;
    if (this.#sequence < log.horizon || this.#talk < talks.horizon) {
      observer.dropped(log.last - this.#sequence + talks.last - this.#talk);
      this.#leap('behind');
    } else if (this.#placesVersion !== placesVersion) {
      this.#placesVersion = placesVersion;
      if (scope.kind === 'occupancy' && scope.channelId !== null && scope.subtree) this.#leap('scope_changed');
    }
  }

  /** The first part of what is now; the others wait. They fit together, since nothing in them is ever changed. */
  #snapshot(): LiveMessage {
    const { log, talks, organizationId, channels } = this.#stream;
    const { scope } = this.#options;
    this.#needsSnapshot = false;
    this.#sequence = log.last;
    this.#talk = talks.last;
    const common = { organizationId, cursor: this.#cursor(log.last) };
    const parts: LiveMessage[] =
      scope.kind === 'organization'
        ? inParts([...channels.values()]).map(({ isLast, items }) => ({
            ...{ message: 'organization_snapshot', ...common, isLast, channels: items },
          }))
        : inParts(this.#presentSessions()).map(({ isLast, items }) => ({
            ...{ message: 'session_snapshot', ...common, isLast, sessions: items },
          }));
    const [first, ...others] = parts;
    if (first === undefined) throw new Error('a snapshot has at least one part');
    this.#pending.push(...others);
    return first;
  }

  #presentSessions(): readonly LiveSession[] {
    const { scope } = this.#options;
    const sessions = [...this.#stream.view.sessions];
    return scope.kind === 'occupancy'
      ? sessions.filter(({ channelIds }) => channelIds.some((id) => this.#covers(id)))
      : sessions;
  }

  #nextEvent(actor: UserActor): LiveMessage | null {
    const { log, talks, view } = this.#stream;
    while (this.#sequence < log.last) {
      this.#sequence += 1;
      const event = log.at(this.#sequence);
      if (event !== undefined && this.#wants(event, actor)) return this.#tell(event);
    }
    while (this.#talk < talks.last) {
      this.#talk += 1;
      const event = talks.at(this.#talk);
      if (event !== undefined && isCurrent(event, view) && this.#wants(event, actor)) return this.#tell(event);
    }
    return null;
  }

  #wants({ change }: LiveEvent, actor: UserActor): boolean {
    const { scope } = this.#options;
    if (change.kind !== scope.kind) return false;
    if (change.kind === 'organization' && scope.kind === 'organization') {
      if (FOR_MANAGERS.has(change.type) && !this.#stream.isManagedBy(actor)) return false;
      return scope.types === null || scope.types.has(change.type);
    }
    return change.kind !== 'occupancy' || placesOf(change).some((id) => this.#covers(id));
  }

  #covers(channelId: ChannelId): boolean {
    const { scope } = this.#options;
    if (scope.kind !== 'occupancy') return false;
    if (scope.channelId === null || scope.channelId === channelId) return true;
    return scope.subtree && this.#stream.isWithin(channelId, scope.channelId);
  }

  #tell(event: LiveEvent): LiveMessage {
    this.#options.observer.delivered(event);
    return { message: 'event', cursor: this.#cursor(event.sequence), event, channel: this.#channelOf(event) };
  }

  #channelOf({ change }: LiveEvent): LiveChannel | null {
    if (change.kind !== 'organization' || change.channelId === null) return null;
    return this.#stream.channels.get(change.channelId) ?? null;
  }

  /** Talks are not told again, so who comes back is told of those that go on. */
  #presentTalks(): LiveMessage[] {
    const { view, talks } = this.#stream;
    const { scope } = this.#options;
    if (scope.kind !== 'occupancy') return [];
    const latest = new Map<string, LiveEvent>();
    for (let number = talks.horizon + 1; number <= talks.last; number += 1) {
      const event = talks.at(number);
      if (event === undefined || !isCurrent(event, view)) continue;
      const { type, channelId, session } = event.change;
      if (type === 'speaking_started' && channelId !== null && this.#covers(channelId)) {
        latest.set(`${session.id} ${channelId}`, event);
      }
    }
    return [...latest.values()].map((event) => ({
      message: 'event',
      cursor: this.#cursor(this.#sequence),
      event: { ...event, sequence: this.#sequence },
      channel: null,
    }));
  }

  #cursor(sequence: number): string {
    return `${this.#stream.id}.${sequence}`;
  }
}

/** False for a talk that has gone on meanwhile, or whose session is gone: the last one says it all. */
function isCurrent({ change }: LiveEvent<OccupancyChange>, view: LiveStream['view']): boolean {
  const { channelId, session, type } = change;
  const present = view.find(session.id);
  if (channelId === null || present === undefined || !present.channelIds.includes(channelId)) return false;
  return present.speakingChannelIds.includes(channelId) === (type === 'speaking_started');
}

function placesOf({ channelId, toChannelId, session }: OccupancyChange): readonly ChannelId[] {
  if (channelId === null) return session.channelIds;
  return toChannelId === null ? [channelId] : [channelId, toChannelId];
}

/** At least one part, which may be empty. */
function inParts<Item extends LiveSession | LiveChannel>(items: readonly Item[]) {
  const count = Math.max(1, Math.ceil(items.length / SNAPSHOT_PART));
  return Array.from({ length: count }, (_, index) => {
    const part = items.slice(index * SNAPSHOT_PART, (index + 1) * SNAPSHOT_PART);
    return { isLast: index === count - 1, items: part };
  });
}

const CURSOR = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]{1,15})$/;

function readCursor(cursor: string): { readonly id: string; readonly sequence: number } {
  const [, id, digits] = CURSOR.exec(cursor) ?? [];
  if (id === undefined || digits === undefined) throw invalidInput(['after'], 'This is not a cursor of a stream.');
  return { id, sequence: Number(digits) };
}
