import { CryptoTagKey } from '../../src/relay/session-tag.js';
import { NativeTagKey } from '../../src/voice/native-tag-key.js';
import { buildableBackends } from '../voice/buildable-backends.js';
import { requiredAddon } from '../voice/required-addon.js';
import { describeSessionTags } from './session-tag.contract.js';

describeSessionTags('node:crypto', (bytes) => new CryptoTagKey(bytes));
if (buildableBackends().includes('native')) {
  const addon = requiredAddon();
  describeSessionTags('the addon', (bytes) => new NativeTagKey(addon, bytes));
}
