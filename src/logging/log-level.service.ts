import type { Database } from '../database/database.js';
import { invalidInput } from '../errors.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import type { LogModule, LogModuleState, LogModules } from './log-modules.js';
import type { LogLevel } from './logging.js';

/** A day: who forgets to bring a level back finds it back. */
export const MAX_LOG_LEVEL_S = 86_400;

/** Lets platform admins see and change how much this node logs. */
export class LogLevelService {
  readonly #database: Database;
  readonly #permissions: PermissionService;
  readonly #modules: LogModules;

  constructor(database: Database, permissions: PermissionService, modules: LogModules) {
    this.#database = database;
    this.#permissions = permissions;
    this.#modules = modules;
  }

  list(ctx: RequestContext): readonly LogModuleState[] {
    this.#permissions.requirePlatformAdmin(ctx);
    return this.#modules.states();
  }

  /** Sets a level for so many seconds, or for good where that is undefined. Throws PERMISSION_DENIED and INVALID_INPUT. */
  async set(
    ctx: RequestContext,
    module: LogModule,
    level: LogLevel,
    durationS: number | undefined,
  ): Promise<LogModuleState> {
    this.#permissions.requirePlatformAdmin(ctx);
    if (durationS !== undefined && (durationS < 1 || durationS > MAX_LOG_LEVEL_S)) {
      const message = `A level holds for 1 to ${MAX_LOG_LEVEL_S} seconds.`;
      throw invalidInput(['input', 'durationS'], message, { min: 1, max: MAX_LOG_LEVEL_S });
    }
    const { level: former } = this.#modules.state(module);
    await this.#database.write(ctx, async ({ record }) =>
      record({
        organizationId: null,
        action: 'log_level_changed',
        target: { type: 'server', id: null },
        before: { module, level: former },
        after: { module, level, durationS: durationS ?? null },
      }),
    );
    return this.#modules.set(module, level, durationS ?? null);
  }
}
