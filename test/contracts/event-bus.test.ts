import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import type { DomainEvent } from '../../src/events/domain-event.js';
import { MemoryEventBus } from '../../src/events/memory-event-bus.js';
import { RedisEventBus } from '../../src/events/redis-event-bus.js';
import { organizationId } from '../../src/ids.js';
import { eventually } from '../support/eventually.js';
import { TestRedis } from '../support/test-redis.js';
import { describeEventBus } from './event-bus.contract.js';

const logger = pino({ level: 'silent' });

describeEventBus('in memory', async () => ({
  create: async () => {
    const failures: unknown[] = [];
    const bus = new MemoryEventBus((error) => failures.push(error));
    return { publisher: bus, hearer: bus, failures };
  },
  stop: async () => undefined,
}));

describeEventBus('through Redis, between two nodes', async () => {
  const redis = await TestRedis.start();
  return {
    create: async () => {
      const failures: unknown[] = [];
      const nodeOf = async (onError: (error: unknown) => void) =>
        RedisEventBus.start({ link: await redis.link(), local: new MemoryEventBus(onError), logger });
      const publisher = await nodeOf(() => undefined);
      return { publisher, hearer: await nodeOf((error) => failures.push(error)), failures };
    },
    stop: () => redis.stop(),
  };
});

describe('the event bus through Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterAll(() => redis.stop());

  const newNode = async () =>
    RedisEventBus.start({ link: await redis.link(), local: new MemoryEventBus(() => undefined), logger });
  const event: DomainEvent = { type: 'organization_created', organizationId: organizationId(1) };

  it('goes on within the node while Redis is away, and says afterwards that something was missed', async () => {
    const [near, far] = [await newNode(), await newNode()];
    const [heardNear, heardFar]: [DomainEvent[], DomainEvent[]] = [[], []];
    let missed = 0;
    near.subscribe((each) => heardNear.push(each));
    far.subscribe((each) => heardFar.push(each));
    far.onMissed(() => {
      missed += 1;
    });
    await redis.kill();
    near.publish(event);
    expect(heardNear).toEqual([event]);
    await redis.run();
    await eventually(() => missed > 0);
    await eventually(() => {
      if (heardFar.length === 0) near.publish(event);
      return heardFar.length > 0;
    });
  });
});
