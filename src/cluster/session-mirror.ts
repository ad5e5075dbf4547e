import type { Logger } from 'pino';
import { z } from 'zod';
import type { DomainEvent, LeaveReason } from '../events/domain-event.js';
import type { MemoryEventBus } from '../events/memory-event-bus.js';
import type { EventCompanion } from '../events/redis-event-bus.js';
import type { SessionId } from '../ids.js';
import type { RedisOccupancy } from '../occupancy/redis-occupancy.js';
import { fieldsOf, sessionOfFields } from '../occupancy/session-fields.js';
import type { Session } from '../sessions/session.js';
import type { SessionRegistry } from '../sessions/session-registry.js';
import type { NodeRegistry } from './node-registry.js';

export interface SessionMirrorOptions {
  readonly registry: SessionRegistry;
  /** Tells the listeners of this node, and no other. */
  readonly local: MemoryEventBus;
  readonly logger: Logger;
}

interface MirrorSources {
  readonly occupancy: RedisOccupancy;
  readonly nodes: NodeRegistry;
}

/** How often what no event has told is looked for, in milliseconds. */
const HEAL_INTERVAL_MS = 5000;

const attachedSchema = z.array(z.string());

/**
 * Keeps the registry at what other nodes have: each event about a session brings the session along, as its node knows it.
 * What no event has told is found by looking into Redis, and the sessions of a node that is gone end here.
 */
export class SessionMirror implements EventCompanion {
  readonly #options: SessionMirrorOptions;
  /** Sessions of which something was told while the truth is read: what was read of them may be older. */
  readonly #touched = new Set<SessionId>();
  #sources: MirrorSources | null = null;
  #timer: NodeJS.Timeout | undefined;
  #healing: Promise<void> | null = null;
  #isAskedAgain = false;

  constructor(options: SessionMirrorOptions) {
    this.#options = options;
  }

  /** Follows other nodes from now on. Resolves when their sessions are known, as far as Redis is there. */
  async follow(sources: MirrorSources): Promise<void> {
    this.#sources = sources;
    sources.nodes.onChange(({ come, gone }) => {
      for (const { id } of gone) this.#dropNode(id);
      if (come.length > 0) void this.heal();
    });
    this.#timer = setInterval(() => void this.heal(), HEAL_INTERVAL_MS);
    await this.heal();
  }

  attach(event: DomainEvent): unknown {
    if (!('sessionId' in event) || event.type === 'session_closed') return undefined;
    const { registry } = this.#options;
    const session = registry.find(event.sessionId);
    return session !== undefined && registry.isLocal(session.id) ? fieldsOf(session) : undefined;
  }

  received(event: DomainEvent, attached: unknown, node: string): void {
    if (!('sessionId' in event)) return;
    const { registry } = this.#options;
    const { sessionId } = event;
    this.#touched.add(sessionId);
    if (registry.isLocal(sessionId)) return;
    if (event.type === 'session_closed') {
      registry.remove(sessionId);
      return;
    }
    const fields = attachedSchema.safeParse(attached);
    const session = fields.success ? sessionOfFields(fields.data) : undefined;
    if (session?.id !== sessionId) return;
    const isNew = registry.find(sessionId) === undefined;
    registry.putRemote(session, node);
    // What has opened it was not heard here.
    if (isNew && event.type !== 'session_opened') this.#tell('session_opened', session);
  }

  /** Takes the truth over from Redis. Never rejects: what fails is tried again. */
  async heal(): Promise<void> {
    if (this.#healing !== null) {
      this.#isAskedAgain = true;
      return this.#healing;
    }
    this.#healing = this.#healAll().finally(() => {
      this.#healing = null;
    });
    return this.#healing;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#sources = null;
  }

  async #healAll(): Promise<void> {
    do {
      this.#isAskedAgain = false;
      await this.#healOnce().catch((err: unknown) =>
        this.#options.logger.debug({ err }, 'the sessions of other nodes could not be read'),
      );
    } while (this.#isAskedAgain);
  }

  async #healOnce(): Promise<void> {
    if (this.#sources === null) return;
    const { occupancy, nodes } = this.#sources;
    const { registry } = this.#options;
    this.#touched.clear();
    const others = nodes.others.map(({ id }) => id);
    const truth = others.length === 0 ? [] : await occupancy.sessionsOf(others);
    const present = new Set<SessionId>();
    for (const { session, node } of truth) {
      present.add(session.id);
      if (this.#touched.has(session.id) || registry.isLocal(session.id)) continue;
      const former = registry.find(session.id);
      if (former !== undefined && isSame(former, session)) continue;
      registry.putRemote(session, node);
      this.#tell(former === undefined ? 'session_opened' : 'session_changed', session);
    }
    // Others may be about to put back what Redis has lost.
    if (!nodes.isSettled) return;
    for (const { id } of registry.remote())
      if (!present.has(id) && !this.#touched.has(id)) this.#drop(id, 'disconnected');
  }

  #dropNode(node: string): void {
    const { registry } = this.#options;
    for (const { id } of registry.remote()) if (registry.homeOf(id) === node) this.#drop(id, 'disconnected');
  }

  #drop(id: SessionId, reason: LeaveReason): void {
    const session = this.#options.registry.remove(id);
    if (session === undefined) return;
    const { organizationId, userId } = session;
    const ended = { organizationId, sessionId: id, userId, reason, message: '' };
    this.#options.local.publish({ type: 'session_closed', ...ended });
  }

  #tell(type: 'session_opened' | 'session_changed', { organizationId, id, userId }: Session): void {
    this.#options.local.publish({ type, organizationId, sessionId: id, userId });
  }
}

function isSame(left: Session, right: Session): boolean {
  return fieldsOf(left).join('\0') === fieldsOf(right).join('\0');
}
