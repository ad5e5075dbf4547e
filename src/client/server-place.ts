import { randomInt } from 'node:crypto';
import type { NodeAddress } from '../protocol/generated/control_pb.js';
import type { CertificatePolicy } from './certificate.js';

/** Where a node of a server is, and how its certificate is judged. */
export interface ServerPlace extends CertificatePolicy {
  readonly host: string;
  readonly port: number;
}

/** The place that a server has told of: the certificate that it has named proves it. */
export function toldPlace(
  { host, port, certificateSha256 }: NodeAddress,
  { insecure }: CertificatePolicy,
): ServerPlace {
  return { host, port, fingerprint: Buffer.from(certificateSha256).toString('hex'), insecure };
}

/**
 * Where a client looks for its server after its connection is lost, one after the other: first where its session is,
 * then at the other nodes, in another order for each client so that they do not all go to the same, then where it
 * knocked first.
 */
export function placesToSeek(
  home: ServerPlace,
  others: readonly ServerPlace[],
  origin: ServerPlace,
): readonly ServerPlace[] {
  const first = others.length === 0 ? 0 : randomInt(others.length);
  const elsewhere = [...others.slice(first), ...others.slice(0, first), origin];
  return [home, ...elsewhere.filter((place) => !isSamePlace(place, home))];
}

function isSamePlace(left: ServerPlace, right: ServerPlace): boolean {
  return left.host === right.host && left.port === right.port;
}
