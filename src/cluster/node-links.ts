import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Logger } from 'pino';
import type { OrganizationId } from '../ids.js';
import type { LinkUpdate } from '../relay/link.js';
import type { NodeLinks } from '../voice/feed-ports.js';
import type { LinkCounters } from '../voice/relay-links.js';
import type { RelayCounters } from '../voice/relay-messages.js';
import type { ClusterNode } from './cluster-node.js';
import type { ClusterSecret } from './cluster-secret.js';
import type { NodeRegistry } from './node-registry.js';

/** A worker of the relay, as far as links are concerned. */
export interface LinkedRelay {
  setLinks(links: readonly LinkUpdate[]): void;
  counters(): Promise<Pick<RelayCounters, 'links'>>;
}

export interface RelayNodeLinksOptions {
  readonly nodes: NodeRegistry;
  readonly secret: ClusterSecret;
  /** The workers of this node, in their order. */
  readonly relays: readonly LinkedRelay[];
  readonly logger: Logger;
}

/** How often the links are looked at, in milliseconds: other nodes may be reached elsewhere than before. */
const LOOK_INTERVAL_MS = 2000;
/** A link from which nothing genuine has come for so long is taken for broken, in milliseconds. */
export const BROKEN_MS = 4000;
const KEY_BYTES = 16;
const ID_BYTES = 4;

/**
 * The links between the workers of this node and those of others: which there are, by which keys, and whether they carry.
 * Each direction between two workers has a key of its own, made from the secret of the cluster and the ids of the nodes,
 * which are others after each start: no counter is ever used twice under a key.
 */
export class RelayNodeLinks implements NodeLinks {
  readonly #options: RelayNodeLinksOptions;
  /** The slots of the workers of other nodes, by node and worker. A slot is never given again. */
  readonly #slots = new Map<string, number>();
  readonly #names = new Map<number, string>();
  readonly #timer: NodeJS.Timeout;
  readonly #broken = new Set<string>();
  #told = '';
  #isLooking = false;

  constructor(options: RelayNodeLinksOptions) {
    this.#options = options;
    options.nodes.onChange(() => void this.look());
    this.#timer = setInterval(() => void this.look(), LOOK_INTERVAL_MS);
  }

  slotsTo(nodes: ReadonlySet<string>, organizationId: OrganizationId): readonly number[] {
    return [...nodes]
      .flatMap((id) => {
        const ports = this.#options.nodes.find(id)?.link?.ports ?? [];
        return ports.length === 0 ? [] : [this.#slotOf(id, organizationId % ports.length)];
      })
      .sort((left, right) => left - right);
  }

  /** What the workers have counted that are there. */
  async counters(): Promise<readonly LinkCounters[]> {
    const all = await Promise.all(this.#options.relays.map((relay) => relay.counters().catch(() => null)));
    return all.flatMap((counters) => counters?.links ?? []);
  }

  /** The name of the node that a link leads to, for the metrics. */
  nameOf(slot: number): string {
    return this.#names.get(slot) ?? 'unknown';
  }

  /** Tells the workers which links there are, and the log which of them do not carry. Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#tell();
      await this.#watch();
    } catch (err) {
      this.#options.logger.debug({ err }, 'the links to other nodes could not be looked at');
    } finally {
      this.#isLooking = false;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #tell(): Promise<void> {
    const { nodes, relays } = this.#options;
    const reached = await Promise.all(nodes.others.map(async (node) => ({ node, address: await addressOf(node) })));
    const links = relays.map((_, worker) =>
      reached.flatMap(({ node, address }) => (address === undefined ? [] : this.#linksTo(node, address, worker))),
    );
    const telling = JSON.stringify(links.map((of) => of.map(({ slot, address, port }) => [slot, address, port])));
    if (telling === this.#told) return;
    this.#told = telling;
    for (const [worker, relay] of relays.entries()) relay.setLinks(links[worker] ?? []);
  }

  #linksTo({ id, name, link }: ClusterNode, address: string, worker: number): LinkUpdate[] {
    const self = `${this.#options.nodes.self.id}/${worker}`;
    return (link?.ports ?? []).map((port, otherWorker) => {
      const other = `${id}/${otherWorker}`;
      const slot = this.#slotOf(id, otherWorker);
      this.#names.set(slot, name);
      return { slot, address, port, out: this.#direction(self, other), in: this.#direction(other, self) };
    });
  }

  #direction(from: string, to: string): LinkUpdate['out'] {
    const { secret } = this.#options;
    const id = Buffer.from(secret.key('link', `id ${from} ${to}`, ID_BYTES)).readUInt32BE();
    return { id, key: secret.key('link', `key ${from} ${to}`, KEY_BYTES) };
  }

  async #watch(): Promise<void> {
    const { relays, logger } = this.#options;
    for (const [worker, relay] of relays.entries()) {
      const { links } = await relay.counters();
      for (const { slot, heardAgoMs } of links?.states ?? []) {
        const key = `${worker} ${slot}`;
        const isBroken = heardAgoMs === null || heardAgoMs > BROKEN_MS;
        const node = this.nameOf(slot);
        if (heardAgoMs !== null && isBroken && !this.#broken.has(key)) {
          this.#broken.add(key);
          logger.warn({ node, worker }, 'the link to another node does not carry: who is there is not heard here');
        } else if (!isBroken && this.#broken.delete(key)) {
          logger.info({ node, worker }, 'the link to another node carries again');
        }
      }
    }
  }

  #slotOf(node: string, worker: number): number {
    const key = `${node}/${worker}`;
    const slot = this.#slots.get(key) ?? this.#slots.size;
    this.#slots.set(key, slot);
    return slot;
  }
}

async function addressOf({ link }: ClusterNode): Promise<string | undefined> {
  if (link === null) return undefined;
  if (isIP(link.host) !== 0) return link.host;
  return lookup(link.host).then(
    ({ address }) => address,
    () => undefined,
  );
}
