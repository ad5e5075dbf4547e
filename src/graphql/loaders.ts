/** Gathers what the fields of one request ask for, so that a list costs one query for each field and not one for each item. */
import DataLoader from 'dataloader';
import type { Channel } from '../channels/channel.entity.js';
import type { ChannelService } from '../channels/channel.service.js';
import type { ChannelAcl } from '../channels/channel-acl.entity.js';
import type { ChannelAclService } from '../channels/channel-acl.service.js';
import type { ChannelId, OrganizationId, RoleId, UserId } from '../ids.js';
import type { Organization } from '../organizations/organization.entity.js';
import type { OrganizationService } from '../organizations/organization.service.js';
import type { RequestContext } from '../request-context.js';
import type { Role } from '../roles/role.entity.js';
import type { RoleService } from '../roles/role.service.js';
import type { User } from '../users/user.entity.js';
import type { UserService } from '../users/user.service.js';

/** The services that the loaders ask. */
export interface LoaderSources {
  readonly organizations: OrganizationService;
  readonly users: UserService;
  readonly roles: RoleService;
  readonly channels: ChannelService;
  readonly acl: ChannelAclService;
}

/** Undefined is what the actor does not reach. */
export interface Loaders {
  readonly organization: DataLoader<OrganizationId, Organization>;
  readonly user: DataLoader<UserId, User | undefined>;
  readonly role: DataLoader<RoleId, Role | undefined>;
  readonly channel: DataLoader<ChannelId, Channel | undefined>;
  readonly rolesOfUser: DataLoader<UserId, readonly Role[]>;
  readonly childrenOfChannel: DataLoader<ChannelId, readonly Channel[]>;
  readonly aclOfChannel: DataLoader<Channel, readonly ChannelAcl[], ChannelId>;
}

/** The loaders of one request. */
export function makeLoaders(
  ctx: RequestContext,
  { organizations, users, roles, channels, acl }: LoaderSources,
): Loaders {
  return {
    organization: new DataLoader((ids) => Promise.all(ids.map((id) => organizations.get(ctx, id)))),
    user: new DataLoader((ids) => users.getMany(ctx, ids)),
    role: new DataLoader((ids) => roles.getMany(ctx, ids)),
    channel: new DataLoader((ids) => channels.getMany(ctx, ids)),
    rolesOfUser: new DataLoader(async (ids) => listsOf(ids, await roles.rolesOf(ctx, ids))),
    childrenOfChannel: new DataLoader(async (ids) => listsOf(ids, await channels.childrenOf(ctx, ids))),
    aclOfChannel: new DataLoader((of) => entriesOf(ctx, acl, of), { cacheKeyFn: ({ id }) => id }),
  };
}

/** Forgets what was read: a mutation is about to change it. */
export function clearLoaders(loaders: Loaders): void {
  for (const loader of Object.values(loaders)) loader.clearAll();
}

async function entriesOf(
  ctx: RequestContext,
  acl: ChannelAclService,
  channels: readonly Channel[],
): Promise<(readonly ChannelAcl[])[]> {
  const byOrganization = Map.groupBy(channels, ({ organizationId }) => organizationId);
  const parts = await Promise.all(
    [...byOrganization].map(([organizationId, of]) =>
      acl.entriesOf(
        ctx,
        organizationId,
        of.map(({ id }) => id),
      ),
    ),
  );
  const entries = new Map(parts.flatMap((part) => [...part]));
  return listsOf(
    channels.map(({ id }) => id),
    entries,
  );
}

function listsOf<Key, Item>(keys: readonly Key[], lists: ReadonlyMap<Key, readonly Item[]>): (readonly Item[])[] {
  return keys.map((key) => lists.get(key) ?? []);
}
