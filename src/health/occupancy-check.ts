import type { EventBus } from '../events/event-bus.js';
import type { ChannelId, OrganizationId, SessionId } from '../ids.js';
import type { LiveService } from '../live/live.service.js';
import type { Occupancy } from '../occupancy/occupancy.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import type { RedisAccount } from '../occupancy/redis-account.js';
import { systemContext } from '../request-context.js';
import type { PresentSession, Session } from '../sessions/session.js';
import type { SessionService } from '../sessions/session.service.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import type { OrganizationView } from '../voice/organization-view.js';
import type { RelayFeed } from '../voice/relay-feed.js';
import { ChannelAllowances } from './channel-allowances.js';
import type { Difference, Invariant } from './invariants.js';

export interface OccupancyCheckPorts {
  readonly registry: SessionRegistry;
  readonly store: Occupancy;
  /** Null where there is no Redis. */
  readonly redis: { readonly account: RedisAccount; readonly node: string } | null;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  readonly feed: RelayFeed;
  readonly live: LiveService;
  readonly events: EventBus;
  readonly maxConnections: number;
  readonly maxJoinedChannels: number;
}

/** The sessions of one organization that this node has, and the channels that each says it is in. */
type Known = ReadonlyMap<Session, ReadonlySet<ChannelId>>;
type Members = ReadonlyMap<ChannelId, readonly SessionId[]>;

const SYSTEM = systemContext('invariants');

/** Compares all places that say who is where, once. What a place that is away would say is left out. */
export class OccupancyCheck {
  readonly #ports: OccupancyCheckPorts;
  readonly #allowances = new ChannelAllowances();
  readonly #unsubscribe: () => void;
  #isFirst = true;

