import type { Database } from '../database/database.js';
import type { OrganizationId } from '../ids.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import type { OrganizationFigures, OrganizationPresence, OrganizationRates } from './organization-figures.js';

/** How an organization is doing. */
export interface OrganizationMetrics extends OrganizationPresence, OrganizationRates {
  /** The share of its requests within the window that were not answered, from 0 to 1. */
  readonly errorRate: number;
}

/** What the service reads. */
export type OrganizationMetricsSource = Pick<OrganizationFigures, 'rates' | 'presence'>;

/** Shows the figures of an organization to whoever manages it. */
export class OrganizationMetricsService {
  readonly #database: Database;
  readonly #permissions: PermissionService;
  readonly #figures: OrganizationMetricsSource;

  constructor(database: Database, permissions: PermissionService, figures: OrganizationMetricsSource) {
    this.#database = database;
    this.#permissions = permissions;
    this.#figures = figures;
  }

  /** Of these, in their order. Throws NOT_FOUND for another organization, and PERMISSION_DENIED without MANAGE in it. */
  async ofMany(ctx: RequestContext, ids: readonly OrganizationId[]): Promise<readonly OrganizationMetrics[]> {
    await this.#database.read(ctx, async (em) => {
      for (const id of ids) await this.#permissions.requireManage(ctx, em, id, 'organization');
    });
    const [rates, presences] = await Promise.all([
      this.#figures.rates(ids),
      Promise.all(ids.map((id) => this.#figures.presence(id))),
    ]);
    return rates.map((rate, index) => {
      const presence = presences[index];
      if (presence === undefined) throw new RangeError('a presence for each organization');
      return { ...presence, ...rate, errorRate: errorRateOf(rate) };
    });
  }
}

function errorRateOf({ requests: { answered, refused, unavailable, failed } }: OrganizationRates): number {
  const errors = refused + unavailable + failed;
  return errors === 0 ? 0 : errors / (answered + errors);
}
