import type { NativeAddon } from '../voice/native-addon.js';
import { findNativeAddon } from '../voice/packet-path.js';
import type { BackendChoice } from '../voice/udp-backend.js';
import { NativeSealedBackend } from './native-sealed-backend.js';
import { NodeSealedBackend } from './node-sealed-backend.js';
import type { StartSealedBackend } from './sealed-backend.js';
import { CryptoVoiceKey, type MakeVoiceKey, NativeVoiceKey } from './voice-key.js';

/** What a packet of a Mumble client meets outside the relay. */
export interface MumblePath {
  readonly startBackend: StartSealedBackend;
  readonly makeVoiceKey: MakeVoiceKey;
}

/** The path of this choice: all of it by the addon, or all of it by Node. Throws as `choosePacketPath`. */
export function chooseMumblePath(choice: BackendChoice, load?: () => NativeAddon): MumblePath {
  const addon = findNativeAddon(choice, load);
  if (addon === null)
    return { startBackend: NodeSealedBackend.start, makeVoiceKey: (bytes) => new CryptoVoiceKey(bytes) };
  return {
    startBackend: (options, handler) => NativeSealedBackend.start(addon, options, handler),
    makeVoiceKey: (bytes) => new NativeVoiceKey(addon, bytes),
  };
}
