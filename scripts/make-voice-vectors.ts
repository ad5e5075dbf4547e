/** Writes `test/vectors/voice-packets.json`, against which the relay, the client and clients in other languages are checked. */
import { writeFileSync } from 'node:fs';
import { voiceVectors } from './voice-vectors.js';

writeFileSync('test/vectors/voice-packets.json', `${JSON.stringify(voiceVectors(), undefined, 2)}\n`);
