import type { Logger } from 'pino';
import type { LogLevel } from './logging.js';

/** The parts of the server that log under a name of their own. */
export const LOG_MODULES = [
  'server',
  'database',
  'redis',
  'events',
  'http',
  'graphql',
  'rest',
  'live',
  'voice',
  'relay',
  'mumble',
] as const;

export type LogModule = (typeof LOG_MODULES)[number];

/** How much a module says. */
export interface LogModuleState {
  readonly module: LogModule;
  readonly level: LogLevel;
  /** When the level of the configuration comes back; null where this is it, or where it does not come back by itself. */
  readonly until: Date | null;
}

type LevelListener = (level: LogLevel) => void;

interface Entry {
  readonly logger: Logger;
  readonly listeners: LevelListener[];
  level: LogLevel;
  until: Date | null;
  timer: NodeJS.Timeout | undefined;
}

/** A logger for each module, whose level can be changed while the server runs. */
export class LogModules {
  readonly #usualLevel: LogLevel;
  readonly #entries: ReadonlyMap<LogModule, Entry>;

  /** Every module begins at `usualLevel`, the level of the configuration. */
  constructor(root: Logger, usualLevel: LogLevel) {
    this.#usualLevel = usualLevel;
    this.#entries = new Map(
      LOG_MODULES.map((module) => {
        const logger = root.child({ module });
        return [module, { logger, listeners: [], level: usualLevel, until: null, timer: undefined }];
      }),
    );
  }

  of(module: LogModule): Logger {
    return this.#entry(module).logger;
  }

  states(): readonly LogModuleState[] {
    return LOG_MODULES.map((module) => this.state(module));
  }

  state(module: LogModule): LogModuleState {
    const { level, until } = this.#entry(module);
    return { module, level, until };
  }

  /** Sets a level, for so many seconds or, where that is null, until it is set again or the server starts anew. */
  set(module: LogModule, level: LogLevel, durationS: number | null): LogModuleState {
    const entry = this.#entry(module);
    clearTimeout(entry.timer);
    entry.until = null;
    if (durationS !== null && level !== this.#usualLevel) {
      entry.until = new Date(Date.now() + durationS * 1000);
      entry.timer = setTimeout(() => this.set(module, this.#usualLevel, null), durationS * 1000);
    }
    entry.level = level;
    entry.logger.level = level;
    for (const listener of entry.listeners) listener(level);
    return this.state(module);
  }

  /** Calls with the level of the module now, and whenever it is set. */
  onLevel(module: LogModule, listener: LevelListener): void {
    const entry = this.#entry(module);
    entry.listeners.push(listener);
    listener(entry.level);
  }

  /** Brings no level back any more. */
  close(): void {
    for (const { timer } of this.#entries.values()) clearTimeout(timer);
  }

  #entry(module: LogModule): Entry {
    const entry = this.#entries.get(module);
    if (entry === undefined) throw new RangeError(`no module ${module}`);
    return entry;
  }
}
