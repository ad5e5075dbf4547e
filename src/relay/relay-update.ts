import type { OrganizationId, SessionId } from '../ids.js';

/** A session as the control plane knows it. */
export interface SessionUpdate {
  readonly sessionId: SessionId;
  /** For which organization its packets are counted; for none where it is left out. */
  readonly organizationId?: OrganizationId;
  /** AES-128 key of the packets that the client sends: 16 bytes. */
  readonly clientKey: Uint8Array;
  /** AES-128 key of the packets that the server itself sends: 16 bytes. */
  readonly serverKey: Uint8Array;
}

/** All that the relay has to know of a target. */
export interface RouteUpdate {
  /** A channel id, or a whisper target: the number in the packet's header. */
  readonly target: number;
  /** The number of the target's present key. Packets carry its low 8 bits. */
  readonly epoch: number;
  /** Who hears the target: members who are not deafened. A speaker need not be one. */
  readonly listeners: readonly SessionId[];
  /** Who may speak: members who hold SPEAK and are not muted. A listener need not be one. */
  readonly speakers: readonly SessionId[];
  /** The links to other nodes where somebody hears it; none where it is left out. */
  readonly links?: readonly number[];
}

/** What the control plane tells the relay. Plain data: it crosses from one thread to another. */
export type RelayUpdate =
  /** Knows the session from now on. Telling it again with the same keys changes nothing; with other keys it begins anew. */
  | ({ readonly type: 'add_session' } & SessionUpdate)
  | { readonly type: 'remove_session'; readonly sessionId: SessionId }
  /** Replaces what was known of the target. A changed epoch keeps the former one acceptable for 2 s. */
  | ({ readonly type: 'set_route' } & RouteUpdate)
  | { readonly type: 'remove_route'; readonly target: number }
  /** The organization was deleted: what was counted for it goes. */
  | { readonly type: 'forget_organization'; readonly organizationId: OrganizationId }
  /** The whole truth. What stays keeps its counters, replay window and proven address. Ignored where a higher generation was applied. */
  | {
      readonly type: 'replace_all';
      readonly generation: number;
      readonly sessions: readonly SessionUpdate[];
      readonly routes: readonly RouteUpdate[];
    };
