import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { IdentityWatch } from '../auth/identity-watch.js';
import type { Channel } from '../channels/channel.entity.js';
import type { ChannelService } from '../channels/channel.service.js';
import { AppError } from '../errors.js';
import type { DomainEvent } from '../events/domain-event.js';
import type { ChannelId, OrganizationId, SessionId, UserId } from '../ids.js';
import { holdsEverything } from '../permissions/evaluate.js';
import type { LoadedPolicy, PermissionService } from '../permissions/permission.service.js';
import { RepeatedTask } from '../repeated-task.js';
import { systemContext, type UserActor } from '../request-context.js';
import type { PresentSession, Session } from '../sessions/session.js';
import type { SessionService } from '../sessions/session.service.js';
import { BoundedLog } from './bounded-log.js';
import type { LiveChange, LiveChannel, LiveEvent, OccupancyChange } from './live-event.js';
import { LiveView } from './live-view.js';

/** What a stream asks. */
export interface LivePorts {
  readonly permissions: PermissionService;
  readonly channels: ChannelService;
  readonly sessions: SessionService;
  readonly identities: IdentityWatch;
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

/** Who reads a stream, and wants to know when there is something. */
export interface StreamListener {
  /** The user whose rights must be known; null for a platform admin, who holds everything. */
  readonly userId: UserId | null;
  wake(): void;
}

/** So many events can be told again to who comes back. */
const LOG_CAPACITY = 1024;
/** So many beginnings and ends of talks wait for a slow reader. */
const TALKS_CAPACITY = 512;
/** So often the sessions are loaded again to find what no event has told. */
const MAX_HEAL_ATTEMPTS = 3;

const SYSTEM = systemContext('live');

/**
 * What happens in one organization, in a log that all its readers share, with the state that it leads to. A change of
 * rights stops the readers until the new rights are loaded: nothing is told that somebody may not know any more.
 */
export class LiveStream {
  readonly organizationId: OrganizationId;
  /** Names the log: a cursor of another one says nothing about this one. */
  readonly id = randomUUID();
  readonly view = new LiveView();
  readonly log = new BoundedLog<LiveEvent>(LOG_CAPACITY);
  /** Who begins and ends to speak: not told again later, so it has no place in the log. */
  readonly talks = new BoundedLog<LiveEvent<OccupancyChange>>(TALKS_CAPACITY);
  readonly #ports: LivePorts;
  readonly #listeners = new Set<StreamListener>();
  readonly #reloading: RepeatedTask;
  /** Events that came before the sessions were loaded. */
  #early: DomainEvent[] | null = [];
  #rights: LoadedPolicy | null = null;
  #channels: ReadonlyMap<ChannelId, LiveChannel> = new Map();
  /** Where channels stand, with those that are gone: who was in them is still to be told to leave. */
  readonly #parents = new Map<ChannelId, ChannelId | null>();
  #placesVersion = 0;
  #eventCount = 0;
  #doubts = 1;
  #settledDoubts = 0;
  #isGone = false;

  constructor(organizationId: OrganizationId, ports: LivePorts) {
    this.organizationId = organizationId;
    this.#ports = ports;
    this.#reloading = new RepeatedTask(() => this.#reload(), ports.logger, 'a live stream');
  }

  get readerCount(): number {
    return this.#listeners.size;
  }

  /** False while rights are loaded that have changed: nothing may be told then. */
  get isTrusted(): boolean {
    return this.#doubts === this.#settledDoubts;
  }

  /** True once the organization is deleted: nothing follows what is in the log. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** False until the view has been loaded. */
  get isLoaded(): boolean {
    return this.#early === null;
  }

  /** Another number says that channels have moved in the tree. */
  get placesVersion(): number {
    return this.#placesVersion;
  }

  /** Parents and children in any order. */
  get channels(): ReadonlyMap<ChannelId, LiveChannel> {
    return this.#channels;
  }

