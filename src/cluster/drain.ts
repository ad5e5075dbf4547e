import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AppError } from '../errors.js';
import { systemContext } from '../request-context.js';
import type { SessionService } from '../sessions/session.service.js';
import { encodeServerMessage } from '../voice/control-frames.js';
import type { LiveSessions, MovableSession } from '../voice/live-sessions.js';
import { redirectBody } from '../voice/placement.js';
import type { ClusterControl } from './cluster.service.js';
import type { ClusterCalls } from './cluster-calls.js';
import type { ClusterNode } from './cluster-node.js';
import type { NodeRegistry } from './node-registry.js';
import type { SessionPlacement } from './session-placement.js';

export interface DrainOptions {
  readonly nodes: NodeRegistry;
  readonly calls: ClusterCalls;
  readonly placement: SessionPlacement;
  readonly sessions: SessionService;
  readonly live: LiveSessions;
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
}

/** So many clients are asked to go at a time, and so long until the next, in milliseconds: five hundred a second. */
const WAVE = 50;
const WAVE_INTERVAL_MS = 100;
/** A client that has not gone is asked again after so long, in milliseconds: its ticket may have been lost on the way. */
const REPEAT_MS = 5000;
/** How often it is looked whether all have gone, in milliseconds. */
const LOOK_INTERVAL_MS = 50;

/** Moves the sessions of this node to others, and takes no new ones meanwhile. */
export class Drain implements ClusterControl {
  readonly #options: DrainOptions;
  #moving: Promise<void> | null = null;
  #isWanted = false;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  get self(): ClusterNode {
    return this.#options.nodes.self;
  }

  get all(): readonly ClusterNode[] {
    return this.#options.nodes.all;
  }

  async setDraining(nodeId: string, isDraining: boolean): Promise<void> {
    if (nodeId === this.self.id) await this.set(isDraining);
    else await this.#options.calls.ask(nodeId, { type: 'set_draining', draining: isDraining });
  }

  /** Begins to drain, or takes sessions again. Resolves when all nodes have been told. Throws AppError UNAVAILABLE. */
  async set(isDraining: boolean): Promise<void> {
    const { nodes, logger } = this.#options;
    this.#isWanted = isDraining;
    await nodes.setDraining(isDraining);
    logger.info(
      { draining: isDraining },
      isDraining ? 'this node moves its sessions to others' : 'this node takes sessions again',
    );
    if (isDraining) this.#begin();
  }

  /** Drains, and resolves when whoever can be moved is gone, or after this time. Where there is no other node nobody is moved. Never rejects. */
  async run(timeoutMs: number): Promise<void> {
    const { nodes, nowMs, logger } = this.#options;
    if (timeoutMs === 0 || !nodes.others.some(({ voice, draining }) => voice !== null && !draining)) return;
    const endsAtMs = nowMs() + timeoutMs;
    try {
      await this.set(true);
    } catch (err) {
      logger.warn({ err }, 'sessions cannot be moved to other nodes');
      return;
    }
    while (this.#movable().length > 0 && nowMs() < endsAtMs) await sleep(LOOK_INTERVAL_MS);
    this.#isWanted = false;
    const left = this.#movable().length;
    if (left > 0) logger.warn({ sessions: left, timeout_ms: timeoutMs }, 'some sessions could not be moved in time');
    await this.#moving;
  }

  #begin(): void {
    this.#moving ??= this.#moveAll()
      .catch((err: unknown) => this.#options.logger.error({ err }, 'bug: sessions could not be moved'))
      .finally(() => {
        this.#moving = null;
      });
  }

  async #moveAll(): Promise<void> {
    const { nowMs } = this.#options;
    const askedAtMs = new Map<number, number>();
    while (this.#isWanted) {
      const due = this.#movable().filter(
        ({ id }) => nowMs() - (askedAtMs.get(id) ?? Number.NEGATIVE_INFINITY) >= REPEAT_MS,
      );
      const wave = due.slice(0, WAVE);
      for (const { id } of wave) askedAtMs.set(id, nowMs());
      await Promise.all(wave.map((movable) => this.#move(movable)));
      await sleep(WAVE_INTERVAL_MS);
    }
  }

  async #move({ id, actor, connection }: MovableSession): Promise<void> {
    const { placement, sessions, logger } = this.#options;
    try {
      if (!sessions.isLocal(id)) return;
      const redirection = await placement.moveOf(sessions.get(systemContext('drain'), id), actor);
      if (redirection !== null) connection.send(encodeServerMessage(0, redirectBody(redirection)));
    } catch (err) {
      if (!(err instanceof AppError)) throw err;
      logger.debug({ err }, 'a session cannot be moved now');
    }
  }

  #movable(): readonly MovableSession[] {
    return this.#options.live.movable();
  }
}
