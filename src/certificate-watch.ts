import { stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { Counter, Gauge } from 'prom-client';
import { messageOf } from './thrown.js';
import { type CertificateFiles, readCertificate, type TlsCertificate } from './tls-certificate.js';

/** Something that serves TLS: new connections get the certificate that it was given last, those that are open stay. */
export interface CertificateUser {
  useCertificate(certificate: TlsCertificate): void;
}

export interface CertificateWatchOptions {
  /** What is served since the start. */
  readonly certificate: TlsCertificate;
  /** Null for the certificate that Parley made for itself, which does not change. */
  readonly files: CertificateFiles | null;
  readonly users: readonly CertificateUser[];
  readonly logger: Logger;
}

/** The files are looked at so often, in milliseconds: links that are moved and folders that are replaced are seen too. */
const LOOK_INTERVAL_MS = 5000;

/** Serves a new certificate when its files have changed. Files that are no good leave the old one in place. */
export class CertificateWatch {
  readonly metrics = [
    new Gauge({
      name: 'parley_certificate_expiry_timestamp_seconds',
      help: 'When the certificate that is served is over, in seconds since 1970.',
      registers: [],
    }),
    new Counter({
      name: 'parley_certificate_reloads_total',
      help: 'Changes of the files of the certificate: those that are served since (loaded), and those that were no good (refused).',
      labelNames: ['outcome'],
      registers: [],
    }),
  ] as const;
  readonly #options: CertificateWatchOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  /** What the files were when they were last taken, or found to be no good. */
  #judged: string | undefined;
  /** What they were at the last look: files that are being written are left alone until they stay the same. */
  #seen: string | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: CertificateWatchOptions) {
    this.#options = options;
    const [expiry, reloads] = this.metrics;
    expiry.set(options.certificate.validTo.getTime() / 1000);
    for (const outcome of ['loaded', 'refused']) reloads.inc({ outcome }, 0);
    if (options.files === null) return;
    this.#looking = this.#remember();
    this.#timer = setInterval(() => void this.look(), LOOK_INTERVAL_MS);
  }

  /** Takes the files if they have changed and stayed the same since the last look. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  /** Takes the files as they are now. */
  reload(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#take());
    return this.#looking;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #remember(): Promise<void> {
    this.#judged = await this.#signature();
    this.#seen = this.#judged;
  }

  async #look(): Promise<void> {
    const signature = await this.#signature();
    const isSettled = signature === this.#seen;
    this.#seen = signature;
    if (isSettled && signature !== this.#judged) await this.#take();
  }

  async #take(): Promise<void> {
    const { files, users, logger } = this.#options;
    const [expiry, reloads] = this.metrics;
    if (files === null) {
      logger.info('the certificate is the one that Parley made for itself: there is nothing to load');
      return;
    }
    this.#judged = await this.#signature();
    try {
      const certificate = await readCertificate(files);
      for (const user of users) user.useCertificate(certificate);
      const { fingerprint, validTo } = certificate;
      expiry.set(validTo.getTime() / 1000);
      reloads.inc({ outcome: 'loaded' });
      logger.info({ fingerprint, valid_to: validTo.toISOString() }, 'a new certificate is served');
    } catch (error) {
      reloads.inc({ outcome: 'refused' });
      logger.error({ reason: messageOf(error) }, 'the new certificate cannot be used: the old one is served on');
    }
  }

  /** Tells whether the files are other ones, or were written, since. */
  async #signature(): Promise<string> {
    const { files } = this.#options;
    const states = [files?.cert, files?.key].map(async (path) => {
      if (path === undefined) return '';
      return stat(path, { bigint: true }).then(
        ({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join(),
        () => 'away',
      );
    });
    return (await Promise.all(states)).join(' ');
  }
}
