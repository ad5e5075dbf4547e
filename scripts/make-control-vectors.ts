/** Writes `test/vectors/control-frames.json`, against which the server, the client and clients in other languages are checked. */
import { writeFileSync } from 'node:fs';
import { controlVectors } from './control-vectors.js';

// A list of one number takes one line, as the formatter has it.
const text = JSON.stringify(controlVectors(), undefined, 2).replaceAll(/\[\s+(\d+)\s+\]/g, '[$1]');
writeFileSync('test/vectors/control-frames.json', `${text}\n`);
