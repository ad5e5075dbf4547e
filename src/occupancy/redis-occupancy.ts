import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import { type ChannelId, channelId, type SessionId, sessionId, type UserId } from '../ids.js';
import { type RedisLink, redisIsAway } from '../redis/redis-link.js';
import type { Session } from '../sessions/session.js';
import { MemoryOccupancy } from './memory-occupancy.js';
import type { JoinOutcome, Member, Occupancy } from './occupancy.js';
import {
  CLAIM_SESSION,
  END_SESSION,
  FORGET_NODE,
  JOIN,
  LEAVE,
  LEAVE_ALL,
  PUT_SESSION,
  RECLAIM,
  RENEW,
  SESSIONS_OF,
} from './redis-scripts.js';
import { fieldsOf, sessionOfFields } from './session-fields.js';

export interface RedisOccupancyOptions {
  readonly link: RedisLink;
  /** The name of this node: another one after each start. */
  readonly node: string;
  /** A session of this node had to leave a channel, or (null) must end: while the node was cut off its place was taken. */
  readonly onEvicted: (sessionId: SessionId, channelId: ChannelId | null) => void;
  /** False for a session that has ended: whatever is kept of it here is removed with the next look. */
  readonly isOpen: (sessionId: SessionId) => boolean;
  readonly logger: Logger;
  /** How long the node's entries outlive it, in milliseconds; left out, {@link LEASE_MS}. */
  readonly leaseMs?: number;
}

/** How long a node may be silent until others remove what it has left, in milliseconds. With {@link RENEW_INTERVAL_MS} it is under 10 s. */
export const LEASE_MS = 6000;
/** How often a node says that it lives, and looks for those that do not, in milliseconds. */
const RENEW_INTERVAL_MS = 1500;

/** A session of this node, as it must stand in Redis. */
interface KnownSession {
  readonly userId: UserId;
  fields: readonly string[];
  /** The capacity with which it has joined. */
  readonly capacities: Map<ChannelId, number>;
}

/** What became of the claim of a session. */
export interface Claimed {
  /** The session that its user had before, and the node of it. */
  readonly former: { readonly id: SessionId; readonly node: string } | null;
  /** The channels that were taken over from it, in the order of joining. */
  readonly channelIds: readonly ChannelId[];
}

/** A channel that was taken over has a place for the session, whatever its capacity: until that is known. */
const UNKNOWN_CAPACITY = 2 ** 31;

/**
 * Occupancy of many nodes, in Redis: each join is one step there, so no quota is passed. Entries are leased to their node
 * under a token that grows: what a dead node has left is removed by the others, and what a late one writes is refused.
 *
 * What this node has done it also remembers. While Redis is away nobody can join, everybody can leave, and the node goes
 * by what it remembers; afterwards it puts that back. Whatever may have been lost on the way makes it do the same, under a
 * new token, so that what is still on its way is refused when it comes. And each time it renews its lease it compares what
 * Redis says of its sessions with what it remembers: whatever has parted them, seconds later they are the same again.
 */
export class RedisOccupancy implements Occupancy {
  readonly #options: RedisOccupancyOptions;
  readonly #own = new MemoryOccupancy();
  readonly #sessions = new Map<SessionId, KnownSession>();
  readonly #timer: NodeJS.Timeout;
  readonly #onReady = () => void this.tend();
  #token = '';
  #isDirty = false;
  /** How much is on its way to Redis about each session. */
  readonly #underWay = new Map<SessionId, number>();
  /** Sessions about which something was on its way since Redis was asked last what it has. */
  readonly #unsettled = new Set<SessionId>();
  /** How often what this node knows was put back. */
  #reclaims = 0;
  #tending: Promise<void> | null = null;

  /** Resolves when the node has its lease. Throws AppError UNAVAILABLE. */
  static async start(options: RedisOccupancyOptions): Promise<RedisOccupancy> {
    const occupancy = new RedisOccupancy(options);
    try {
      await occupancy.#reclaim();
      return occupancy;
    } catch (error) {
      await occupancy.stop();
      throw redisIsAway(error);
    }
  }

  private constructor(options: RedisOccupancyOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.tend(), RENEW_INTERVAL_MS);
    options.link.commands.on('ready', this.#onReady);
  }

