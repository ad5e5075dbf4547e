/** The port through which a committed change reaches whoever obeys it. */
import type { DomainEvent, EventCause } from './domain-event.js';

export type EventListener = (event: DomainEvent, cause: EventCause | null) => void;

/** Delivers each event to every subscriber once, in the order of publication per node. A listener that throws is reported and does not disturb the others. */
export interface EventBus {
  /** Tells all listeners, with the request that it comes of where it comes of one: those of this node before it returns, those of others as soon as it reaches them. Called after the commit, never inside a transaction. */
  publish(event: DomainEvent, cause?: EventCause | null): void;
  /** Calls `listener` for every later event until the returned function is called. */
  subscribe(listener: EventListener): () => void;
  /** Calls `listener` when events of other nodes may have been lost: who keeps what they said must read it anew. Until the returned function is called. */
  onMissed(listener: () => void): () => void;
}
