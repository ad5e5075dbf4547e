import type { MakeSessionTagKey } from '../../src/relay/session-tag.js';
import { loadNativeAddon } from '../../src/voice/native-addon.js';
import { choosePacketPath } from '../../src/voice/packet-path.js';

/** What verifies session tags. */
export type TagKeyKind = 'dgram' | 'native';

const makers = new Map<TagKeyKind, MakeSessionTagKey>();

const hasAddon = findAddon();

/** Those that this machine can make: the native one where the addon was built. */
export function tagKeyKinds(): readonly TagKeyKind[] {
  return hasAddon ? ['dgram', 'native'] : ['dgram'];
}

/** Where a kept case asks for the addon and there is none, node:crypto does it. */
export function tagKeyMaker(kind: TagKeyKind): MakeSessionTagKey {
  const known = makers.get(kind);
  if (known !== undefined) return known;
  const { makeTagKey } = choosePacketPath(kind === 'native' && hasAddon ? 'native' : 'dgram');
  makers.set(kind, makeTagKey);
  return makeTagKey;
}

function findAddon(): boolean {
  try {
    loadNativeAddon();
    return true;
  } catch {
    return false;
  }
}
