import type { Logger } from 'pino';
import type { AuditService } from './audit/audit.service.js';
import { RefreshToken } from './auth/refresh-token.entity.js';
import type { Database } from './database/database.js';
import { forgetOldIdempotencyKeys } from './idempotency/idempotency.js';
import { systemContext } from './request-context.js';

const INTERVAL_MS = 3_600_000;

export interface HousekeepingOptions {
  readonly database: Database;
  readonly audit: AuditService;
  /** How long audit entries are kept, in days. */
  readonly auditRetentionDays: number;
  readonly logger: Logger;
}

/** Deletes every hour what has had its time: audit entries, idempotency keys, refresh tokens. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void>;

  /** The first round begins at once. */
  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#round = this.#tidy();
    this.#timer = setInterval(() => {
      this.#round = this.#round.then(() => this.#tidy());
    }, INTERVAL_MS);
  }

  /** Resolves when the round that is under way is over. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  /** What fails is tried again in the next round. */
  async #tidy(): Promise<void> {
    const { audit, auditRetentionDays, logger } = this.#options;
    try {
      const auditEntries = await audit.trim(auditRetentionDays, new Date());
      const [idempotencyKeys, refreshTokens] = await this.#forget();
      logger.debug({ auditEntries, idempotencyKeys, refreshTokens }, 'what has had its time is deleted');
    } catch (error) {
      logger.warn({ err: error }, 'what has had its time could not be deleted yet');
    }
  }

  #forget(): Promise<[number, number]> {
    return this.#options.database.write(systemContext('housekeeping'), async ({ em }) => [
      await forgetOldIdempotencyKeys(em),
      await em.nativeDelete(RefreshToken, { expiresAt: { $lt: new Date() } }),
    ]);
  }
}
