/** The pages of an Ogg stream, read from RFC 3533 alone: an independent look at files that the client has written. */

export interface OggPage {
  readonly isContinued: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** -1 where no packet ends on the page. */
  readonly granulePosition: bigint;
  readonly serialNumber: number;
  readonly sequenceNumber: number;
  readonly isChecksumRight: boolean;
  readonly segments: readonly Uint8Array[];
}

const HEADER_BYTES = 27;
const CHECKSUM_OFFSET = 22;

export function readOggPages(file: Buffer): OggPage[] {
  const pages: OggPage[] = [];
  for (let offset = 0; offset < file.length; ) {
    if (file.toString('latin1', offset, offset + 4) !== 'OggS') throw new Error(`there is no page at ${offset}`);
    const lengths = [...file.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + file.readUInt8(offset + 26))];
    let at = offset + HEADER_BYTES + lengths.length;
    const segments = lengths.map((length) => {
      at += length;
      return file.subarray(at - length, at);
    });
    const flags = file.readUInt8(offset + 5);
    pages.push({
      isContinued: (flags & 1) !== 0,
      isFirst: (flags & 2) !== 0,
      isLast: (flags & 4) !== 0,
      granulePosition: file.readBigInt64LE(offset + 6),
      serialNumber: file.readUInt32LE(offset + 14),
      sequenceNumber: file.readUInt32LE(offset + 18),
      isChecksumRight: checksumOf(file.subarray(offset, at)) === file.readUInt32LE(offset + CHECKSUM_OFFSET),
      segments,
    });
    offset = at;
  }
  return pages;
}

/** All packets of the pages, the two headers first. */
export function packetsOf(pages: readonly OggPage[]): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  for (const segment of pages.flatMap(({ segments }) => segments)) {
    parts.push(segment);
    if (segment.length === 255) continue;
    packets.push(Buffer.concat(parts));
    parts = [];
  }
  return packets;
}

/** The CRC of a page: polynomial 0x04c11db7, no reflection, its own field taken as 0. */
function checksumOf(page: Buffer): number {
  let crc = 0;
  for (const [index, byte] of page.entries()) {
    const isOwnField = index >= CHECKSUM_OFFSET && index < CHECKSUM_OFFSET + 4;
    crc ^= (isOwnField ? 0 : byte) << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
