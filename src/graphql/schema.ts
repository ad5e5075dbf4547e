import type { GraphQLSchema } from 'graphql';
import { buildSchema } from 'type-graphql';
import { ApiKeyResolver, UserApiKeysResolver } from '../api-keys/api-key.resolver.js';
import type { ApiKeyService } from '../api-keys/api-key.service.js';
import { AuditResolver } from '../audit/audit.resolver.js';
import type { AuditService } from '../audit/audit.service.js';
import { AuthResolver } from '../auth/auth.resolver.js';
import type { AuthService } from '../auth/auth.service.js';
import { BanResolver, OrganizationBansResolver } from '../bans/ban.resolver.js';
import type { BanService } from '../bans/ban.service.js';
import { ChannelResolver } from '../channels/channel.resolver.js';
import { ChannelAclResolver } from '../channels/channel-acl.resolver.js';
import { InvitationResolver, OrganizationInvitationsResolver } from '../invitations/invitation.resolver.js';
import type { InvitationService } from '../invitations/invitation.service.js';
import { OrganizationResolver } from '../organizations/organization.resolver.js';
import { InsightResolver } from '../permissions/insight.resolver.js';
import type { PermissionInsightService } from '../permissions/permission-insight.service.js';
import { RoleResolver } from '../roles/role.resolver.js';
import { OrganizationSessionsResolver, SessionResolver } from '../sessions/session.resolver.js';
import type { SessionService } from '../sessions/session.service.js';
import { UserResolver } from '../users/user.resolver.js';
import { locateErrors } from './error-format.js';
import type { LoaderSources } from './loaders.js';
import { answerRefusals } from './mutation-payload.js';

/** What the resolvers call. */
export interface SchemaServices extends LoaderSources {
  readonly auth: AuthService;
  readonly sessions: SessionService;
  readonly audit: AuditService;
  readonly bans: BanService;
  readonly invitations: InvitationService;
  readonly apiKeys: ApiKeyService;
  readonly insight: PermissionInsightService;
}

/** The schema, with resolvers over these services. */
export async function createSchema(services: SchemaServices): Promise<GraphQLSchema> {
  const { auth, organizations, users, roles, channels, acl, sessions } = services;
  const { audit, bans, invitations, apiKeys, insight } = services;
  const resolvers = new Map<unknown, object>([
    [AuthResolver, new AuthResolver(auth, users)],
    [OrganizationResolver, new OrganizationResolver(organizations, users, roles, channels)],
    [UserResolver, new UserResolver(users)],
    [RoleResolver, new RoleResolver(roles, users)],
    [ChannelResolver, new ChannelResolver(channels, acl)],
    [ChannelAclResolver, new ChannelAclResolver()],
    [OrganizationSessionsResolver, new OrganizationSessionsResolver(sessions)],
    [SessionResolver, new SessionResolver()],
    [AuditResolver, new AuditResolver(audit)],
    [BanResolver, new BanResolver(bans)],
    [OrganizationBansResolver, new OrganizationBansResolver(bans)],
    [InvitationResolver, new InvitationResolver(invitations, channels)],
    [OrganizationInvitationsResolver, new OrganizationInvitationsResolver(invitations)],
    [ApiKeyResolver, new ApiKeyResolver(apiKeys)],
    [UserApiKeysResolver, new UserApiKeysResolver(apiKeys)],
    [InsightResolver, new InsightResolver(insight)],
  ]);
  return build((type) => resolvers.get(type));
}

/** The schema alone: its description, with nobody behind it. */
export function describeSchema(): Promise<GraphQLSchema> {
  return build(() => {
    throw new Error('this schema only describes');
  });
}

async function build(resolverOf: (type: unknown) => object | undefined): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers: [
      AuthResolver,
      OrganizationResolver,
      UserResolver,
      RoleResolver,
      ChannelResolver,
      ChannelAclResolver,
      OrganizationSessionsResolver,
      SessionResolver,
      AuditResolver,
      BanResolver,
      OrganizationBansResolver,
      InvitationResolver,
      OrganizationInvitationsResolver,
      ApiKeyResolver,
      UserApiKeysResolver,
      InsightResolver,
    ],
    container: { get: resolverOf },
    globalMiddlewares: [locateErrors],
    // The services check values, so that every door refuses the same.
    validate: false,
  });
  answerRefusals(schema);
  return schema;
}
