import type { Logger } from 'pino';
import type { RelayHost } from './relay-host.js';

/** The pause before a relay that has died is started again, in milliseconds: longer each time where it does not live long. */
const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 5000;
const LONG_LIFE_MS = 60_000;

export interface RelayKeeperOptions {
  readonly relay: RelayHost;
  readonly logger: Logger;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs: () => number;
  /** The relay has begun again, and knows nothing yet. */
  readonly onRestarted: () => void;
}

/** Starts one worker of the relay again whenever it has died. */
export class RelayKeeper {
  readonly #options: RelayKeeperOptions;
  #timer: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_RESTART_MS;
  #startedAtMs: number;
  #isClosed = false;

  constructor(options: RelayKeeperOptions) {
    this.#options = options;
    this.#startedAtMs = options.nowMs();
    options.relay.onLost(() => this.#onLost());
  }

  /** Lets a worker that dies lie. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #onLost(): void {
    if (this.#options.nowMs() - this.#startedAtMs >= LONG_LIFE_MS) this.#pauseMs = FIRST_RESTART_MS;
    this.#scheduleRestart();
  }

  #scheduleRestart(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#restart(), this.#pauseMs);
    this.#pauseMs = Math.min(MAX_RESTART_MS, 2 * this.#pauseMs);
  }

  #restart(): void {
    const { relay, logger, nowMs, onRestarted } = this.#options;
    relay.restart().then(
      () => {
        this.#startedAtMs = nowMs();
        onRestarted();
      },
      (error: unknown) => {
        logger.error({ err: error }, 'voice relay cannot be started again yet');
        this.#scheduleRestart();
      },
    );
  }
}
