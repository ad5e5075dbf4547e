import type { FilterDef } from '@mikro-orm/postgresql';
import { ApiKey } from '../api-keys/api-key.entity.js';
import { RefreshToken } from '../auth/refresh-token.entity.js';
import { ClientCertificate } from '../certificates/client-certificate.entity.js';
import { ChannelAcl } from '../channels/channel-acl.entity.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import type { Actor } from '../request-context.js';
import { UserRole } from '../roles/user-role.entity.js';

/** The argument of the filter: one organization, all of them, or (for nobody) none. */
export interface TenantScope {
  readonly organizationId: number | 'all';
}

/** No organization has this id: they begin with 1. */
const NO_ORGANIZATION = 0;

/**
 * The second wall between tenants: binds every query of an entity manager to one organization, under the checks of the
 * services, so that a forgotten condition returns nothing. A query without a scope fails.
 */
export const tenantFilter: FilterDef & { name: string } = {
  name: 'tenant',
  default: true,
  cond: (scope: Partial<TenantScope>, _type, _em, _options, entityName) => {
    if (scope.organizationId === undefined) throw new Error('a query without a tenant');
    return scope.organizationId === 'all' ? {} : conditionFor(entityName, scope.organizationId);
  },
};

/** What of the database an actor can reach. */
export function scopeOf(actor: Actor): TenantScope {
  switch (actor.kind) {
    case 'system':
      return { organizationId: 'all' };
    case 'anonymous':
      return { organizationId: NO_ORGANIZATION };
    case 'user':
      return { organizationId: actor.platformAdmin ? 'all' : (actor.organizationId ?? NO_ORGANIZATION) };
  }
}

function conditionFor(entityName: string | undefined, organizationId: number): object {
  switch (entityName) {
    case Organization.name:
      return { id: organizationId };
    case UserRole.name:
      return { roleId: { organizationId } };
    case ChannelAcl.name:
      return { channelId: { organizationId } };
    case RefreshToken.name:
    case ApiKey.name:
    case ClientCertificate.name:
      return { userId: { organizationId } };
    case IdempotencyKey.name:
      // Bound to its actor by its primary key, and shown to nobody.
      return {};
    default:
      return { organizationId };
  }
}