  /** The node that holds the lease: another one after each start. */
  get node(): string {
    return this.#options.node;
  }

  /** The token of the present lease. */
  get token(): string {
    return this.#token;
  }

  /**
   * Makes a session of this node the one session of its user in all nodes: another one is over from now on. Where
   * `inherits` names that one, its channels are taken over without a moment between. Throws UNAVAILABLE, and REPLACED
   * where there is nothing to inherit.
   */
  async claim(session: Session, inherits: SessionId | null): Promise<Claimed> {
    const { node } = this.#options;
    const fields = fieldsOf(session);
    const from = inherits === null ? '' : inherits;
    // It is known before it is claimed: it may end before the answer is here.
    const known = this.#know(session);
    known.fields = fields;
    const before = this.#reclaims;
    try {
      const values = [node, this.#token, session.id, session.userId, from, ...fields];
      const answer = await this.#write(session.id, CLAIM_SESSION, ...values);
      const [verdict, former = '', home = '', ...channels] = Array.isArray(answer) ? answer.map(String) : [];
      if (verdict === 'gone') throw new AppError('REPLACED', 'The session that was to be moved is not there any more.');
      if (verdict !== 'claimed') throw this.#fenced();
      // What was put back meanwhile did not know of the channels.
      if (this.#reclaims !== before) this.#isDirty = true;
      const replaced = former === '' ? null : { id: sessionId(Number(former)), node: home };
      if (this.#sessions.get(session.id) !== known) return { former: replaced, channelIds: [] };
      const channelIds = channels.map((id) => channelId(Number(id)));
      for (const id of channelIds) await this.adopt(session, id, UNKNOWN_CAPACITY);
      return { former: replaced, channelIds };
    } catch (error) {
      if (this.#sessions.get(session.id) === known) this.#sessions.delete(session.id);
      throw error;
    }
  }

  async adopt(member: Member, id: ChannelId, capacity: number): Promise<void> {
    this.#know(member).capacities.set(id, capacity);
    await this.#own.join(id, member, Number.POSITIVE_INFINITY);
  }

  /** The sessions that these nodes have, with the node of each. Throws UNAVAILABLE. */
  async sessionsOf(nodes: readonly string[]): Promise<readonly { readonly session: Session; readonly node: string }[]> {
    try {
      const answer = await this.#eval(SESSIONS_OF, ...nodes);
      return (Array.isArray(answer) ? answer : []).flatMap((entry: unknown) => {
        const [, node, fields] = Array.isArray(entry) ? entry : [];
        const session = Array.isArray(fields) ? sessionOfFields(fields.map(String)) : undefined;
        return session === undefined ? [] : [{ session, node: String(node) }];
      });
    } catch (error) {
      throw redisIsAway(error);
    }
  }

  /** Throws UNAVAILABLE where Redis is away, and REPLACED where the user has a newer session at another node. */
  async join(id: ChannelId, member: Member, capacity: number): Promise<JoinOutcome> {
    const { node } = this.#options;
    const before = this.#reclaims;
    const answer = await this.#write(member.id, JOIN, node, this.#token, member.id, member.userId, id, capacity);
    switch (answer) {
      case 'joined':
        // What was put back meanwhile did not know of this join, and has taken it away again.
        if (this.#reclaims !== before) this.#isDirty = true;
        this.#know(member).capacities.set(id, capacity);
        await this.#own.join(id, member, Number.POSITIVE_INFINITY);
        return 'joined';
      case 'already':
        this.#know(member).capacities.set(id, capacity);
        if ((await this.#own.join(id, member, Number.POSITIVE_INFINITY)) === 'already') return 'already';
        // The answer of a join was lost before, or a leave is on its way that this join came before.
        this.#isDirty = true;
        return 'joined';
      case 'full':
        return 'full';
      case 'superseded':
        throw new AppError('REPLACED', 'You have logged in from somewhere else.');
      default:
        throw this.#fenced();
    }
  }

  async leave(id: ChannelId, session: SessionId): Promise<boolean> {
    const known = this.#sessions.get(session);
    const isStored = known?.capacities.delete(id) === true;
    if (!(await this.#own.leave(id, session))) return false;
    // Who was never shown has ended before its join was answered.
    if (known?.fields.length === 0 && known.capacities.size === 0) await this.endSession(session);
    else if (isStored) await this.#writeAnyway(session, LEAVE, this.#token, session, id);
    return true;
  }

  async leaveAll(session: SessionId): Promise<readonly ChannelId[]> {
    const known = this.#sessions.get(session);
    known?.capacities.clear();
    const left = await this.#own.leaveAll(session);
    // A session that has ended has left everything with that.
    if (left.length > 0 && known !== undefined) await this.#writeAnyway(session, LEAVE_ALL, this.#token, session);
    return left;
  }

  /** Of its own sessions the node knows it best: one that Redis has lost is put back there, and is not silenced meanwhile. */
  async members(id: ChannelId): Promise<readonly SessionId[]> {
    let stored: readonly SessionId[];
    try {
      const members = await this.#options.link.commands.zrange(`parley:channel:${id}`, 0, -1);
      stored = members.map((member) => sessionId(Number(member)));
    } catch {
      // Those of this node are known without Redis, and voice goes on among them.
      return this.#own.members(id);
    }
    const own = new Set(await this.#own.members(id));
    const kept = stored.filter((member) => own.has(member) || !this.#sessions.has(member));
    for (const member of kept) own.delete(member);
    return [...kept, ...own];
  }

  /** Those of a session of another node are not known while Redis is away. */
  async channelsOf(session: SessionId): Promise<readonly ChannelId[]> {
    if (this.#sessions.has(session)) return this.#own.channelsOf(session);
    try {
      const channels = await this.#options.link.commands.zrange(`parley:session_channels:${session}`, 0, -1);
      return channels.map((channel) => channelId(Number(channel)));
    } catch {
      return this.#own.channelsOf(session);
    }
  }

  async counts(ids: readonly ChannelId[]): Promise<ReadonlyMap<ChannelId, number>> {
    const counted = await Promise.all(ids.map(async (id) => [id, (await this.members(id)).length] as const));
    return new Map(counted);
  }

  /** Shows a session of this node to other tools, as it is now. Never rejects: what is not told now is told later. */
  async showSession(session: Session): Promise<void> {
    const known = this.#know(session);
    known.fields = fieldsOf(session);
    const { node } = this.#options;
    const values = [node, this.#token, session.id, session.userId, ...known.fields];
    await this.#writeAnyway(session.id, PUT_SESSION, ...values);
  }

  /** A session of this node has ended; of others nothing happens. Never rejects. */
  async endSession(id: SessionId): Promise<void> {
    if (!this.#sessions.delete(id)) return;
    await this.#writeAnyway(id, END_SESSION, this.#token, id);
  }

  /** Renews the lease, removes what dead nodes have left, and puts back what this node has lost. Never rejects. */
  tend(): Promise<void> {
    this.#tending ??= this.#tend().finally(() => {
      this.#tending = null;
    });
    return this.#tending;
  }

  /** Removes all that this node has left, and gives up its lease. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#options.link.commands.off('ready', this.#onReady);
    await this.#tending;
    const { link, node } = this.#options;
    if (!link.isReady) return;
    await this.#eval(FORGET_NODE, node).catch((err: unknown) =>
      this.#options.logger.debug({ err }, 'what this node has left in Redis will expire'),
    );
  }

  async #tend(): Promise<void> {
    const { link, node, leaseMs = LEASE_MS, logger } = this.#options;
    await this.#dropEnded();
    if (!link.isReady) return;
    try {
      this.#unsettled.clear();
      for (const id of this.#underWay.keys()) this.#unsettled.add(id);
      const stored = storedOf(await this.#eval(RENEW, node, this.#token, leaseMs));
      if (stored === null || this.#isDirty || !this.#isAsStored(stored)) await this.#reclaim();
    } catch (err) {
      logger.debug({ err }, 'the lease of this node could not be renewed');
    }
  }

  /** Whatever was kept of a session after its end. */
  async #dropEnded(): Promise<void> {
    for (const id of [...this.#sessions.keys()].filter((each) => !this.#options.isOpen(each))) {
      await this.#own.leaveAll(id);
      void this.endSession(id);
    }
  }

  /** True where Redis says of this node's sessions what the node knows, but for those that are just changing. */
  #isAsStored(stored: ReadonlyMap<SessionId, ReadonlySet<ChannelId>>): boolean {
    const settled = (id: SessionId) => !this.#unsettled.has(id);
    for (const id of stored.keys()) if (settled(id) && !this.#sessions.has(id)) return false;
    for (const [id, { capacities }] of this.#sessions) {
      const there = stored.get(id);
      const isSame = there?.size === capacities.size && [...capacities.keys()].every((each) => there.has(each));
      if (settled(id) && !isSame) return false;
    }
    return true;
  }

  /** A new lease, and under it what this node knows; where places were taken meanwhile, those who came first keep them. */
  async #reclaim(): Promise<void> {
    const { node, leaseMs = LEASE_MS, onEvicted } = this.#options;
    this.#isDirty = false;
    this.#reclaims += 1;
    try {
      const answer = await this.#eval(RECLAIM, node, leaseMs, this.#known());
      if (!Array.isArray(answer)) throw new Error('Redis has answered something else');
      const [token, ...evicted] = answer.map(String);
      this.#token = token ?? '';
      for (let index = 0; index + 1 < evicted.length; index += 2) {
        const id = sessionId(Number(evicted[index]));
        const lost = evicted[index + 1] === '' ? null : channelId(Number(evicted[index + 1]));
        // It is not this node's any more, which nobody has to be told of.
        if (lost === null) this.#sessions.delete(id);
        else this.#sessions.get(id)?.capacities.delete(lost);
        onEvicted(id, lost);
      }
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
  }

  #known(): string {
    const entries = [...this.#sessions].map(([id, { userId, fields, capacities }]) => ({
      ...{ session: String(id), user: String(userId), fields },
      places: [...capacities].map(([channel, capacity]) => ({ channel: String(channel), capacity })),
    }));
    return JSON.stringify(entries);
  }

  #know({ id, userId }: Member): KnownSession {
    const known = this.#sessions.get(id) ?? { userId, fields: [], capacities: new Map() };
    this.#sessions.set(id, known);
    return known;
  }

  #fenced(): AppError {
    void this.tend();
    return new AppError('UNAVAILABLE', 'This node was cut off and is coming back. Try again.');
  }

  /** What failed may have been done all the same, or may be done yet: the next look puts it right. */
  async #write(id: SessionId, script: string, ...values: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#tell(id, script, values);
    } catch (error) {
      this.#isDirty = true;
      throw redisIsAway(error);
    }
  }

  async #writeAnyway(id: SessionId, script: string, ...values: readonly (string | number)[]): Promise<void> {
    try {
      if ((await this.#tell(id, script, values)) === 0) this.#isDirty = true;
    } catch (err) {
      this.#isDirty = true;
      this.#options.logger.debug({ err }, 'Redis is told later');
    }
  }

  async #tell(id: SessionId, script: string, values: readonly (string | number)[]): Promise<unknown> {
    this.#unsettled.add(id);
    this.#underWay.set(id, (this.#underWay.get(id) ?? 0) + 1);
    try {
      return await this.#eval(script, ...values);
    } finally {
      const remaining = (this.#underWay.get(id) ?? 1) - 1;
      if (remaining > 0) this.#underWay.set(id, remaining);
      else this.#underWay.delete(id);
    }
  }

  #eval(script: string, ...values: readonly (string | number)[]): Promise<unknown> {
    return this.#options.link.commands.eval(script, 0, ...values);
  }
}

/** What Redis says that the node has, or null where it may not write. */
function storedOf(answer: unknown): ReadonlyMap<SessionId, ReadonlySet<ChannelId>> | null {
  if (!Array.isArray(answer)) return null;
  const stored = new Map<SessionId, ReadonlySet<ChannelId>>();
  for (let index = 0; index + 1 < answer.length; index += 2) {
    const channelIds = String(answer[index + 1])
      .split(' ')
      .filter((id) => id !== '');
    stored.set(sessionId(Number(answer[index])), new Set(channelIds.map((id) => channelId(Number(id)))));
  }
  return stored;
}
