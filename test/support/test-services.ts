import { ApiKeyService } from '../../src/api-keys/api-key.service.js';
import { AuditService } from '../../src/audit/audit.service.js';
import { AccessTokens } from '../../src/auth/access-token.js';
import { AuthService } from '../../src/auth/auth.service.js';
import { PasswordHasher } from '../../src/auth/password-hasher.js';
import { RefreshTokens } from '../../src/auth/refresh-tokens.js';
import { BanService } from '../../src/bans/ban.service.js';
import { ClientCertificateService } from '../../src/certificates/client-certificate.service.js';
import { ChannelService } from '../../src/channels/channel.service.js';
import { ChannelAclService } from '../../src/channels/channel-acl.service.js';
import { InvitationService } from '../../src/invitations/invitation.service.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { OrganizationService } from '../../src/organizations/organization.service.js';
import { PermissionService } from '../../src/permissions/permission.service.js';
import { PermissionInsightService } from '../../src/permissions/permission-insight.service.js';
import { type RequestContext, systemContext, type UserActor } from '../../src/request-context.js';
import { RoleService } from '../../src/roles/role.service.js';
import type { User } from '../../src/users/user.entity.js';
import { type NewUser, UserService } from '../../src/users/user.service.js';
import { TestDatabase } from './test-database.js';

export const PASSWORD = 'a password of somebody';
export const JWT_SECRET = 'a secret that is known to the tests alone';

const LIMITS = { maxUsers: 1000, maxChannels: 100, maxUsersPerChannel: 50 };

/** All services on a database of the test's own, and short ways to make organizations. */
export class TestServices {
  readonly test: TestDatabase;
  readonly hasher = new PasswordHasher({ concurrency: 2, maxWaiting: 1000 });
  readonly accessTokens = new AccessTokens({ secret: JWT_SECRET, ttlS: 900 });
  readonly refreshTokens: RefreshTokens;
  readonly permissions: PermissionService;
  readonly auth: AuthService;
  readonly organizations: OrganizationService;
  readonly users: UserService;
  readonly roles: RoleService;
  readonly channels: ChannelService;
  readonly acl: ChannelAclService;
  readonly audit: AuditService;
  readonly bans: BanService;
  readonly invitations: InvitationService;
  readonly apiKeys: ApiKeyService;
  readonly certificates: ClientCertificateService;
  readonly insight: PermissionInsightService;
  readonly system = systemContext('test');

  static async create(): Promise<TestServices> {
    return new TestServices(await TestDatabase.create());
  }

  /** All services on a database that is there. */
  static on(test: TestDatabase): TestServices {
    return new TestServices(test);
  }

  private constructor(test: TestDatabase) {
    const { database } = test;
    this.test = test;
    this.refreshTokens = new RefreshTokens(database, 86_400);
    this.permissions = new PermissionService(database);
    this.auth = new AuthService(database, this.hasher, this.accessTokens, this.refreshTokens);
    this.organizations = new OrganizationService(database, this.permissions, this.hasher, LIMITS);
    this.users = new UserService(database, this.permissions, this.auth, this.hasher, {
      maxUsersPerOrganization: LIMITS.maxUsers,
    });
    this.roles = new RoleService(database, this.permissions);
    this.channels = new ChannelService(database, this.permissions, this.hasher, {
      maxChannelsPerOrganization: LIMITS.maxChannels,
      maxUsersPerChannel: LIMITS.maxUsersPerChannel,
    });
    this.acl = new ChannelAclService(database, this.permissions);
    this.audit = new AuditService(database, this.permissions);
    this.bans = new BanService(database, this.permissions);
    this.invitations = new InvitationService(database, this.permissions, this.users, this.auth);
    this.apiKeys = new ApiKeyService(database, this.permissions);
    this.certificates = new ClientCertificateService(database, this.permissions);
    this.insight = new PermissionInsightService(database, this.permissions);
  }

  /** An organization whose name is its tag. */
  organization(tag: string): Promise<Organization> {
    return this.organizations.create(this.system, { name: tag, tag });
  }

  /** A user with {@link PASSWORD}, and the role `member` where no others are given. */
  user(organization: Organization, username: string, input: Partial<NewUser> = {}): Promise<User> {
    return this.users.create(this.system, organization.id, { username, password: PASSWORD, ...input });
  }

  /** A user with the role `admin`, and the organization that it is in. */
  async admin(tag: string): Promise<{ readonly organization: Organization; readonly admin: RequestContext }> {
    const organization = await this.organization(tag);
    const { items } = await this.roles.list(this.system, organization.id, { first: 100, after: null });
    const roleIds = items.filter(({ name }) => name === 'admin').map(({ id }) => id);
    return { organization, admin: this.as(await this.user(organization, 'admin', { roleIds })) };
  }

  /** The user's own requests. */
  as(user: User): RequestContext {
    const { id, organizationId, username, tokenVersion } = user;
    const actor: UserActor = {
      kind: 'user',
      userId: id,
      organizationId,
      username,
      platformAdmin: false,
      credential: { tokenVersion, loginId: null, apiKey: null },
      scopes: null,
    };
    return { ...this.system, actor, door: 'graphql' };
  }

  drop(): Promise<void> {
    return this.test.drop();
  }
}
