import { createHash } from 'node:crypto';

/** How a certificate is known again. */
export interface CertificateFingerprints {
  /** Hexadecimal. What is kept. */
  readonly sha256: string;
  /** Hexadecimal. What Mumble's own server keeps, and so what is known of whoever comes from there. */
  readonly sha1: string;
}

/** The fingerprints of a certificate (DER). Pure. */
export function certificateFingerprints(der: Uint8Array): CertificateFingerprints {
  const hash = (algorithm: string) => createHash(algorithm).update(der).digest('hex');
  return { sha256: hash('sha256'), sha1: hash('sha1') };
}
