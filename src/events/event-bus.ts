/** The port through which a committed change reaches whoever obeys it. */
import type { DomainEvent } from './domain-event.js';

export type EventListener = (event: DomainEvent) => void;

/** Delivers each event to every subscriber once, in the order of publication per organization. A listener that throws is reported and does not disturb the others. */
export interface EventBus {
  /** Tells all listeners. Called after the commit, never inside a transaction. */
  publish(event: DomainEvent): void;
  /** Calls `listener` for every later event until the returned function is called. */
  subscribe(listener: EventListener): () => void;
}
