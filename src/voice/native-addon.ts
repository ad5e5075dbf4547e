import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Words of a row that tells of one datagram of a batch; see `native/udp-batch.c`. */
export const RowWord = { length: 0, port: 1, address: 2, scope: 6 } as const;
export const ROW_WORDS = 7;

/** What `native/udp-batch.c` gives. */
export interface NativeAddon {
  readonly interfaceVersion: number;
  /**
   * A socket that is bound to a numeric address and calls `onBatch` with the number of datagrams of each batch.
   * Throws the system's error, with its code.
   */
  open(
    address: string,
    port: number,
    receiveBufferBytes: number,
    sendBufferBytes: number,
    onBatch: (count: number) => void,
  ): NativeUdpSocket;
  /** Of 16 bytes. */
  makeTagKey(bytes: Uint8Array): NativeTagKeyHandle;
  /** Whether the last 12 of the first `length` bytes are the tag of those before them; see `SessionTagKey`. */
  verifyTag(key: NativeTagKeyHandle, packet: Uint8Array, length: number): boolean;
  writeTag(key: NativeTagKeyHandle, packet: Uint8Array): void;
  /** Encrypts what is between the header and `end` in its place, and writes 16 bytes of tag behind it. */
  sealVoice(key: NativeTagKeyHandle, packet: Uint8Array, end: number): void;
  /** Whether the last 16 bytes are such a tag. What is between it and the header is decrypted into `text`. */
  openVoice(key: NativeTagKeyHandle, packet: Uint8Array, text: Uint8Array): boolean;
}

/** Known to the addon alone. */
export type NativeTagKeyHandle = object;

export interface NativeUdpSocket {
  readonly port: number;
  /** A row for each datagram of the present batch. */
  readonly rows: ArrayBuffer;
  /** The datagrams, each in an equal share; a longer one is cut. */
  readonly packets: ArrayBuffer;
  /** Where a datagram of the present batch came from, as text. */
  sourceAddress(index: number): string;
  setEndpoint(slot: number, address: string, port: number): void;
  send(
    packet: Uint8Array,
    offset: number,
    length: number,
    slots: Uint32Array,
    slotCount: number,
    exceptSlot: number,
  ): void;
  sendTo(packet: Uint8Array, address: string, port: number): void;
  /** Key and nonces of 16 bytes each, in place of what the slot had; it has no endpoint then. Where `isPlain` is true, AES is OpenSSL's and not the processor's own. */
  setSeal(slot: number, key: Uint8Array, sealNonce: Uint8Array, openNonce: Uint8Array, isPlain: boolean): void;
  removeSeal(slot: number): void;
  /** Opens the first `length` bytes into `packet`, and returns how many bytes it has: -1 where they do not open. */
  open(slot: number, datagram: Uint8Array, length: number, packet: Uint8Array): number;
  /** Seals the first `length` bytes for each of these slots but for one, sends them, and returns how many there are. */
  sendSealed(packet: Uint8Array, length: number, slots: Uint32Array, slotCount: number, exceptSlot: number): number;
  resynchronize(slot: number, nonce: Uint8Array): void;
  /** Writes the nonce of the last datagram to the slot. */
  sealNonce(slot: number, nonce: Uint8Array): void;
  /** Good, late, lost, resync, sealed. */
  sealCounters(slot: number): readonly [number, number, number, number, number];
  /** Received, sent, congested, errors, bytes of the receive buffer. */
  counters(): readonly [number, number, number, number, number];
  close(): void;
}

/** Must be that of `native/udp-batch.c`. */
const INTERFACE_VERSION = 2;

/** Loads what `native/build.mjs` has built. Throws Error with the reason where there is nothing, or nothing that fits. */
export function loadNativeAddon(path = builtAddonPath()): NativeAddon {
  const addon: unknown = createRequire(import.meta.url)(path);
  if (!isAddon(addon)) throw new Error(`${path} is of another version: npm rebuild makes it anew`);
  return addon;
}

function isAddon(value: unknown): value is NativeAddon {
  return (
    typeof value === 'object' &&
    value !== null &&
    'interfaceVersion' in value &&
    value.interfaceVersion === INTERFACE_VERSION
  );
}

function builtAddonPath(): string {
  const root = import.meta.url.endsWith('.ts') ? '../../' : '../../../';
  return fileURLToPath(new URL(`${root}native/build/udp-batch.node`, import.meta.url));
}
