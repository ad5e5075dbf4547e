import type { Logger } from 'pino';
import type { AuthService } from '../auth/auth.service.js';
import type { BanService } from '../bans/ban.service.js';
import type { ClientCertificateService } from '../certificates/client-certificate.service.js';
import type { ChannelService } from '../channels/channel.service.js';
import type { ChannelAclService } from '../channels/channel-acl.service.js';
import type { OrganizationId } from '../ids.js';
import type { OrganizationService } from '../organizations/organization.service.js';
import type { RoleService } from '../roles/role.service.js';
import type { UserService } from '../users/user.service.js';
import type { SessionHost } from '../voice/session-host.js';
import type { GatewayLink } from './gateway-link.js';
import type { TenantRules } from './login-name.js';
import type { OrganizationMirror } from './organization-mirror.js';

/** The services that only this door of voice clients uses, beside those of the host. */
export interface MumbleServices {
  readonly auth: AuthService;
  readonly organizations: OrganizationService;
  readonly channels: ChannelService;
  readonly acl: ChannelAclService;
  readonly roles: RoleService;
  readonly bans: BanService;
  readonly users: UserService;
  readonly certificates: ClientCertificateService;
}

/** What Mumble clients are served with. */
export interface MumblePorts {
  readonly host: SessionHost;
  readonly services: MumbleServices;
  readonly tenants: TenantRules;
  readonly gateway: GatewayLink;
  /** How an organization looks to Mumble clients; one that nobody looks at is forgotten. */
  readonly mirrorOf: (id: OrganizationId) => OrganizationMirror;
  readonly maxUsers: number;
  readonly randomBytes: (length: number) => Uint8Array;
  readonly logger: Logger;
}
