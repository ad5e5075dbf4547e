import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import type { AuthService } from '../auth/auth.service.js';
import type { BanService } from '../bans/ban.service.js';
import type { ChannelService } from '../channels/channel.service.js';
import type { EventBus } from '../events/event-bus.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import type { OrganizationService } from '../organizations/organization.service.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { ModerationService } from '../sessions/moderation.service.js';
import type { SessionService } from '../sessions/session.service.js';
import type { Tracing } from '../tracing/tracing.js';
import type { UserService } from '../users/user.service.js';
import { type Client, ControlRequests, type RequestPorts } from './control-requests.js';
import type { NodeLinks } from './feed-ports.js';
import type { SharedKeys } from './key-source.js';
import { LiveSessions } from './live-sessions.js';
import { HERE_ALWAYS, type Placement } from './placement.js';
import { RelayFeed, type RemoteClients } from './relay-feed.js';
import type { RelayHost } from './relay-host.js';
import type { RelayPool } from './relay-pool.js';
import type { Target } from './route-feed.js';
import type { VoiceTerms } from './session-opening.js';

/** The services behind the doors of voice clients. */
export interface VoiceServices {
  readonly auth: AuthService;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  readonly moderation: ModerationService;
  readonly permissions: PermissionService;
  readonly channels: ChannelService;
  readonly organizations: OrganizationService;
  readonly users: UserService;
  readonly bans: BanService;
}

export interface SessionHostOptions {
  readonly terms: VoiceTerms;
  readonly services: VoiceServices;
  readonly relay: RelayPool;
  readonly events: EventBus;
  readonly logger: Logger;
  /** The way to the clients of other nodes; null where there are none. */
  readonly others?: RemoteClients | null;
  /** Who makes the keys of channels, and the links to other nodes; null where there is this node alone. */
  readonly sharedKeys?: SharedKeys<Target> | null;
  readonly links?: NodeLinks | null;
  /** Where clients are served; here where it is left out. */
  readonly placement?: Placement;
  /** Null or left out where nothing is traced. */
  readonly tracing?: Tracing | null;
}

/** What serves the sessions of voice clients, whatever door they come through, and keeps the relay at their rights. */
export class SessionHost {
  readonly feed: RelayFeed;
  readonly live: LiveSessions;
  readonly terms: VoiceTerms;
  /** The workers of the relay. */
  readonly relays: readonly RelayHost[];
  /** A monotonic clock, in milliseconds. */
  readonly nowMs = () => performance.now();
  readonly #ports: RequestPorts;
  readonly #unsubscribe: () => void;

  constructor({ terms, services, relay, events, logger, ...cluster }: SessionHostOptions) {
    const { others = null, placement = HERE_ALWAYS, sharedKeys = null, links = null, tracing = null } = cluster;
    const { nowMs } = this;
    this.terms = terms;
    this.relays = relay.hosts;
    const outward = { events, logger, others, sharedKeys, links, tracing };
    this.feed = new RelayFeed({ ...services, ...outward, relays: relay.hosts, nowMs, randomBytes });
    const onError = (error: unknown) => logger.error({ err: error }, 'a voice session could not be ended');
    const { feed } = this;
    const { resumeTimeoutMs } = terms;
    this.live = new LiveSessions({ ...services, feed, resumeTimeoutMs, nowMs, randomBytes, onError });
    this.#ports = { ...services, events, feed, live: this.live, terms, placement, nowMs, onError };
    // The feed has subscribed before: clients are told of an end when the relay is.
    this.#unsubscribe = events.subscribe((event) => {
      if (event.type === 'session_closed') this.live.ended(event.sessionId, event.reason, event.message);
    });
    for (const host of relay.hosts) {
      host.onTunneled((sessionId, packet) => this.live.connectionOf(sessionId)?.sendVoice(packet));
    }
  }

  /** What answers the requests of a client that has come. */
  requestsOf(client: Client): ControlRequests {
    return new ControlRequests(this.#ports, client);
  }

  /** Stops following what happens. To be called when all doors are closed. */
  close(): void {
    this.#unsubscribe();
    this.feed.close();
  }
}