  constructor(ports: OccupancyCheckPorts) {
    this.#ports = ports;
    this.#unsubscribe = ports.events.subscribe((event) => {
      if (event.type === 'channel_updated') this.#allowances.changed(event.channelId);
      if (event.type === 'channel_deleted') this.#allowances.forget(event.channelId);
    });
  }

  /** The organizations of which anybody is here, each with the number of its sessions. */
  organizations(): ReadonlyMap<OrganizationId, number> {
    const { registry } = this.#ports;
    return new Map(registry.organizationIds.map((id) => [id, registry.localOf(id).length]));
  }

  /** What concerns the node as a whole. */
  async lookAtNode(): Promise<readonly Difference[]> {
    const { registry, redis, maxConnections } = this.#ports;
    this.#isFirst = false;
    const found: Difference[] = [];
    if (registry.size > maxConnections) found.push({ invariant: 'quotas', subject: 'sessions of this node' });
    const stored = redis === null ? null : await orNull(redis.account.sessionsOfNode(redis.node));
    for (const id of stored ?? []) {
      if (registry.find(id) === undefined) found.push({ invariant: 'stored_members', subject: `session ${id}` });
    }
    return found;
  }

  /** What concerns one organization. */
  async look(organizationId: OrganizationId): Promise<readonly Difference[]> {
    const { registry, store, sessions, occupancy, feed } = this.#ports;
    const known = new Map<Session, ReadonlySet<ChannelId>>();
    for (const session of registry.localOf(organizationId)) {
      known.set(session, new Set(await store.channelsOf(session.id)));
    }
    const told = await sessions.allPresent(SYSTEM, organizationId);
    const view = feed.viewOf(organizationId);
    const channelIds = new Set([
      ...(view?.facts?.channels.keys() ?? []),
      ...[...known.values()].flatMap((of) => [...of]),
    ]);
    const members = await occupancy.membersOf(SYSTEM, organizationId, [...channelIds]);
    return [
      ...this.#sessionsOf(known),
      ...this.#stored(known, members),
      ...(await this.#storedInRedis(known, members)),
      ...(await this.#relayed(organizationId, known, view)),
      ...this.#told(organizationId, told, members),
      ...this.#crowded(members, view),
    ];
  }

  close(): void {
    this.#unsubscribe();
  }

  #sessionsOf(known: Known): readonly Difference[] {
    const { registry, maxJoinedChannels } = this.#ports;
    const found = [...known].flatMap(([{ id, userId }, channels]): Difference[] => [
      ...(registry.ofUser(userId)?.id === id ? [] : [about('one_session_per_user', id)]),
      ...(channels.size > maxJoinedChannels ? [about('quotas', id)] : []),
    ]);
    return found;
  }

  /** Who is in each channel, against where each of this node's sessions says that it is. */
  #stored(known: Known, members: Members): readonly Difference[] {
    const own = new Set([...known.keys()].map(({ id }) => id));
    return [...members].flatMap(([channelId, ids]) => {
      const expected = [...known].flatMap(([{ id }, channels]) => (channels.has(channelId) ? [id] : []));
      const stored = ids.filter((id) => own.has(id));
      return unequal(expected, stored).map((id) => about('stored_members', id, channelId));
    });
  }

  async #storedInRedis(known: Known, members: Members): Promise<readonly Difference[]> {
    const { redis } = this.#ports;
    if (redis === null) return [];
    const { account, node } = redis;
    const found = await orNull(
      Promise.all([account.sessionsOf([...known.keys()]), account.channelsOf([...members.keys()])]),
    );
    if (found === null) return [];
    const [sessions, channels] = found;
    const ofSessions = [...known].flatMap(([{ id }, expected]): Difference[] => {
      const stored = sessions.get(id);
      if (stored === undefined) return [];
      const isElsewhere = stored.sessionOfUser !== null && stored.sessionOfUser !== id;
      const isKept = stored.node === node && stored.sessionOfUser === id;
      return [
        ...(isElsewhere ? [about('one_session_per_user', id)] : []),
        ...(isKept ? [] : [about('stored_members', id)]),
        ...unequal(expected, stored.channelIds).map((channelId) => about('stored_members', id, channelId)),
        ...unequal(expected, stored.userChannelIds).map((channelId) => about('stored_members', id, channelId)),
      ];
    });
    const ofChannels = [...channels].flatMap(([channelId, { sessionIds, userIds }]): Difference[] => {
      const here = [...known].filter(([, of]) => of.has(channelId)).map(([session]) => session);
      const missing = here
        .filter(({ id }) => !sessionIds.has(id))
        .map(({ id }) => about('stored_members', id, channelId));
      const isWhole = sessionIds.size === userIds.size && here.every(({ userId }) => userIds.has(userId));
      return isWhole
        ? missing
        : [...missing, { invariant: 'stored_members', subject: `users of channel ${channelId}` }];
    });
    return [...ofSessions, ...ofChannels];
  }

  /** What voice knows of this node's sessions, and what the worker of the relay really does. */
  async #relayed(id: OrganizationId, known: Known, view: OrganizationView | undefined): Promise<readonly Difference[]> {
    if (known.size === 0) return [];
    const relay = this.#ports.feed.relayServing(id);
    if (view === undefined || relay === undefined || view.facts === null) {
      return [{ invariant: 'relay_members', subject: `organization ${id}` }];
    }
    const sessionIds = [...known.keys()].map((session) => session.id);
    const channelIds = [...view.facts.channels.keys()];
    const membership = await orNull(relay.membership(channelIds, sessionIds));
    if (membership === null) return [];
    const viewed = [...known].flatMap(([session, channels]): Difference[] => {
      const there = view.sessions.get(session.id);
      if (there === undefined) return [about('relay_members', session.id)];
      return unequal(channels, there.channelIds).map((channelId) => about('relay_members', session.id, channelId));
    });
    const unknown = unequal(sessionIds, membership.sessionIds).map((session) => about('relay_members', session));
    const routes = new Map(membership.routes.map((route) => [route.target, route]));
    const routed = channelIds.flatMap((channelId) => {
      const { listeners, speakers } = routes.get(channelId) ?? { listeners: [], speakers: [] };
      const truth = view.route(channelId, 0);
      const wrong = new Set([...unequal(truth.listeners, listeners), ...unequal(truth.speakers, speakers)]);
      // Whoever is at another node is that node's to look after.
      return [...wrong]
        .filter((session) => !this.#isElsewhere(session))
        .map((session) => about('relay_members', session, channelId));
    });
    return [...viewed, ...unknown, ...routed];
  }

  #isElsewhere(id: SessionId): boolean {
    return this.#ports.registry.homeOf(id) !== null;
  }

  /** Lists of sessions, lists of members, and what subscribers see, which GraphQL tells each from its own place. */
  #told(id: OrganizationId, told: readonly PresentSession[], members: Members): readonly Difference[] {
    const listed = [...members].flatMap(([channelId, ids]) => {
      const present = told.filter(({ channelIds }) => channelIds.includes(channelId)).map((session) => session.id);
      return unequal(present, ids).map((session) => about('told_members', session, channelId));
    });
    const live = this.#ports.live.viewOf(id);
    if (live === undefined) return listed;
    const seen = new Map([...live.sessions].map(({ id: sessionId, channelIds }) => [sessionId, channelIds]));
    const ids = told.map((session) => session.id);
    const strangers = unequal(ids, [...seen.keys()]).map((session) => about('told_members', session));
    const misplaced = told.flatMap((session) =>
      unequal(session.channelIds, seen.get(session.id) ?? session.channelIds).map((channelId) =>
        about('told_members', session.id, channelId),
      ),
    );
    return [...listed, ...strangers, ...misplaced];
  }

  #crowded(members: Members, view: OrganizationView | undefined): readonly Difference[] {
    return [...members].flatMap(([channelId, ids]): Difference[] => {
      const capacity = view?.facts?.channels.get(channelId)?.maxUsers;
      if (capacity === undefined) return [];
      const isPassed = this.#allowances.isPassed(channelId, ids.length, capacity, this.#isFirst);
      return isPassed ? [{ invariant: 'quotas', subject: `channel ${channelId}` }] : [];
    });
  }
}

function about(invariant: Invariant, session: SessionId, channel?: ChannelId): Difference {
  const subject = channel === undefined ? `session ${session}` : `session ${session} in channel ${channel}`;
  return { invariant, subject };
}

/** What is in one of both only. */
function unequal<Id>(left: Iterable<Id>, right: Iterable<Id>): readonly Id[] {
  const [lefts, rights] = [new Set(left), new Set(right)];
  return [...[...lefts].filter((id) => !rights.has(id)), ...[...rights].filter((id) => !lefts.has(id))];
}

/** A place that is away says nothing, and is told of elsewhere. */
function orNull<Result>(asked: Promise<Result>): Promise<Result | null> {
  return asked.catch(() => null);
}
