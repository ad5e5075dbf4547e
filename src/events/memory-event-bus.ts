/** Domain events within one process, delivered before `publish` returns. */
import type { DomainEvent, EventCause } from './domain-event.js';
import type { EventBus, EventListener } from './event-bus.js';

export class MemoryEventBus implements EventBus {
  private readonly listeners = new Set<EventListener>();

  /** `onListenerError` is told what a listener threw. */
  constructor(private readonly onListenerError: (error: unknown, event: DomainEvent) => void) {}

  publish(event: DomainEvent, cause: EventCause | null = null): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(event, cause);
      } catch (error) {
        this.onListenerError(error, event);
      }
    }
  }

  subscribe(listener: EventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Within one process nothing is lost. */
  onMissed(): () => void {
    return () => undefined;
  }
}