  /** Resolves when the sessions and the rights of all present listeners are loaded. Throws UNAVAILABLE where the database is away. */
  async load(): Promise<void> {
    await this.#reloading.run();
    if (this.#early !== null) await this.#loadSessions();
  }

  add(listener: StreamListener): void {
    this.#listeners.add(listener);
  }

  remove(listener: StreamListener): void {
    this.#listeners.delete(listener);
  }

  /** Takes in what has happened. */
  take(event: DomainEvent): void {
    this.#eventCount += 1;
    if (this.#early === null) this.#append(this.view.apply(event, (id) => this.#find(id)));
    else this.#early.push(event);
    if (changesRights(event)) this.doubt();
  }

  /** Finds what an event should have told that was lost. */
  async heal(): Promise<void> {
    for (let attempt = 0; attempt < MAX_HEAL_ATTEMPTS && this.#early === null; attempt += 1) {
      const before = this.#eventCount;
      const truth = await this.#readSessions();
      // What happened meanwhile may be in what was read, or not.
      if (this.#eventCount !== before) continue;
      this.#append(this.view.replace(truth));
      return;
    }
  }

  /** True where the organization is within the actor's reach. */
  isReachedBy(actor: UserActor): boolean {
    const mayRead = actor.scopes === null || actor.scopes.includes('read');
    return mayRead && (actor.platformAdmin || actor.organizationId === this.organizationId);
  }

  /** True where the actor holds everything in the organization. */
  isManagedBy(actor: UserActor): boolean {
    if (actor.platformAdmin) return true;
    const subject = this.#rights?.subjects.get(actor.userId);
    return this.#rights !== null && subject !== undefined && holdsEverything(this.#rights.policy, subject);
  }

  /** True for the channel itself and for all below it. */
  isWithin(channelId: ChannelId, ancestorId: ChannelId): boolean {
    let current: ChannelId | null = channelId;
    for (let steps = 0; current !== null && steps <= this.#parents.size; steps += 1) {
      if (current === ancestorId) return true;
      current = this.#parents.get(current) ?? null;
    }
    return false;
  }

  close(): void {
    this.#reloading.stop();
    this.#isGone = true;
    this.#wake();
  }

  /** Tells nothing until rights, channels and logins were looked at again. */
  doubt(): void {
    this.#doubts += 1;
    this.#reloading.runUntilDone();
  }

  /** Everybody's rights, and whether everybody is still who they were. */
  async #reload(): Promise<void> {
    const doubts = this.#doubts;
    const { permissions, channels, identities } = this.#ports;
    const userIds = [...new Set([...this.#listeners].flatMap(({ userId }) => userId ?? []))];
    try {
      const [rights, tree] = await Promise.all([
        permissions.policyOf(SYSTEM, this.organizationId, userIds),
        channels.tree(SYSTEM, this.organizationId),
        identities.lookNow(),
      ]);
      this.#rights = rights;
      this.#takeTree(tree);
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'NOT_FOUND')) throw error;
      this.#isGone = true;
    }
    this.#settledDoubts = doubts;
    this.#wake();
  }

  #takeTree(tree: readonly Channel[]): void {
    for (const { id, parentId } of tree) {
      const former = this.#parents.get(id);
      if (former !== undefined && former !== parentId) this.#placesVersion += 1;
      this.#parents.set(id, parentId);
    }
    this.#channels = new Map(tree.map((channel) => [channel.id, toLiveChannel(channel)]));
    if (this.#parents.size <= 2 * this.#channels.size + LOG_CAPACITY) return;
    for (const id of this.#parents.keys()) if (!this.#channels.has(id)) this.#parents.delete(id);
  }

  /** What happens while this reads is taken in afterwards: it may be in what was read already, which changes nothing. */
  async #loadSessions(): Promise<void> {
    const truth = await this.#readSessions();
    if (this.#early === null) return;
    this.view.replace(truth);
    for (const event of this.#early) this.view.apply(event, (id) => this.#find(id));
    this.#early = null;
    this.#wake();
  }

  #readSessions(): Promise<readonly PresentSession[]> {
    return this.#ports.sessions.allPresent(SYSTEM, this.organizationId);
  }

  #find(id: SessionId): Session | undefined {
    return this.#ports.sessions.isOpen(id) ? this.#ports.sessions.get(SYSTEM, id) : undefined;
  }

  #append(changes: readonly LiveChange[]): void {
    if (changes.length === 0) return;
    const [at, atMs] = [new Date(), this.#ports.nowMs()];
    for (const change of changes) {
      if (isTalk(change)) this.talks.append({ sequence: this.log.last, at, atMs, change });
      else this.log.append({ sequence: this.log.last + 1, at, atMs, change });
    }
    this.#wake();
  }

  #wake(): void {
    for (const listener of this.#listeners) listener.wake();
  }
}

/** Everything but who is where: it may concern who may be told what. */
function changesRights({ type }: DomainEvent): boolean {
  switch (type) {
    case 'session_opened':
    case 'session_changed':
    case 'session_closed':
    case 'channel_joined':
    case 'channel_left':
    case 'speaking_changed':
      return false;
    default:
      return true;
  }
}

function isTalk(change: LiveChange): change is OccupancyChange {
  return change.kind === 'occupancy' && (change.type === 'speaking_started' || change.type === 'speaking_stopped');
}

function toLiveChannel({ id, parentId, name, position, maxUsers, passwordHash, version }: Channel): LiveChannel {
  return { id, parentId, name, position, maxUsers, hasPassword: passwordHash !== null, version };
}
