import { loadNativeAddon, type NativeAddon } from '../../src/voice/native-addon.js';

/** The addon, on a machine that {@link buildableBackends} says could build it. */
export function requiredAddon(): NativeAddon {
  try {
    return loadNativeAddon();
  } catch (cause) {
    throw new Error('There is a C compiler, and yet no addon: `node native/build.mjs` tells why.', { cause });
  }
}
