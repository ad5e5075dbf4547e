/** Gathers what the fields of one request ask for, so that a list costs one query for each field and not one for each item. */
import DataLoader from 'dataloader';
import type { ApiKey } from '../api-keys/api-key.entity.js';
import type { ApiKeyService } from '../api-keys/api-key.service.js';
import type { AuditFilter, AuditService } from '../audit/audit.service.js';
import type { AuditEntry } from '../audit/audit-entry.entity.js';
import type { Ban } from '../bans/ban.entity.js';
import type { BanService } from '../bans/ban.service.js';
import type { ClientCertificate } from '../certificates/client-certificate.entity.js';
import type { ClientCertificateService } from '../certificates/client-certificate.service.js';
import type { Channel } from '../channels/channel.entity.js';
import type { ChannelService } from '../channels/channel.service.js';
import type { ChannelAcl } from '../channels/channel-acl.entity.js';
import type { ChannelAclService } from '../channels/channel-acl.service.js';
import { notFound } from '../errors.js';
import type { ChannelId, OrganizationId, RoleId, SessionId, UserId } from '../ids.js';
import type { Invitation } from '../invitations/invitation.entity.js';
import type { InvitationService } from '../invitations/invitation.service.js';
import type { OrganizationMetrics, OrganizationMetricsService } from '../metrics/organization-metrics.service.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import type { Organization } from '../organizations/organization.entity.js';
import type { OrganizationService } from '../organizations/organization.service.js';
import type { Page, PageRequest } from '../pagination.js';
import type { RequestContext } from '../request-context.js';
import type { Role } from '../roles/role.entity.js';
import type { RoleService } from '../roles/role.service.js';
import type { PresentSession } from '../sessions/session.js';
import type { SessionService } from '../sessions/session.service.js';
import type { VoiceQuality } from '../sessions/voice-quality.js';
import type { VoiceQualityService } from '../sessions/voice-quality.service.js';
import type { User } from '../users/user.entity.js';
import type { UserService } from '../users/user.service.js';
import { type ListLoader, listLoader } from './list-loader.js';

/** The services that the loaders ask. */
export interface LoaderSources {
  readonly organizations: OrganizationService;
  readonly users: UserService;
  readonly roles: RoleService;
  readonly channels: ChannelService;
  readonly acl: ChannelAclService;
  readonly bans: BanService;
  readonly invitations: InvitationService;
  readonly apiKeys: ApiKeyService;
  readonly certificates: ClientCertificateService;
  readonly audit: AuditService;
  readonly occupancy: OccupancyService;
  readonly sessions: SessionService;
  readonly voiceQuality: VoiceQualityService;
  readonly organizationMetrics: OrganizationMetricsService;
}

/** Which part of an audit log. */
export interface AuditQuestion {
  readonly filter: AuditFilter;
  readonly page: PageRequest;
}

/** Undefined is what the actor does not reach. */
export interface Loaders {
  readonly organization: DataLoader<OrganizationId, Organization>;
  readonly user: DataLoader<UserId, User | undefined>;
  readonly role: DataLoader<RoleId, Role | undefined>;
  readonly channel: DataLoader<ChannelId, Channel | undefined>;
  /** Null where the actor may not see it. */
  readonly emailOfUser: DataLoader<User, string | null, UserId>;
  readonly rolesOfUser: DataLoader<UserId, readonly Role[]>;
  readonly childrenOfChannel: DataLoader<ChannelId, readonly Channel[]>;
  readonly aclOfChannel: DataLoader<Channel, readonly ChannelAcl[], ChannelId>;
  /** Who is in it, in the order of joining. */
  readonly membersOfChannel: DataLoader<Channel, readonly SessionId[], ChannelId>;
  /** All that are connected, by id. */
  readonly sessionsOfOrganization: DataLoader<OrganizationId, readonly PresentSession[]>;
  /** Undefined where nothing is known. */
  readonly qualityOfSession: DataLoader<SessionId, VoiceQuality | undefined>;
  readonly metricsOfOrganization: DataLoader<OrganizationId, OrganizationMetrics>;
  readonly usersOfOrganization: ListLoader<OrganizationId, User>;
  readonly rolesOfOrganization: ListLoader<OrganizationId, Role>;
  readonly channelsOfOrganization: ListLoader<OrganizationId, Channel>;
  readonly bansOfOrganization: ListLoader<OrganizationId, Ban>;
  readonly invitationsOfOrganization: ListLoader<OrganizationId, Invitation>;
  readonly auditLogOfOrganization: ListLoader<OrganizationId, AuditEntry, AuditQuestion>;
  readonly usersOfRole: ListLoader<Role, User>;
  readonly apiKeysOfUser: ListLoader<UserId, ApiKey>;
  readonly certificatesOfUser: ListLoader<UserId, ClientCertificate>;
}

