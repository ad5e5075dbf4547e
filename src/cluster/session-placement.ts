import { AppError } from '../errors.js';
import type { UserActor } from '../request-context.js';
import type { Session } from '../sessions/session.js';
import type { Arrival, NodeAddress, Placement, Redirection } from '../voice/placement.js';
import type { ClusterNode } from './cluster-node.js';
import type { NodeRegistry } from './node-registry.js';
import { TICKET_MS, type TicketHolder, type Tickets } from './tickets.js';

/** How many other nodes a client is told of at most. */
const MAX_TOLD_NODES = 8;

/** Says where sessions are served, and lets clients go from one node to another. */
export class SessionPlacement implements Placement {
  readonly #nodes: NodeRegistry;
  readonly #tickets: Tickets;

  constructor(nodes: NodeRegistry, tickets: Tickets) {
    this.#nodes = nodes;
    this.#tickets = tickets;
  }

  async elsewhere(actor: UserActor, followsRedirects: boolean): Promise<Redirection | null> {
    const { isDraining } = this.#nodes;
    if (!followsRedirects && !isDraining) return null;
    const place = await this.#placeOf(actor);
    if (place !== null && followsRedirects) return this.#redirection(place, { actor: memberOf(actor), moved: null });
    if (isDraining) throw draining();
    return null;
  }

  async admit(ticket: Uint8Array): Promise<Arrival> {
    if (this.#nodes.isDraining) throw draining();
    const { actor, moved } = await this.#tickets.redeem(ticket);
    return { actor, inherits: moved };
  }

  others(): readonly NodeAddress[] {
    const open = this.#nodes.others.filter(({ draining: isDraining }) => !isDraining);
    return open.flatMap((node) => addressOf(node) ?? []).slice(0, MAX_TOLD_NODES);
  }

  /** Where a session of this node goes on, or null where there is no other node for it. Throws UNAVAILABLE. */
  async moveOf(session: Session, actor: UserActor): Promise<Redirection | null> {
    const place = await this.#placeOf(actor);
    if (place === null) return null;
    const { id: sessionId, selfMuted: muted, selfDeafened: deafened, recording, listeningChannelIds } = session;
    const moved = { sessionId, self: { muted, deafened, recording }, listeningChannelIds: [...listeningChannelIds] };
    return this.#redirection(place, { actor: memberOf(actor), moved });
  }

  /** Null where it is here, or nowhere that a client could go. */
  async #placeOf({ organizationId }: UserActor): Promise<ClusterNode | null> {
    if (organizationId === null) return null;
    const place = await this.#nodes.placeOf(organizationId);
    return place === undefined || place.id === this.#nodes.self.id ? null : place;
  }

  async #redirection(place: ClusterNode, holder: TicketHolder): Promise<Redirection | null> {
    const node = addressOf(place);
    return node === undefined
      ? null
      : { node, ticket: await this.#tickets.issue(holder, place.id), validMs: TICKET_MS };
  }
}

function addressOf({ voice }: ClusterNode): NodeAddress | undefined {
  if (voice === null) return undefined;
  const certificateSha256 = Buffer.from(voice.fingerprint.replaceAll(':', ''), 'hex');
  return { host: voice.host, port: voice.controlPort, certificateSha256 };
}

/** Users of the platform have no voice, and no tickets. */
function memberOf({ organizationId, scopes, ...actor }: UserActor): TicketHolder['actor'] {
  if (organizationId === null) throw new AppError('PERMISSION_DENIED', 'Users of the platform have no voice.');
  return { ...actor, platformAdmin: false, organizationId, scopes: scopes === null ? null : [...scopes] };
}

function draining(): AppError {
  return new AppError('SHUTTING_DOWN', 'This node takes no new sessions: it is about to end.');
}
