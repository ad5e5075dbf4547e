import { describe, expect, it } from '@jest/globals';
import { organizationId } from '../ids.js';
import type { DomainEvent } from './domain-event.js';
import { MemoryEventBus } from './memory-event-bus.js';

const FIRST: DomainEvent = { type: 'organization_created', organizationId: organizationId(1) };
const SECOND: DomainEvent = { type: 'organization_deleted', organizationId: organizationId(1) };

describe('the event bus of one process', () => {
  const failures: unknown[] = [];
  const newBus = () => new MemoryEventBus((error, event) => failures.push([error, event]));

  it('tells every listener every event in order, before publishing is over', () => {
    const [bus, left, right] = [newBus(), [] as DomainEvent[], [] as DomainEvent[]];
    bus.subscribe((event) => left.push(event));
    bus.subscribe((event) => right.push(event));
    bus.publish(FIRST);
    bus.publish(SECOND);
    expect([left, right]).toEqual([
      [FIRST, SECOND],
      [FIRST, SECOND],
    ]);
  });

  it('reports what a listener throws and goes on with the others', () => {
    const [bus, heard] = [newBus(), [] as DomainEvent[]];
    const mistake = new Error('a mistake');
    bus.subscribe(() => {
      throw mistake;
    });
    bus.subscribe((event) => heard.push(event));
    bus.publish(FIRST);
    expect(heard).toEqual([FIRST]);
    expect(failures).toEqual([[mistake, FIRST]]);
  });

  it('tells nothing more to whoever has left, also where it leaves while it is told', () => {
    const [bus, heard] = [newBus(), [] as DomainEvent[]];
    const leave = bus.subscribe((event) => {
      heard.push(event);
      leave();
    });
    bus.publish(FIRST);
    bus.publish(SECOND);
    expect(heard).toEqual([FIRST]);
  });
});
