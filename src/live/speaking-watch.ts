import type { EventBus } from '../events/event-bus.js';
import { systemContext } from '../request-context.js';
import type { SessionService } from '../sessions/session.service.js';
import type { RelayHost } from '../voice/relay-host.js';
import { SPEAKING_INTERVAL_MS, SpeakingMonitor } from './speaking-monitor.js';

export interface SpeakingWatchOptions {
  readonly relays: readonly RelayHost[];
  readonly sessions: SessionService;
  readonly events: EventBus;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

/** Asks the relay who speaks, and tells it as events. */
export class SpeakingWatch {
  readonly #timer: NodeJS.Timeout;

  constructor({ relays, sessions, events, nowMs }: SpeakingWatchOptions) {
    const ctx = systemContext('speaking');
    const monitor = new SpeakingMonitor({
      events,
      sessionOf: (id) => (sessions.isOpen(id) ? sessions.get(ctx, id) : undefined),
    });
    for (const host of relays) {
      host.onActivity((sessionId, channelId) => monitor.heard(sessionId, channelId, nowMs()));
    }
    this.#timer = setInterval(() => monitor.tell(nowMs()), SPEAKING_INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
