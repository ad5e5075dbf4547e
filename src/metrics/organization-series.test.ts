import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { type OrganizationId, organizationId } from '../ids.js';
import type { OrganizationCounts, OrganizationPresence } from './organization-figures.js';
import { OrganizationSeries } from './organization-series.js';
import { NO_REQUESTS } from './request-tally.js';

const NOTHING = { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0, dropped: 0, ...NO_REQUESTS };

/** Organizations with so many packets each, and the metrics of them. */
class World {
  readonly packets = new Map<number, number>();
  readonly users = new Map<number, number>();
  readonly registry = new Registry();
  readonly #series: OrganizationSeries;

  constructor(max: number) {
    this.#series = new OrganizationSeries(this.registry, this, max);
  }

  async counts(): Promise<ReadonlyMap<OrganizationId, OrganizationCounts>> {
    return new Map([...this.packets].map(([id, packetsIn]) => [organizationId(id), { ...NOTHING, packetsIn }]));
  }

  async presences(): Promise<ReadonlyMap<OrganizationId, OrganizationPresence>> {
    const presence = (activeUsers: number) => ({ activeUsers, occupiedChannels: 1, channelMembers: activeUsers });
    return new Map([...this.users].map(([id, users]) => [organizationId(id), presence(users)]));
  }

  /** What a metric says of each label after the next scrape. */
  async scrape(name: string): Promise<Readonly<Record<string, number>>> {
    await this.#series.show();
    const text = await this.registry.metrics();
    const samples = text.matchAll(new RegExp(`^parley_organization_${name}\\{organization="(\\w+)"\\} (\\S+)$`, 'gm'));
    return Object.fromEntries(Array.from(samples, ([, label = '', value]) => [label, Number(value)]));
  }
}

const RECEIVED = 'packets_received_total';

describe('the series of organizations', () => {
  it('are of the busiest, and all others are summed up', async () => {
    const world = new World(2);
    for (const [id, packets] of [
      [1, 10],
      [2, 1000],
      [3, 500],
      [4, 20],
    ] as const)
      world.packets.set(id, packets);
    expect(await world.scrape(RECEIVED)).toEqual({ 2: 1000, 3: 500, other: 30 });
    for (const id of [1, 2, 3]) world.users.set(id, id);
    expect(await world.scrape('active_users')).toEqual({ 2: 2, 3: 3, other: 1 });
  });

  it('never fall, also where organizations change places', async () => {
    const world = new World(1);
    world.packets.set(1, 100).set(2, 50);
    expect(await world.scrape(RECEIVED)).toEqual({ 1: 100, other: 50 });
    world.packets.set(2, 5050);
    // What was summed up before stays in the sum.
    expect(await world.scrape(RECEIVED)).toEqual({ 2: 5000, other: 50 });
    world.packets.set(1, 110).set(2, 5051);
    expect(await world.scrape(RECEIVED)).toEqual({ 2: 5001, other: 60 });
  });

  it('stay with who has one where another is only a little busier', async () => {
    const world = new World(1);
    world.packets.set(1, 100).set(2, 99);
    await world.scrape(RECEIVED);
    world.packets.set(2, 130);
    expect(Object.keys(await world.scrape(RECEIVED))).toEqual(['1', 'other']);
  });

  it('go with an organization that is deleted', async () => {
    const world = new World(5);
    world.packets.set(1, 100).set(2, 50);
    world.users.set(1, 3);
    await world.scrape(RECEIVED);
    world.packets.delete(1);
    world.users.delete(1);
    expect(await world.scrape(RECEIVED)).toEqual({ 2: 50, other: 0 });
    expect(await world.scrape('active_users')).toEqual({ 2: 0, other: 0 });
    expect(await world.registry.metrics()).not.toContain('organization="1"');
  });

  it('are none but the sum where none is wanted', async () => {
    const world = new World(0);
    world.packets.set(1, 100).set(2, 50);
    expect(await world.scrape(RECEIVED)).toEqual({ other: 150 });
  });
});
