import type { GraphQLSchema } from 'graphql';
import { buildSchema, type PubSub } from 'type-graphql';
import { ApiKeyResolver, UserApiKeysResolver } from '../api-keys/api-key.resolver.js';
import { AuditResolver } from '../audit/audit.resolver.js';
import { AuthResolver } from '../auth/auth.resolver.js';
import type { AuthService } from '../auth/auth.service.js';
import { BanResolver, OrganizationBansResolver } from '../bans/ban.resolver.js';
import { ClientCertificateResolver, UserCertificatesResolver } from '../certificates/client-certificate.resolver.js';
import { ChannelResolver } from '../channels/channel.resolver.js';
import { ChannelAclResolver } from '../channels/channel-acl.resolver.js';
import { ClusterResolver } from '../cluster/cluster.resolver.js';
import type { ClusterService } from '../cluster/cluster.service.js';
import { InvitationResolver, OrganizationInvitationsResolver } from '../invitations/invitation.resolver.js';
import { LiveResolver } from '../live/live.resolver.js';
import { LogLevelResolver } from '../logging/log-level.resolver.js';
import type { LogLevelService } from '../logging/log-level.service.js';
import { OrganizationMetricsResolver } from '../metrics/organization-metrics.resolver.js';
import { ChannelOccupancyResolver } from '../occupancy/occupancy.resolver.js';
import { OrganizationResolver } from '../organizations/organization.resolver.js';
import { InsightResolver } from '../permissions/insight.resolver.js';
import type { PermissionInsightService } from '../permissions/permission-insight.service.js';
import { RoleResolver } from '../roles/role.resolver.js';
import { ModerationResolver } from '../sessions/moderation.resolver.js';
import type { ModerationService } from '../sessions/moderation.service.js';
import { OrganizationSessionsResolver, SessionResolver } from '../sessions/session.resolver.js';
import { UserResolver } from '../users/user.resolver.js';
import { locateErrors } from './error-format.js';
import type { LoaderSources } from './loaders.js';
import { answerRefusals } from './mutation-payload.js';

/** What the resolvers call. */
export interface SchemaServices extends LoaderSources {
  readonly auth: AuthService;
  readonly insight: PermissionInsightService;
  readonly moderation: ModerationService;
  readonly cluster: ClusterService;
  readonly logLevels: LogLevelService;
}

/** The schema, with resolvers over these services. */
export async function createSchema(services: SchemaServices): Promise<GraphQLSchema> {
  const { auth, organizations, users, roles, channels, acl, sessions } = services;
  const { audit, bans, invitations, apiKeys, certificates, insight, moderation, cluster, logLevels } = services;
  const resolvers = new Map<unknown, object>([
    [AuthResolver, new AuthResolver(auth, users)],
    [OrganizationResolver, new OrganizationResolver(organizations)],
    [OrganizationMetricsResolver, new OrganizationMetricsResolver()],
    [UserResolver, new UserResolver(users)],
    [RoleResolver, new RoleResolver(roles, users)],
    [ChannelResolver, new ChannelResolver(channels, acl)],
    [ChannelAclResolver, new ChannelAclResolver()],
    [OrganizationSessionsResolver, new OrganizationSessionsResolver(sessions)],
    [SessionResolver, new SessionResolver()],
    [ChannelOccupancyResolver, new ChannelOccupancyResolver()],
    [AuditResolver, new AuditResolver(audit)],
    [BanResolver, new BanResolver(bans)],
    [OrganizationBansResolver, new OrganizationBansResolver()],
    [InvitationResolver, new InvitationResolver(invitations, channels)],
    [OrganizationInvitationsResolver, new OrganizationInvitationsResolver()],
    [ApiKeyResolver, new ApiKeyResolver(apiKeys)],
    [UserApiKeysResolver, new UserApiKeysResolver()],
    [ClientCertificateResolver, new ClientCertificateResolver(certificates)],
    [UserCertificatesResolver, new UserCertificatesResolver()],
    [InsightResolver, new InsightResolver(insight)],
    [ModerationResolver, new ModerationResolver(moderation)],
    [ClusterResolver, new ClusterResolver(cluster)],
    [LiveResolver, new LiveResolver()],
    [LogLevelResolver, new LogLevelResolver(logLevels)],
  ]);
  return build((type) => resolvers.get(type));
}

/** The schema alone: its description, with nobody behind it. */
export function describeSchema(): Promise<GraphQLSchema> {
  return build(() => {
    throw new Error('this schema only describes');
  });
}

/** The library wants one for subscriptions to topics. Ours bring their streams themselves. */
const NO_TOPICS: PubSub = {
  publish: refuseTopics,
  subscribe: refuseTopics,
};

function refuseTopics(): never {
  throw new Error('a subscription without a stream');
}

async function build(resolverOf: (type: unknown) => object | undefined): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers: [
      AuthResolver,
      OrganizationResolver,
      OrganizationMetricsResolver,
      UserResolver,
      RoleResolver,
      ChannelResolver,
      ChannelAclResolver,
      OrganizationSessionsResolver,
      SessionResolver,
      ChannelOccupancyResolver,
      AuditResolver,
      BanResolver,
      OrganizationBansResolver,
      InvitationResolver,
      OrganizationInvitationsResolver,
      ApiKeyResolver,
      UserApiKeysResolver,
      ClientCertificateResolver,
      UserCertificatesResolver,
      InsightResolver,
      ModerationResolver,
      ClusterResolver,
      LiveResolver,
      LogLevelResolver,
    ],
    container: { get: resolverOf },
    pubSub: NO_TOPICS,
    // The services check values, so that every door refuses the same.
    validate: false,
  });
  locateErrors(schema);
  answerRefusals(schema);
  return schema;
}
