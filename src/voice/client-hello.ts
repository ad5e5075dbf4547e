const RECORD_HEADER_BYTES = 5;
const HANDSHAKE_RECORD = 22;
/** The longest record of TLS, in bytes without its header. */
const MAX_RECORD_BYTES = 16_384;

/** True where TLS can answer these first bytes of a connection: they hold its whole first record, or are none of TLS. Until then nobody has to compute anything. */
export function isAnswerable(bytes: Buffer): boolean {
  const [type] = bytes;
  if (type === undefined) return false;
  if (type !== HANDSHAKE_RECORD) return true;
  if (bytes.length < RECORD_HEADER_BYTES) return false;
  const length = bytes.readUInt16BE(RECORD_HEADER_BYTES - 2);
  return length > MAX_RECORD_BYTES || bytes.length >= RECORD_HEADER_BYTES + length;
}
