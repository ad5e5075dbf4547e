import type { Logger } from 'pino';
import type { OrganizationId } from '../ids.js';
import { type RedisLink, redisIsAway } from '../redis/redis-link.js';
import { type ClusterNode, type NodeRecord, nodeRecordSchema } from './cluster-node.js';
import { placedNode } from './placement.js';
import { ANNOUNCE, KEEP_PLACES, PLACE, WITHDRAW } from './registry-scripts.js';

/** The lease under which a node writes. */
export interface NodeLease {
  /** The id of the node: another one after each start. */
  readonly node: string;
  /** Another one, and higher, with each new lease. */
  readonly token: string;
}

export interface NodeRegistryOptions {
  readonly link: RedisLink;
  readonly lease: NodeLease;
  /** What this node tells of itself, as it is at the start. */
  readonly record: Omit<NodeRecord, 'draining' | 'startedAt' | 'sessions'>;
  readonly sessionCount: () => number;
  /** The organizations of which anybody is connected here. */
  readonly organizations: () => readonly OrganizationId[];
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

/** What has become of the other nodes since the last look. */
export interface NodeChange {
  readonly come: readonly ClusterNode[];
  readonly gone: readonly ClusterNode[];
}

/** How often a node tells of itself and looks for others, in milliseconds. */
const LOOK_INTERVAL_MS = 1000;
/** How long what it tells outlives it, in milliseconds. The lease, which decides whether it lives, is shorter. */
const RECORD_MS = 9000;
/** How long an organization stays where it was placed after its last session there, in milliseconds. */
const PLACEMENT_MS = 30_000;
/** After Redis was away, others may be back a moment later than this node: so long none is taken for gone, in milliseconds. */
const RETURN_GRACE_MS = 4000;

/** The nodes that live, and where organizations are placed among them. While Redis is away, what was known last holds. */
export class NodeRegistry {
  readonly #options: NodeRegistryOptions;
  readonly #startedAt = new Date().toISOString();
  readonly #listeners: ((change: NodeChange) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #onReady = () => {
    this.#returnedAtMs = this.#options.nowMs();
  };
  #others: ReadonlyMap<string, ClusterNode> = new Map();
  /** A node takes sessions once all its doors are open. */
  #isDraining = true;
  /** Null for the one of the start. */
  #fingerprint: string | null = null;
  #returnedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;

  /** Resolves when this node is known to others, and they to it. Throws AppError UNAVAILABLE. */
  static async start(options: NodeRegistryOptions): Promise<NodeRegistry> {
    const registry = new NodeRegistry(options);
    try {
      await registry.#look();
      return registry;
    } catch (error) {
      await registry.stop();
      throw redisIsAway(error);
    }
  }

  private constructor(options: NodeRegistryOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.look(), LOOK_INTERVAL_MS);
    options.link.commands.on('ready', this.#onReady);
  }

  /** This node. */
  get self(): ClusterNode {
    const { lease, record, sessionCount } = this.#options;
    const { node: id, token } = lease;
    const voice = record.voice && { ...record.voice, ...(this.#fingerprint && { fingerprint: this.#fingerprint }) };
    const present = { draining: this.#isDraining, startedAt: this.#startedAt, sessions: sessionCount() };
    return { ...record, voice, id, token, ...present };
  }

  /** The certificate that voice clients are shown here from now on. Others know with the next look. */
  useCertificate({ fingerprint }: { readonly fingerprint: string }): void {
    this.#fingerprint = fingerprint;
  }

  /** The other nodes that live. */
  get others(): readonly ClusterNode[] {
    return [...this.#others.values()];
  }

  /** This node and all others that live, by name. */
  get all(): readonly ClusterNode[] {
    return [this.self, ...this.others].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  find(id: string): ClusterNode | undefined {
    return id === this.#options.lease.node ? this.self : this.#others.get(id);
  }

  /** False while what is in Redis may still lack what others are about to put back. */
  get isSettled(): boolean {
    const { link, nowMs } = this.#options;
    return link.isReady && nowMs() - this.#returnedAtMs >= RETURN_GRACE_MS;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** From now on this node takes new sessions or not. Resolves when all who look know. Throws AppError UNAVAILABLE. */
  async setDraining(isDraining: boolean): Promise<void> {
    this.#isDraining = isDraining;
    await this.#looking;
    await this.#look().catch((error: unknown) => Promise.reject(redisIsAway(error)));
  }

  /** Calls when nodes have come or gone. */
  onChange(listener: (change: NodeChange) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Where the organization is placed. It stays at its node as long as that lives, does not drain, and anybody of it is
   * there; otherwise rendezvous hashing says where. Undefined where no node can be reached from outside. Throws AppError
   * UNAVAILABLE.
   */
  async placeOf(organizationId: OrganizationId): Promise<ClusterNode | undefined> {
    const candidates = this.all.filter(({ voice, draining }) => voice !== null && !draining);
    const candidate = placedNode(organizationId, candidates);
    if (candidate === undefined) return undefined;
    try {
      const { commands } = this.#options.link;
      const id = await commands.eval(PLACE, 0, organizationId, candidate.id, PLACEMENT_MS);
      return this.find(String(id)) ?? candidate;
    } catch (error) {
      throw redisIsAway(error);
    }
  }

  /** Tells of this node and looks for others. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((err: unknown) => this.#options.logger.debug({ err }, 'the nodes could not be looked at'))
      .finally(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  /** Nobody is sent here any more. */
  async stop(): Promise<void> {
    const { link, lease } = this.#options;
    clearInterval(this.#timer);
    link.commands.off('ready', this.#onReady);
    await this.#looking;
    if (!link.isReady) return;
    await link.commands
      .eval(WITHDRAW, 0, lease.node, lease.token)
      .catch((err: unknown) => this.#options.logger.debug({ err }, 'what this node has told of itself will expire'));
  }

  async #look(): Promise<void> {
    const { link, lease, organizations } = this.#options;
    if (!link.isReady) throw new Error('there is no connection to Redis');
    const { id, token, ...record } = this.self;
    const answer = await link.commands.eval(
      ...([ANNOUNCE, 0, id, token, RECORD_MS, JSON.stringify(record), record.draining ? '1' : '0'] as const),
    );
    if (!Array.isArray(answer)) throw new Error('Redis has answered something else');
    // A node without a lease is told nothing: it is about to get a new one.
    if (answer.length > 0) this.#take(answer.map(String));
    const here = organizations();
    if (here.length > 0) await link.commands.eval(KEEP_PLACES, 0, lease.node, lease.token, PLACEMENT_MS, ...here);
  }

  #take(answer: readonly string[]): void {
    const found = new Map<string, ClusterNode>();
    for (let index = 0; index + 2 < answer.length; index += 3) {
      const [id = '', token = '', told = ''] = answer.slice(index, index + 3);
      const record = nodeRecordSchema.safeParse(JSON.parse(told));
      // One of another version, which tells something else, cannot be talked with.
      if (id !== this.#options.lease.node && record.success) found.set(id, { ...record.data, id, token });
    }
    const come = [...found.values()].filter(({ id }) => !this.#others.has(id));
    const gone = [...this.#others.values()].filter(({ id }) => !found.has(id));
    if (gone.length > 0 && !this.isSettled) for (const node of gone.splice(0)) found.set(node.id, node);
    this.#others = found;
    if (come.length > 0 || gone.length > 0) for (const listener of this.#listeners) listener({ come, gone });
  }
}