/** The loaders of one request. */
export function makeLoaders(ctx: RequestContext, sources: LoaderSources): Loaders {
  const { organizations, users, roles, channels, acl, bans, invitations, apiKeys, certificates, audit } = sources;
  const { occupancy, sessions, voiceQuality, organizationMetrics } = sources;
  const organization = new DataLoader<OrganizationId, Organization>(async (ids) => {
    const found = await organizations.getMany(ctx, ids);
    return found.map((each) => each ?? notFound('organization'));
  });
  const user = new DataLoader((ids: readonly UserId[]) => users.getMany(ctx, ids));
  const role = new DataLoader((ids: readonly RoleId[]) => roles.getMany(ctx, ids));
  const channel = new DataLoader((ids: readonly ChannelId[]) => channels.getMany(ctx, ids));
  return {
    organization,
    user,
    role,
    channel,
    emailOfUser: new DataLoader(
      async (of) => {
        const emails = await users.emailsVisibleTo(ctx, of);
        return of.map(({ id }) => emails.get(id) ?? null);
      },
      { cacheKeyFn: ({ id }) => id },
    ),
    rolesOfUser: new DataLoader(async (ids) => listsOf(ids, await roles.rolesOf(ctx, ids))),
    childrenOfChannel: new DataLoader(async (ids) => listsOf(ids, await channels.childrenOf(ctx, ids))),
    aclOfChannel: ofChannels(async (of) => {
      const { entries, roles: named } = await acl.entriesOf(ctx, of);
      for (const each of named) role.prime(each.id, each);
      return entries;
    }),
    membersOfChannel: ofChannels((of) => membersOf(ctx, occupancy, of)),
    sessionsOfOrganization: new DataLoader((ids) => Promise.all(ids.map((id) => sessions.allPresent(ctx, id)))),
    qualityOfSession: new DataLoader(async (ids) => {
      const qualities = await voiceQuality.ofMany(ctx, ids);
      return ids.map((id) => qualities.get(id));
    }),
    metricsOfOrganization: new DataLoader((ids) => organizationMetrics.ofMany(ctx, ids)),
    usersOfOrganization: listLoader(same, async (ids, page: PageRequest) =>
      primed(user, await users.listOfMany(ctx, ids, page)),
    ),
    rolesOfOrganization: listLoader(same, async (ids, page: PageRequest) =>
      primed(role, await roles.listOfMany(ctx, ids, page)),
    ),
    channelsOfOrganization: listLoader(same, async (ids, page: PageRequest) =>
      primed(channel, await channels.listOfMany(ctx, ids, page)),
    ),
    bansOfOrganization: listLoader(same, (ids, page) => bans.listOfMany(ctx, ids, page)),
    invitationsOfOrganization: listLoader(same, (ids, page) => invitations.listOfMany(ctx, ids, page)),
    auditLogOfOrganization: listLoader(same, (ids, { filter, page }) => audit.listOfMany(ctx, ids, filter, page)),
    usersOfRole: listLoader(
      ({ id }) => id,
      async (of, page: PageRequest) => primed(user, await users.listOfRoles(ctx, of, page)),
    ),
    apiKeysOfUser: listLoader(same, (ids, page) => apiKeys.listOfMany(ctx, ids, page)),
    certificatesOfUser: listLoader(same, (ids, page) => certificates.listOfMany(ctx, ids, page)),
  };
}

/** Forgets what was read: a mutation is about to change it. */
export function clearLoaders(loaders: Loaders): void {
  for (const loader of Object.values(loaders)) loader.clearAll();
}

function same<Id>(id: Id): Id {
  return id;
}

/** What is loaded in a list need not be loaded again one by one. */
function primed<Key, Item extends { readonly id: Id }, Id>(
  loader: DataLoader<Id, Item | undefined>,
  pages: ReadonlyMap<Key, Page<Item>>,
): ReadonlyMap<Key, Page<Item>> {
  for (const { items } of pages.values()) for (const item of items) loader.prime(item.id, item);
  return pages;
}

async function membersOf(
  ctx: RequestContext,
  occupancy: OccupancyService,
  channels: readonly Channel[],
): Promise<ReadonlyMap<ChannelId, readonly SessionId[]>> {
  const byOrganization = Map.groupBy(channels, ({ organizationId }) => organizationId);
  const parts = await Promise.all(
    [...byOrganization].map(([organizationId, of]) => {
      const ids = of.map(({ id }) => id);
      return occupancy.membersOf(ctx, organizationId, ids);
    }),
  );
  return new Map(parts.flatMap((part) => [...part]));
}

/** A loader of what belongs to a channel, for which the service wants the channel itself. */
function ofChannels<Item>(
  load: (channels: readonly Channel[]) => Promise<ReadonlyMap<ChannelId, readonly Item[]>>,
): DataLoader<Channel, readonly Item[], ChannelId> {
  const loadAll = async (channels: readonly Channel[]) => {
    const ids = channels.map(({ id }) => id);
    return listsOf(ids, await load(channels));
  };
  return new DataLoader(loadAll, { cacheKeyFn: ({ id }) => id });
}

function listsOf<Key, Item>(keys: readonly Key[], lists: ReadonlyMap<Key, readonly Item[]>): (readonly Item[])[] {
  return keys.map((key) => lists.get(key) ?? []);
}
