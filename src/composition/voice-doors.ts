/** The doors of voice clients. */
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { EventBus } from '../events/event-bus.js';
import { MumbleDoor } from '../mumble/mumble-door.js';
import { ProxiedSockets, parseNetworks } from '../proxy-protocol/proxied-sockets.js';
import type { TlsCertificate } from '../tls-certificate.js';
import { VERSION } from '../version.js';
import { SessionHost } from '../voice/session-host.js';
import type { VoiceTerms } from '../voice/session-opening.js';
import { VoiceDoor } from '../voice/voice-door.js';
import type { Services } from './services.js';

export interface VoiceParts {
  readonly host: SessionHost;
  readonly services: Services;
  readonly events: EventBus;
  readonly certificate: TlsCertificate;
  readonly logger: Logger;
}

export function voiceTerms({ server, audio, limits, redis, cluster }: Config): VoiceTerms {
  return {
    serverName: `Parley ${VERSION}`,
    maxBitrate: audio.max_bitrate,
    defaultBitrate: audio.default_bitrate,
    maxJoinedChannels: limits.max_joined_channels,
    idleTimeoutMs: server.idle_timeout_ms,
    resumeTimeoutMs: server.resume_timeout_ms,
    udpHost: redis.url === null ? '' : (cluster.advertised_host ?? ''),
  };
}

export function openVoiceDoor({ server }: Config, { host, certificate, logger }: VoiceParts): Promise<VoiceDoor> {
  return VoiceDoor.start({
    host,
    logger,
    bindAddress: server.bind_address,
    port: server.control_port,
    tls: certificate,
    handshakeTimeoutMs: server.handshake_timeout_ms,
    ...proxiesOf(server),
  });
}

/** The load balancers before the doors: none where there are none. */
export function proxiesOf({ proxy_protocol_from: from }: Config['server']): { readonly proxies?: ProxiedSockets } {
  const networks = from === null ? undefined : parseNetworks(from);
  return networks === undefined ? {} : { proxies: new ProxiedSockets(networks) };
}

export function openMumbleDoor({ server, mumble }: Config, { certificate, ...parts }: VoiceParts): Promise<MumbleDoor> {
  return MumbleDoor.start({
    ...parts,
    bindAddress: server.bind_address,
    port: mumble.port,
    tls: certificate,
    handshakeTimeoutMs: server.handshake_timeout_ms,
    ...proxiesOf(server),
    tenants: { hostPattern: mumble.host_pattern, defaultOrganization: mumble.default_organization },
    requestsCertificate: mumble.certificates,
    answerPings: mumble.answer_pings,
    maxUsers: server.max_connections,
  });
}
