import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type CertificateFingerprints, certificateFingerprints } from '../certificates/certificate-fingerprints.js';
import { AppError } from '../errors.js';
import type { EventBus } from '../events/event-bus.js';
import type { OrganizationId } from '../ids.js';
import type { SessionHost } from '../voice/session-host.js';
import { type Guest, TlsListener, type TlsListenerCounters, type TlsListenerOptions } from '../voice/tls-listener.js';
import { GatewayLink } from './gateway-link.js';
import type { GatewayCounters } from './gateway-messages.js';
import type { TenantRules } from './login-name.js';
import { MUMBLE_VERSION, MumbleClient } from './mumble-client.js';
import { MumbleConnection } from './mumble-connection.js';
import type { MumblePorts, MumbleServices } from './mumble-ports.js';
import { OrganizationMirror } from './organization-mirror.js';
import { stateAnswer } from './state-answer.js';

/** A free number has to be free for TCP and for UDP: so often another one is tried. */
const FREE_PORT_ATTEMPTS = 10;

export interface MumbleDoorOptions extends Omit<TlsListenerOptions, 'nowMs' | 'onConnection'> {
  readonly host: SessionHost;
  readonly services: MumbleServices;
  readonly events: EventBus;
  readonly tenants: TenantRules;
  /** Whether anybody who asks by UDP is told how many are here. */
  readonly answerPings: boolean;
  /** How many sessions the server has at most. */
  readonly maxUsers: number;
}

/** How the door is doing. */
export interface MumbleDoorCounters extends TlsListenerCounters {
  /** Clients that have logged in. */
  readonly sessions: number;
  /** Voice packets that were not sent through the control connection because the client did not read fast enough. */
  readonly droppedVoice: number;
  readonly udp: GatewayCounters;
}

/** The door of Mumble's clients: TLS and UDP on one port. docs/decisions/0009-mumble-door.md has its plan. */
export class MumbleDoor {
  readonly #options: MumbleDoorOptions;
  readonly #gateway: GatewayLink;
  readonly #listener: TlsListener;
  readonly #ports: MumblePorts;
  readonly #mirrors = new Map<OrganizationId, OrganizationMirror>();
  readonly #connections = new Set<MumbleConnection>();
  readonly #clients = new Set<MumbleClient>();
  readonly #unsubscribe: () => void;
  #droppedVoice = 0;
  #connectionCount = 0;

  /** Resolves once the port is bound, for TCP and UDP. Throws AppError UNAVAILABLE, with the port and the reason, where it cannot be. */
  static async start(options: MumbleDoorOptions): Promise<MumbleDoor> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await MumbleDoor.#open(options);
      } catch (error) {
        const mayRepeat = options.port === 0 && attempt < FREE_PORT_ATTEMPTS;
        if (!mayRepeat || !(error instanceof AppError) || error.code !== 'UNAVAILABLE') throw error;
      }
    }
  }

  static async #open(options: MumbleDoorOptions): Promise<MumbleDoor> {
    const { bindAddress, port, logger, host, answerPings, maxUsers } = options;
    const [relay] = host.relays;
    if (relay === undefined) throw new Error('a host has one relay at least');
    const { maxBitrate } = host.terms;
    const state = () => ({ version: MUMBLE_VERSION, users: host.live.connected, maxUsers, maxBitrate });
    const answer = (question: Uint8Array) => (answerPings ? stateAnswer(question, state()) : null);
    const gateway = await GatewayLink.open({ relay, bindAddress, port, logger, answer });
    const door = new MumbleDoor({ ...options, port: gateway.port }, gateway);
    try {
      await door.#listener.open();
    } catch (error) {
      door.#unsubscribe();
      await gateway.close();
      throw error;
    }
    logger.info({ port: door.port }, 'Mumble door open');
    return door;
  }

  private constructor(options: MumbleDoorOptions, gateway: GatewayLink) {
    const { host, services, tenants, maxUsers, logger, events } = options;
    this.#options = options;
    this.#gateway = gateway;
    this.#ports = {
      ...{ host, services, tenants, gateway, maxUsers, logger, randomBytes },
      mirrorOf: (id) => this.#mirrorOf(id),
    };
    this.#listener = new TlsListener({
      ...options,
      nowMs: host.nowMs,
      onConnection: (socket, onLogin) => this.#onConnection(socket, onLogin),
    });
    host.feed.onPublished((view) => this.#mirrors.get(view.organizationId)?.update(view));
    this.#unsubscribe = events.subscribe((event) => {
      if (event.type === 'session_closed') this.#mirrors.get(event.organizationId)?.noteEnding(event.sessionId, event);
    });
  }

  /** The port that is bound, for TCP and UDP. */
  get port(): number {
    return this.#gateway.port;
  }

  /** Whoever comes from now on is shown this certificate. */
  useCertificate(certificate: TlsListenerOptions['tls']): void {
    this.#listener.useCertificate(certificate);
  }

  async counters(): Promise<MumbleDoorCounters> {
    const dropped = [...this.#connections].reduce((sum, { droppedVoice }) => sum + droppedVoice, 0);
    return {
      ...this.#listener.counters(),
      sessions: this.#options.host.live.connectedBy('mumble'),
      droppedVoice: this.#droppedVoice + dropped,
      udp: await this.#gateway.counters(),
    };
  }

  /** Accepts nobody any more, ends all connections, and resolves when they are closed: after a second at most. */
  async close(): Promise<void> {
    const closed = this.#listener.close();
    for (const client of this.#clients) client.end('SHUTTING_DOWN', '', 'shutting_down');
    await closed;
    this.#unsubscribe();
    await this.#gateway.close();
  }

  #onConnection(socket: TLSSocket, onOpen: () => void): Guest {
    this.#connectionCount += 1;
    const { host, logger } = this.#options;
    const { idleTimeoutMs } = host.terms;
    const options = { id: `m${this.#connectionCount}`, idleTimeoutMs, logger, nowMs: host.nowMs };
    const remoteAddress = socket.remoteAddress ?? '';
    // Without a name TLS tells `false`.
    const hostName = typeof socket.servername === 'string' ? socket.servername : null;
    const certificate = certificateOf(socket);
    const connection = new MumbleConnection(socket, options, (each) => {
      const client = new MumbleClient(this.#ports, { remoteAddress, hostName, certificate, onOpen }, each);
      this.#clients.add(client);
      socket.once('close', () => this.#clients.delete(client));
      return client;
    });
    this.#connections.add(connection);
    socket.once('close', () => {
      this.#droppedVoice += connection.droppedVoice;
      this.#connections.delete(connection);
    });
    return { sendOff: () => connection.close() };
  }

  #mirrorOf(id: OrganizationId): OrganizationMirror {
    for (const [other, mirror] of this.#mirrors) if (mirror.isEmpty) this.#mirrors.delete(other);
    const mirror = this.#mirrors.get(id) ?? new OrganizationMirror();
    this.#mirrors.set(id, mirror);
    return mirror;
  }
}

/** Null where the client has shown none; it has proved that it has the key of what it shows. */
function certificateOf(socket: TLSSocket): CertificateFingerprints | null {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? null : certificateFingerprints(certificate.raw);
}
