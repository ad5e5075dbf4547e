import type { TLSSocket } from 'node:tls';
import { VoiceClientError } from './voice-client-error.js';

/** How the server's certificate is judged. With neither it must be signed by an authority that this machine trusts. */
export interface CertificatePolicy {
  /** The SHA-256 of the DER certificate: 64 hexadecimal digits, with or without colons, in either case. */
  readonly fingerprint?: string | undefined;
  /** True accepts any certificate, and with it anybody in between. */
  readonly insecure?: boolean | undefined;
}

/** Throws CERTIFICATE_REFUSED, with the fingerprint that the server shows, unless the policy accepts its certificate. */
export function checkCertificate(socket: TLSSocket, policy: CertificatePolicy): void {
  if (policy.insecure === true) return;
  const shown = socket.getPeerX509Certificate()?.fingerprint256;
  if (shown === undefined) throw new VoiceClientError('CERTIFICATE_REFUSED', 'The server shows no certificate.');
  if (policy.fingerprint === undefined) {
    if (!socket.authorized) throw notTrusted(shown, String(socket.authorizationError));
    return;
  }
  if (parseFingerprint(shown) !== parseFingerprint(policy.fingerprint)) {
    throw new VoiceClientError(
      'CERTIFICATE_REFUSED',
      `The server's certificate has another fingerprint than the expected one: ${shown}. If the server was not given a new certificate, somebody is in between.`,
    );
  }
}

/** The digits of a fingerprint in upper case, or undefined for what is none. */
export function parseFingerprint(text: string): string | undefined {
  const digits = text.replaceAll(':', '').toUpperCase();
  return /^[0-9A-F]{64}$/.test(digits) ? digits : undefined;
}

function notTrusted(shown: string, reason: string): VoiceClientError {
  return new VoiceClientError(
    'CERTIFICATE_REFUSED',
    `The server's certificate is not signed by an authority that this machine trusts (${reason}). Its fingerprint is ${shown}: compare it with the one that the server printed, and give it as the expected one.`,
  );
}
