/** Who asks, for what reason, through which door: the first argument of every service method. */
import type { ApiKeyId, OrganizationId, UserId } from './ids.js';

/** The door through which a request came. */
export type Door = 'graphql' | 'rest' | 'voice' | 'mumble' | 'internal';

/** What an API key may be used for: to read, to change, to talk. */
export type ApiKeyScope = 'read' | 'write' | 'voice';

/** By what somebody has proved who they are, so that it can be asked later whether it still holds. */
export interface Credential {
  /** `users.token_version` at that time: a change of the password counts it up. */
  readonly tokenVersion: number;
  /** The login that the access token belongs to, which `logout` ends; null for a password and for an API key. */
  readonly loginId: string | null;
  /** Null where it was no API key. */
  readonly apiKey: {
    readonly id: ApiKeyId;
    /** How long it was good for then, in milliseconds; null for a key without an end. */
    readonly leftMs: number | null;
  } | null;
}

/** Somebody who has proved who they are. */
export interface UserActor {
  readonly kind: 'user';
  readonly userId: UserId;
  /** Null for a platform user. */
  readonly organizationId: OrganizationId | null;
  readonly username: string;
  /** True for a user without an organization who holds a role with MANAGE. */
  readonly platformAdmin: boolean;
  readonly credential: Credential;
  /** What an API key may be used for; null for a login, which may be used for everything. */
  readonly scopes: readonly ApiKeyScope[] | null;
}

/** Nobody yet: may log in, and nothing else. */
export interface AnonymousActor {
  readonly kind: 'anonymous';
}

/** The server itself: first start, resync, timers. Never made from a request. */
export interface SystemActor {
  readonly kind: 'system';
}

export type Actor = UserActor | AnonymousActor | SystemActor;

/** Passed as the first argument to every service method. */
export interface RequestContext {
  readonly actor: Actor;
  readonly door: Door;
  /** Ties log lines, audit entries and effects of one request together. Letters, digits and `-`, at most 64. */
  readonly requestId: string;
  /** The address of the peer, or null where there is none. Not for logs. */
  readonly remoteAddress: string | null;
  /** Why, in the actor's words: for the audit log. */
  readonly reason?: string | undefined;
  /** The span that this is a part of, as a W3C `traceparent`; only where requests are traced. */
  readonly traceParent?: string | undefined;
  /** Names one creation, so that asking for it again within 24 h gives the same object and no second one. */
  readonly idempotencyKey?: string | undefined;
}

export const ANONYMOUS: AnonymousActor = { kind: 'anonymous' };
export const SYSTEM: SystemActor = { kind: 'system' };

/** The context of work that the server does by itself. `requestId` names the work in the logs. */
export function systemContext(requestId: string): RequestContext {
  return { actor: SYSTEM, door: 'internal', requestId, remoteAddress: null };
}

/** The context of work that the server does by itself for a request. */
export function onBehalfOf({ requestId, traceParent }: RequestContext): RequestContext {
  return { ...systemContext(requestId), traceParent };
}
