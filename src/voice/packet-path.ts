import { CryptoTagKey, type MakeSessionTagKey } from '../relay/session-tag.js';
import { DgramBackend } from './dgram-backend.js';
import { loadNativeAddon, type NativeAddon } from './native-addon.js';
import { NativeBackend } from './native-backend.js';
import { NativeTagKey } from './native-tag-key.js';
import { type BackendChoice, NATIVE_BACKEND_MISSING, type StartUdpBackend } from './udp-backend.js';

/** What a packet meets outside the relay's core. */
export interface PacketPath {
  readonly start: StartUdpBackend;
  readonly makeTagKey: MakeSessionTagKey;
}

/** `voice.backend` is `native`, and there is no addon that could be loaded. */
export class NativeBackendMissing extends Error {
  readonly code = NATIVE_BACKEND_MISSING;
}

/** The path of this choice: all of it by the addon, or all of it by Node. Throws {@link NativeBackendMissing}. */
export function choosePacketPath(choice: BackendChoice, load: () => NativeAddon = loadNativeAddon): PacketPath {
  const addon = findNativeAddon(choice, load);
  if (addon === null) return { start: DgramBackend.start, makeTagKey: (bytes) => new CryptoTagKey(bytes) };
  return {
    start: (options, handler) => NativeBackend.start(addon, options, handler),
    makeTagKey: (bytes) => new NativeTagKey(addon, bytes),
  };
}

/** The addon of this choice, or null where there is none and none is asked for. Throws {@link NativeBackendMissing}. */
export function findNativeAddon(choice: BackendChoice, load: () => NativeAddon = loadNativeAddon): NativeAddon | null {
  if (choice === 'dgram') return null;
  try {
    return load();
  } catch (error) {
    if (choice === 'auto') return null;
    throw new NativeBackendMissing(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
