import type { Logger } from 'pino';
import type { AuthService } from '../auth/auth.service.js';
import type { BanService } from '../bans/ban.service.js';
import type { ChannelService } from '../channels/channel.service.js';
import type { OrganizationId } from '../ids.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import type { OrganizationService } from '../organizations/organization.service.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { SessionService } from '../sessions/session.service.js';
import type { SharedKeys } from './key-source.js';
import type { OrganizationView } from './organization-view.js';
import type { RelayHost } from './relay-host.js';
import type { Target } from './route-feed.js';

/** What the feed of an organization asks and tells. */
export interface FeedPorts {
  readonly relay: RelayHost;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  readonly permissions: PermissionService;
  readonly channels: ChannelService;
  readonly organizations: OrganizationService;
  readonly bans: BanService;
  readonly auth: AuthService;
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Is told when the clients of an organization have been told what is new. */
  readonly onPublished: (view: OrganizationView) => void;
  /** Who makes the keys of channels; null where this node does by itself. */
  readonly sharedKeys: SharedKeys<Target> | null;
  /** The links to other nodes; null where there are none. */
  readonly links: NodeLinks | null;
}

/** The links of the relay to other nodes. */
export interface NodeLinks {
  /** The numbers of the links to these nodes by which voice of the organization goes, in order. */
  slotsTo(nodes: ReadonlySet<string>, organizationId: OrganizationId): readonly number[];
}
