import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { RedisChannelSets } from '../../src/channels/redis-channel-sets.js';
import { eventually } from '../support/eventually.js';
import { TestRedis } from '../support/test-redis.js';
import { TestServices } from '../support/test-services.js';

let redis: TestRedis;
let services: TestServices;
beforeAll(async () => {
  redis = await TestRedis.start();
  services = await TestServices.create();
});
afterAll(async () => {
  await services.drop();
  await redis.stop();
});

it('other tools read which channels an organization has, also after Redis was away', async () => {
  const link = await redis.link();
  const { organizations, channels, system } = services;
  const organization = await services.organization('before');
  const sets = new RedisChannelSets({
    ...{ link, organizations, channels, events: services.test.events, logger: pino({ level: 'silent' }) },
  });
  const shown = async () => (await link.commands.smembers(`org_channels:${organization.id}`)).map(Number).sort();
  const present = async () => (await channels.tree(system, organization.id)).map(({ id }) => id).sort();
  try {
    await sets.shown();
    expect(await shown()).toEqual(await present());
    const tower = await channels.create(system, organization.id, { name: 'Tower' });
    await sets.shown();
    expect(await shown()).toContain(tower.id);
    await channels.delete(system, tower.id, { recursive: false });
    await sets.shown();
    expect(await shown()).toEqual(await present());
    await redis.kill();
    await channels.create(system, organization.id, { name: 'Cellar' });
    await redis.run();
    await eventually(async () => link.isReady && (await shown()).length === 2);
    await organizations.delete(system, organization.id);
    await sets.shown();
    expect(await shown()).toEqual([]);
  } finally {
    sets.close();
  }
});
