import type { Logger } from 'pino';
import type { EventBus } from '../events/event-bus.js';
import type { ChannelId, SessionId } from '../ids.js';
import type { RedisLink } from '../redis/redis-link.js';
import { systemContext } from '../request-context.js';
import type { SessionService } from '../sessions/session.service.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import type { OccupancyService } from './occupancy.service.js';
import { RedisOccupancy } from './redis-occupancy.js';

export interface RedisPresenceOptions {
  readonly link: RedisLink;
  /** The id of this node: another one after each start. */
  readonly node: string;
  readonly registry: SessionRegistry;
  readonly events: EventBus;
  readonly logger: Logger;
}

interface Enforcers {
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
}

const SYSTEM = systemContext('redis-presence');

/** Keeps what Redis says of this node's sessions at what the node says, and the node at what it has lost to others. */
export class RedisPresence {
  readonly occupancy: RedisOccupancy;
  readonly #unsubscribe: () => void;
  readonly #logger: Logger;
  #enforcers: Enforcers | null = null;

  /** Resolves when the node has its lease. Throws AppError UNAVAILABLE. */
  static async start({ link, node, registry, events, logger }: RedisPresenceOptions): Promise<RedisPresence> {
    let presence: RedisPresence | null = null;
    const onEvicted = (id: SessionId, channel: ChannelId | null) => {
      if (presence !== null) presence.#evict(id, channel);
    };
    const isOpen = (id: SessionId) => registry.isLocal(id);
    const occupancy = await RedisOccupancy.start({ link, node, onEvicted, isOpen, logger });
    presence = new RedisPresence(occupancy, registry, events, logger);
    return presence;
  }

  private constructor(occupancy: RedisOccupancy, registry: SessionRegistry, events: EventBus, logger: Logger) {
    this.occupancy = occupancy;
    this.#logger = logger;
    this.#unsubscribe = events.subscribe((event) => {
      if (event.type === 'session_opened' || event.type === 'session_changed') {
        const session = registry.find(event.sessionId);
        if (session !== undefined && registry.isLocal(session.id)) void occupancy.showSession(session);
      } else if (event.type === 'session_closed') {
        void occupancy.endSession(event.sessionId);
      }
    });
  }

  /** What carries out that a session has lost its place. */
  use(enforcers: Enforcers): void {
    this.#enforcers = enforcers;
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.occupancy.stop();
  }

  #evict(id: SessionId, channel: ChannelId | null): void {
    if (this.#enforcers === null) return;
    const { sessions, occupancy } = this.#enforcers;
    const done =
      channel === null
        ? sessions.close(SYSTEM, id, 'replaced')
        : occupancy.takeOut(SYSTEM, id, channel, { reason: 'disconnected' });
    done.catch((err: unknown) => this.#logger.warn({ err }, 'a session that has lost its place could not be told'));
  }
}
