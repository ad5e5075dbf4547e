/** What a server is started with. */
import type { Logger } from 'pino';
import type { Config } from '../config.js';

export interface ServerOptions {
  readonly config: Config;
  /** For the first administrator, where there is none yet. One is made up where it is undefined. */
  readonly adminPassword: string | undefined;
  readonly logger: Logger;
  /** Ends a start that is not complete yet. */
  readonly signal: AbortSignal;
}
