import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf, systemCodeOf } from '../thrown.js';

/** A certificate and its key as they are configured: two paths. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What is wrong with one of the files. */
export interface TlsFileProblem {
  readonly file: keyof TlsFiles;
  readonly what: string;
}

/** Empty where TLS can be served with the two files. */
export function problemsOfTlsFiles(files: TlsFiles): readonly TlsFileProblem[] {
  const certificate = attempt(() => new X509Certificate(readFileSync(files.certificate)));
  const key = attempt(() => createPrivateKey(readFileSync(files.key)));
  const problems: TlsFileProblem[] = [];
  if (!certificate.isGood) {
    problems.push({ file: 'certificate', what: `${files.certificate} ${certificate.reason('certificate')}` });
  }
  if (!key.isGood)
    problems.push({ file: 'key', what: `${files.key} ${key.reason('private key without a passphrase')}` });
  if (certificate.isGood && key.isGood && !certificate.value.checkPrivateKey(key.value)) {
    problems.push({ file: 'key', what: `${files.key} is not the key of the certificate ${files.certificate}` });
  }
  return problems;
}

type Attempt<Value> =
  | { readonly isGood: true; readonly value: Value }
  | { readonly isGood: false; readonly reason: (what: string) => string };

function attempt<Value extends X509Certificate | KeyObject>(read: () => Value): Attempt<Value> {
  try {
    return { isGood: true, value: read() };
  } catch (error) {
    // Any other error is OpenSSL's, about what is inside.
    const isSystem = systemCodeOf(error) !== undefined;
    const reason = (what: string) => (isSystem ? `cannot be read: ${messageOf(error)}` : `holds no ${what} in PEM`);
    return { isGood: false, reason };
  }
}
