/** Every service, with what it needs. */
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { ApiKeyService } from '../api-keys/api-key.service.js';
import { AuditService } from '../audit/audit.service.js';
import { AccessTokens } from '../auth/access-token.js';
import { AuthService } from '../auth/auth.service.js';
import { PasswordHasher } from '../auth/password-hasher.js';
import { RefreshTokens } from '../auth/refresh-tokens.js';
import { SteadyClock } from '../auth/steady-clock.js';
import { BanService } from '../bans/ban.service.js';
import { ClientCertificateService } from '../certificates/client-certificate.service.js';
import { ChannelService } from '../channels/channel.service.js';
import { ChannelAclService } from '../channels/channel-acl.service.js';
import { ClusterService } from '../cluster/cluster.service.js';
import type { Config } from '../config.js';
import { Database } from '../database/database.js';
import type { EventBus } from '../events/event-bus.js';
import { InvitationService } from '../invitations/invitation.service.js';
import { LogLevelService } from '../logging/log-level.service.js';
import { OrganizationMetricsService } from '../metrics/organization-metrics.service.js';
import type { Occupancy } from '../occupancy/occupancy.js';
import { OccupancyService } from '../occupancy/occupancy.service.js';
import { OrganizationService } from '../organizations/organization.service.js';
import { PermissionService } from '../permissions/permission.service.js';
import { PermissionInsightService } from '../permissions/permission-insight.service.js';
import { RoleService } from '../roles/role.service.js';
import { ModerationService } from '../sessions/moderation.service.js';
import type { OtherNodes } from '../sessions/other-nodes.js';
import { SessionService } from '../sessions/session.service.js';
import { type SessionIdSource, SessionIds } from '../sessions/session-ids.js';
import { SessionRegistry } from '../sessions/session-registry.js';
import { VoiceQualityService } from '../sessions/voice-quality.service.js';
import { UserService } from '../users/user.service.js';

/** How many passwords may wait to be hashed: a thousand people who come back at once. */
const MAX_WAITING_PASSWORDS = 2000;

/** Those that stand on others than services come last. */
export interface LastServices {
  readonly voiceQuality: VoiceQualityService;
  readonly cluster: ClusterService;
  readonly organizationMetrics: OrganizationMetricsService;
  readonly logLevels: LogLevelService;
}

export type Services = ReturnType<typeof makeServices> & LastServices;

interface ServiceParts {
  readonly database: Database;
  readonly events: EventBus;
  /** Signs access tokens. */
  readonly secret: string;
  readonly registry: SessionRegistry;
  readonly store: Occupancy;
  /** Ids of this process alone where it is left out. */
  readonly sessionIds?: SessionIdSource | undefined;
  /** None where it is left out. */
  readonly others?: OtherNodes | undefined;
}

export function makeServices({ server, security, limits }: Config, parts: ServiceParts) {
  const { database, events, secret, registry, store, others } = parts;
  const sessionIds = parts.sessionIds ?? new SessionIds(randomInt(1, 2 ** 32));
  const hasher = new PasswordHasher({
    concurrency: Math.max(1, availableParallelism() - 1),
    maxWaiting: MAX_WAITING_PASSWORDS,
  });
  const clock = new SteadyClock({ wallMs: Date.now, monotonicMs: () => performance.now() });
  const accessTokens = new AccessTokens({ secret, ttlS: security.access_token_ttl_s, nowMs: () => clock.nowMs() });
  const refreshTokens = new RefreshTokens(database, security.refresh_token_ttl_s);
  const permissions = new PermissionService(database);
  const auth = new AuthService(database, hasher, accessTokens, refreshTokens);
  const organizations = new OrganizationService(database, permissions, hasher, {
    maxUsers: limits.max_users_per_org,
    maxChannels: limits.max_channels_per_org,
  });
  const users = new UserService(database, permissions, auth, hasher, {
    maxUsersPerOrganization: limits.max_users_per_org,
  });
  const roles = new RoleService(database, permissions);
  const channels = new ChannelService(database, permissions, hasher, {
    maxChannelsPerOrganization: limits.max_channels_per_org,
    maxUsersPerChannel: limits.max_users_per_channel,
  });
  const acl = new ChannelAclService(database, permissions);
  const bans = new BanService(database, permissions);
  const audit = new AuditService(database, permissions);
  const invitations = new InvitationService(database, permissions, users, auth);
  const apiKeys = new ApiKeyService(database, permissions);
  const certificates = new ClientCertificateService(database, permissions);
  const insight = new PermissionInsightService(database, permissions);
  const sessionLimits = { maxConnections: server.max_connections };
  const sessions = new SessionService(registry, sessionIds, store, permissions, events, sessionLimits, others);
  const occupancyLimits = {
    maxUsersPerChannel: limits.max_users_per_channel,
    maxJoinedChannels: limits.max_joined_channels,
  };
  const occupancy = new OccupancyService(
    ...([channels, permissions, registry, store, events, occupancyLimits, others] as const),
  );
  const moderation = new ModerationService(database, permissions, sessions, occupancy);
  const tenancy = { organizations, users, roles, channels, acl };
  const management = { ...tenancy, bans, audit, invitations, apiKeys, certificates, insight };
  return { ...management, hasher, permissions, auth, sessions, occupancy, moderation };
}
