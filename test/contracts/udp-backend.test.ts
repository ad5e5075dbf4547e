import { DgramBackend } from '../../src/voice/dgram-backend.js';
import { NativeBackend } from '../../src/voice/native-backend.js';
import type { StartUdpBackend } from '../../src/voice/udp-backend.js';
import { buildableBackends } from '../voice/buildable-backends.js';
import { requiredAddon } from '../voice/required-addon.js';
import { describeUdpBackend } from './udp-backend.contract.js';

const STARTS: Readonly<Record<'dgram' | 'native', StartUdpBackend>> = {
  dgram: DgramBackend.start,
  native: async (options, handler) => NativeBackend.start(requiredAddon(), options, handler),
};

for (const name of buildableBackends()) describeUdpBackend(name, STARTS[name]);
