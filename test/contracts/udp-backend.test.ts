import { DgramBackend } from '../../src/voice/dgram-backend.js';
import { describeUdpBackend } from './udp-backend.contract.js';

describeUdpBackend('dgram', DgramBackend.start);
