import { isIP } from 'node:net';

/** SQL: true for a ban `b` that is in force now, and is of the user `u` or of the address that is the parameter. */
export const BAN_IN_FORCE = `(b.expires_at is null or b.expires_at > localtimestamp)`;

/** An address as bans compare it: IPv4 that came as IPv6 is IPv4, and a zone is left out. Undefined for what is no address. */
export function plainAddress(address: string | null): string | undefined {
  if (address === null) return undefined;
  const [withoutZone = ''] = address.split('%');
  const plain = withoutZone.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  return isIP(plain) === 0 ? undefined : plain;
}
