import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { DataFolder } from './data-folder.js';
import { AppError } from './errors.js';
import { messageOf } from './thrown.js';

/** What TLS is served with. */
export interface TlsCertificate {
  /** The chain, PEM, the server's own certificate first. */
  readonly cert: string;
  /** The private key, PEM. */
  readonly key: string;
  /** SHA-256 of the certificate, 32 bytes in hexadecimal with colons: what clients pin. */
  readonly fingerprint: string;
  readonly validTo: Date;
  /** True for the one that Parley made for itself: nobody vouches for it. */
  readonly isSelfSigned: boolean;
}

/** The file of the certificate that Parley made for itself, in the data folder. */
export const CERTIFICATE_FILE = 'certificate.pem';
/** The file of its key. */
export const CERTIFICATE_KEY_FILE = 'certificate-key.pem';
const VALID_YEARS = 10;
/** Clocks of clients may be behind. */
const BACKDATED_MS = 24 * 60 * 60 * 1000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A certificate and its key as they are configured: two paths. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** The configured files, or the certificate that was made at the first start. Throws AppError UNAVAILABLE, in one line. */
export async function tlsCertificate(configured: CertificateFiles | null, folder: DataFolder): Promise<TlsCertificate> {
  return configured === null ? ownCertificate(folder) : readCertificate(configured);
}

/** Throws AppError UNAVAILABLE, in one line, where TLS cannot be served with the files. */
export async function readCertificate({ cert, key }: CertificateFiles): Promise<TlsCertificate> {
  try {
    return describe(await readFile(cert, 'utf8'), await readFile(key, 'utf8'), false);
  } catch (error) {
    throw new AppError('UNAVAILABLE', `The certificate ${cert} cannot be used: ${messageOf(error)}`);
  }
}

async function ownCertificate(folder: DataFolder): Promise<TlsCertificate> {
  const cert = await folder.read(CERTIFICATE_FILE);
  // It is written last: without it, a key was made in vain.
  if (cert === undefined) {
    const made = await selfSigned(new Date());
    await folder.write(CERTIFICATE_KEY_FILE, made.key);
    await folder.write(CERTIFICATE_FILE, made.cert);
    return describe(made.cert, made.key, true);
  }
  const key = (await folder.readSecret(CERTIFICATE_KEY_FILE)) ?? '';
  try {
    return describe(cert, key, true);
  } catch (error) {
    throw new AppError(
      'UNAVAILABLE',
      `${folder.pathOf(CERTIFICATE_FILE)} and its key are damaged (${messageOf(error)}): put them back, or delete both, and clients need the new fingerprint.`,
    );
  }
}

async function selfSigned(now: Date): Promise<{ cert: string; key: string }> {
  // Needed at the first start only, and slow to load.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(now.getUTCFullYear() + VALID_YEARS);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      // A positive number, as RFC 5280 asks for.
      serialNumber: `01${randomBytes(15).toString('hex')}`,
      name: 'CN=Parley',
      notBefore: new Date(now.getTime() - BACKDATED_MS),
      notAfter,
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          ...[...new Set(['localhost', hostname()])].map((value) => ({ type: 'dns' as const, value })),
          ...['127.0.0.1', '::1'].map((value) => ({ type: 'ip' as const, value })),
        ]),
      ],
    },
    crypto,
  );
  const key = await crypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: `${certificate.toString('pem')}\n`, key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n` };
}

/** Throws where the two are no pair. */
function describe(cert: string, key: string, isSelfSigned: boolean): TlsCertificate {
  const certificate = new X509Certificate(cert);
  if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not that of the certificate');
  return { cert, key, fingerprint: certificate.fingerprint256, validTo: certificate.validToDate, isSelfSigned };
}
