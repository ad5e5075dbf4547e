import type { Logger } from 'pino';
import type { UserId } from '../ids.js';
import { RepeatedTask } from '../repeated-task.js';
import { systemContext, type UserActor } from '../request-context.js';
import type { AuthService } from './auth.service.js';
import type { LastingCredential } from './identities.js';

/** How often everybody is looked at again, in milliseconds: half of what a revocation may take. */
const INTERVAL_MS = 500;

/** Somebody with a connection that lasts. */
export class WatchedIdentity {
  readonly credential: LastingCredential;
  /** Who it is, as the database last said; undefined once the credential does not hold any more. */
  actor: UserActor | undefined;
  readonly userId: UserId;
  readonly #onLost: () => void;

  constructor(actor: UserActor, credential: LastingCredential, onLost: () => void) {
    this.actor = actor;
    this.userId = actor.userId;
    this.credential = credential;
    this.#onLost = onLost;
  }

  /** Takes in who it is now. */
  found(actor: UserActor | undefined): void {
    const wasHeld = this.actor !== undefined;
    this.actor = actor;
    if (wasHeld && actor === undefined) this.#onLost();
  }
}

/** Looks again and again whether those who stay connected may stay, all of them in one statement: what was revoked or has expired ends within a second. */
export class IdentityWatch {
  readonly #auth: AuthService;
  readonly #watched = new Set<WatchedIdentity>();
  readonly #looking: RepeatedTask;
  readonly #timer: NodeJS.Timeout;

  constructor(auth: AuthService, logger: Logger) {
    this.#auth = auth;
    this.#looking = new RepeatedTask(() => this.#look(), logger, 'the watch over logins');
    this.#timer = setInterval(() => {
      if (this.#watched.size > 0) this.#looking.runUntilDone();
    }, INTERVAL_MS);
  }

  /** Throws as {@link AuthService.authenticate}. `onLost` is called once, when the token does not hold any more. To be given back by {@link forget}. */
  async watch(token: string, remoteAddress: string | null, onLost: () => void): Promise<WatchedIdentity> {
    const { actor, credential } = await this.#auth.authenticateLasting(token, remoteAddress);
    const identity = new WatchedIdentity(actor, credential, onLost);
    this.#watched.add(identity);
    return identity;
  }

  forget(identity: WatchedIdentity): void {
    this.#watched.delete(identity);
  }

  /** Resolves when everybody was looked at, as the database is after the call. Rejects where it is away. */
  lookNow(): Promise<void> {
    return this.#looking.run();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#looking.stop();
  }

  async #look(): Promise<void> {
    const watched = [...this.#watched];
    const credentials = watched.map(({ credential }) => credential);
    const actors = await this.#auth.stillValid(systemContext('identity-watch'), credentials);
    for (const [index, identity] of watched.entries()) identity.found(actors[index]);
  }
}
