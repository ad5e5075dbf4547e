import type { SessionId } from '../ids.js';
import type { RouteUpdate } from './relay-update.js';

/** What a relay knows of some sessions and targets. Plain data: it crosses from one thread to another. */
export interface RelayMembership {
  /** Of the targets that it knows. */
  readonly routes: readonly Omit<RouteUpdate, 'epoch'>[];
  /** Those that it knows. */
  readonly sessionIds: readonly SessionId[];
}
