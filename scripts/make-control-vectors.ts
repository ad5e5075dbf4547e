/** Writes `test/vectors/control-frames.json`, against which the server, the client and clients in other languages are checked. */
import { writeFileSync } from 'node:fs';
import { controlVectors } from './control-vectors.js';

// A short list of numbers takes one line, as the formatter has it.
const text = JSON.stringify(controlVectors(), undefined, 2).replaceAll(
  /\[\s+(\d+(?:,\s+\d+)*)\s+\]/g,
  (_, list: string) => `[${list.replaceAll(/\s+/g, ' ')}]`,
);
writeFileSync('test/vectors/control-frames.json', `${text}\n`);
