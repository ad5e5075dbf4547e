import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DomainEvent } from '../../src/events/domain-event.js';
import type { EventBus } from '../../src/events/event-bus.js';
import { organizationId } from '../../src/ids.js';
import { eventually } from '../support/eventually.js';

/** The same bus as one node publishes to it, and as one hears it. They may be the same object. */
export interface BusEnds {
  readonly publisher: EventBus;
  readonly hearer: EventBus;
  /** What listeners of the hearer threw. */
  readonly failures: readonly unknown[];
}

export interface BusWorld {
  create(): Promise<BusEnds>;
  stop(): Promise<void>;
}

const event = (id: number): DomainEvent => ({ type: 'organization_created', organizationId: organizationId(id) });

/** What every event bus does. */
export function describeEventBus(name: string, open: () => Promise<BusWorld>): void {
  describe(`the event bus ${name}`, () => {
    let world: BusWorld;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.stop());

    it('tells every listener every event once and in order', async () => {
      const { publisher, hearer } = await world.create();
      const [left, right]: [DomainEvent[], DomainEvent[]] = [[], []];
      hearer.subscribe((each) => left.push(each));
      hearer.subscribe((each) => right.push(each));
      const events = Array.from({ length: 200 }, (_, index) => event(index + 1));
      for (const each of events) publisher.publish(each);
      await eventually(() => right.length >= events.length);
      expect([left, right]).toEqual([events, events]);
    });

    it('tells the listeners of the node that publishes before it returns', async () => {
      const { publisher } = await world.create();
      const heard: DomainEvent[] = [];
      publisher.subscribe((each) => heard.push(each));
      publisher.publish(event(1));
      expect(heard).toEqual([event(1)]);
    });

    it('reports what a listener throws and goes on with the others', async () => {
      const { publisher, hearer, failures } = await world.create();
      const [heard, mistake]: [DomainEvent[], Error] = [[], new Error('a mistake')];
      hearer.subscribe(() => {
        throw mistake;
      });
      hearer.subscribe((each) => heard.push(each));
      publisher.publish(event(1));
      await eventually(() => heard.length > 0);
      expect([heard, failures]).toEqual([[event(1)], [mistake]]);
    });

    it('tells nothing more to whoever leaves while it is told', async () => {
      const { publisher, hearer } = await world.create();
      const [left, stayed]: [DomainEvent[], DomainEvent[]] = [[], []];
      const leave = hearer.subscribe((each) => {
        left.push(each);
        leave();
      });
      hearer.subscribe((each) => stayed.push(each));
      publisher.publish(event(1));
      publisher.publish(event(2));
      await eventually(() => stayed.length === 2);
      expect(left).toEqual([event(1)]);
    });

    it('tells nothing more to whoever has left', async () => {
      const { publisher, hearer } = await world.create();
      const [left, stayed]: [DomainEvent[], DomainEvent[]] = [[], []];
      const leave = hearer.subscribe((each) => left.push(each));
      hearer.subscribe((each) => stayed.push(each));
      publisher.publish(event(1));
      await eventually(() => stayed.length === 1);
      leave();
      publisher.publish(event(2));
      await eventually(() => stayed.length === 2);
      expect(left).toEqual([event(1)]);
    });
  });
}
