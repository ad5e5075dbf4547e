/** The port to the other nodes of a cluster, as far as it is about where a client is served. */
import { AppError } from '../errors.js';
import type { UserActor } from '../request-context.js';
import type { Inheritance } from '../sessions/session.service.js';
import type { ServerBody } from './control-frames.js';

/** Where a node is, as clients are told. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
  /** 32 bytes. */
  readonly certificateSha256: Uint8Array;
}

/** Where somebody is to go, and what lets them in there. */
export interface Redirection {
  readonly node: NodeAddress;
  readonly ticket: Uint8Array;
  readonly validMs: number;
}

/** Who has come with a ticket of another node, and the session that they have left for this one, if any. */
export interface Arrival {
  readonly actor: UserActor;
  readonly inherits: Inheritance | null;
}

export interface Placement {
  /** Where the actor's session is to be opened instead of here; null for here. Throws SHUTTING_DOWN where this node takes no new sessions and the client goes nowhere else, and UNAVAILABLE. */
  elsewhere(actor: UserActor, followsRedirects: boolean): Promise<Redirection | null>;
  /** Who holds this ticket, which is used up. Throws UNAUTHENTICATED, SHUTTING_DOWN or UNAVAILABLE. */
  admit(ticket: Uint8Array): Promise<Arrival>;
  /** Other nodes that a client may go to when this one is gone. */
  others(): readonly NodeAddress[];
}

/** Where there is this node alone. */
export const HERE_ALWAYS: Placement = {
  elsewhere: async () => null,
  admit: async () => {
    throw new AppError('UNAUTHENTICATED', 'There are no tickets here: log in otherwise.');
  },
  others: () => [],
};

/** Thrown in place of an answer to a login: the session is to be opened elsewhere. */
export class Redirected extends Error {
  readonly body: ServerBody;

  constructor(redirection: Redirection) {
    super('the session is to be opened at another node');
    this.name = 'Redirected';
    this.body = redirectBody(redirection);
  }
}

export function redirectBody({ node, ticket, validMs }: Redirection): ServerBody {
  return { case: 'redirect', value: { node, ticket, validMs } };
}
