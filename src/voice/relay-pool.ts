import type { OrganizationId, SessionId } from '../ids.js';
import type { OrganizationTotals } from '../relay/organization-traffic.js';
import type { VoiceQuality, VoiceQualitySource } from '../sessions/voice-quality.js';
import { RelayHost, type RelayHostOptions } from './relay-host.js';
import type { RelayCounters } from './relay-messages.js';

export interface RelayPoolOptions extends RelayHostOptions {
  /** How many workers, 1 or more. Each has a UDP port of its own: the first `port`, and those that follow it; with 0, free ones. So it is with the ports of links. */
  readonly workers: number;
}

/** The relay's workers. Each serves whole organizations, which the voice feed places. */
export class RelayPool implements VoiceQualitySource {
  readonly hosts: readonly RelayHost[];

  /** Resolves once all ports are bound. Throws as {@link RelayHost.start}; no port stays bound then. */
  static async start({ workers, ...options }: RelayPoolOptions): Promise<RelayPool> {
    const ports = Array.from({ length: workers }, (_, index) => (options.port === 0 ? 0 : options.port + index));
    const hosts: RelayHost[] = [];
    try {
      for (const [index, port] of ports.entries()) {
        const link = options.link == null ? null : { ...options.link, port: options.link.port + index };
        hosts.push(await RelayHost.start({ ...options, port, link }));
      }
    } catch (error) {
      await Promise.all(hosts.map((host) => host.close()));
      throw error;
    }
    return new RelayPool(hosts);
  }

  private constructor(hosts: readonly RelayHost[]) {
    this.hosts = hosts;
  }

  /** The UDP ports, in the order of the workers. */
  get voicePorts(): readonly number[] {
    return this.hosts.map(({ voicePort }) => voicePort);
  }

  /** What each worker has counted, in their order; null of one that is away. */
  counters(): Promise<readonly (RelayCounters | null)[]> {
    return Promise.all(this.hosts.map((host) => host.counters().catch(() => null)));
  }

  /** What each worker has counted for each organization, in their order; null of one that is away. */
  organizationTraffic(): Promise<readonly (readonly OrganizationTotals[] | null)[]> {
    return Promise.all(this.hosts.map((host) => host.organizationTraffic().catch(() => null)));
  }

  /** Logs every packet at the level trace from now on, or none any more. */
  tracePackets(isOn: boolean): void {
    for (const host of this.hosts) host.tracePackets(isOn);
  }

  /** The organization was deleted: nothing is counted for it any more. */
  forgetOrganization(organizationId: OrganizationId): void {
    for (const host of this.hosts) host.update({ type: 'forget_organization', organizationId });
  }

  /** Throws AppError UNAVAILABLE where a worker is away. */
  async check(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.counters()));
  }

  /** Each worker knows the sessions that it serves, and no others. */
  async qualitiesOf(sessionIds: readonly SessionId[]): Promise<ReadonlyMap<SessionId, VoiceQuality>> {
    const parts = await Promise.all(this.hosts.map((host) => host.qualitiesOf(sessionIds)));
    return new Map(parts.flatMap((part) => [...part]));
  }

  /** Ends the workers and frees the ports. */
  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.close()));
  }
}
