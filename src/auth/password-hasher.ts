import { Algorithm, hash, verify } from '@node-rs/argon2';
import { AppError } from '../errors.js';

/** Argon2id with 19 MiB, two passes and one lane: the first recommendation of OWASP's Password Storage Cheat Sheet. */
const ARGON2ID = { algorithm: Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** How long somebody who finds the queue full should wait, in milliseconds. */
const RETRY_AFTER_MS = 2000;

export interface PasswordHasherOptions {
  /** How many passwords are worked on at once. Each takes a core for some 30 ms, off the main thread. */
  readonly concurrency: number;
  /** How many more may wait; beyond it the answer is RATE_LIMITED. */
  readonly maxWaiting: number;
}

/** Hashes and verifies passwords, a bounded number at once: a storm of logins must leave cores for voice. */
export class PasswordHasher {
  readonly #options: PasswordHasherOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #dummyHash: Promise<string> | null = null;

  constructor(options: PasswordHasherOptions) {
    this.#options = options;
  }

  /** The hash of a password, in PHC form. Throws RATE_LIMITED where too many wait. */
  hash(password: string): Promise<string> {
    return this.#run(() => hash(password, ARGON2ID));
  }

  /** True where the password is the one of the hash. Without a hash it takes as long and is false, so that the time tells nothing. Throws RATE_LIMITED where too many wait. */
  async verify(passwordHash: string | null, password: string): Promise<boolean> {
    if (passwordHash !== null) return this.#run(() => verify(passwordHash, password));
    this.#dummyHash ??= hash('a password that nobody has', ARGON2ID);
    const dummyHash = await this.#dummyHash;
    await this.#run(() => verify(dummyHash, password));
    return false;
  }

  async #run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#turn();
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  /** Resolves when it is the caller's turn; the one who ends hands its place on. */
  async #turn(): Promise<void> {
    if (this.#running < this.#options.concurrency) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.#options.maxWaiting) {
      throw new AppError('RATE_LIMITED', 'Too many logins at once. Try again in a moment.', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
