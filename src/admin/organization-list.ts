import type { AdminApi } from './admin-api.js';
import { ORGANIZATION_BY_TAG, ORGANIZATIONS } from './api-operations.js';

/** What people know an organization by. */
export interface ListedOrganization {
  readonly id: string;
  readonly tag: string;
  readonly name: string;
}

/** The organization of this tag, or all that the login reaches. */
export async function organizationsOf(api: AdminApi, tag?: string): Promise<readonly ListedOrganization[]> {
  if (tag !== undefined) return [(await api.ask(ORGANIZATION_BY_TAG, { tag })).organizationByTag];
  const found: ListedOrganization[] = [];
  for (let after: string | null = null; ; ) {
    const variables: { after: string | null } = { after };
    const { organizations } = await api.ask(ORGANIZATIONS, variables);
    found.push(...organizations.nodes);
    if (!organizations.pageInfo.hasNextPage) return found;
    after = organizations.pageInfo.endCursor;
  }
}
