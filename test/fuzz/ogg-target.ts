import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OggOpusError, readOggOpus } from '../../src/client/ogg-opus.js';
import { opusPacketChannels, opusPacketSamples } from '../../src/client/opus-packet.js';
import { requireThat } from './expectation.js';
import { fuzzTarget } from './fuzz-target.js';
import { mutate } from './mutate.js';

const SAMPLE = 'samples/welcome.opus';
const LONGEST_PACKET_SAMPLES = 5760;
const MOST_SAMPLE_BYTES = 8192;

interface OggCase {
  readonly file: Uint8Array;
}

/** Files that somebody calls Ogg Opus: they are read, or refused as what they are. */
export const oggTarget = fuzzTarget<OggCase>({
  name: 'ogg',
  unit: 'files',
  testEpisodes: 60,
  generate(random) {
    const sample = readFileSync(SAMPLE);
    const head = sample.subarray(0, random.between(1, Math.min(sample.length, MOST_SAMPLE_BYTES)));
    let file: Uint8Array = random.chance(0.05) ? random.bytes(random.length(4096)) : head;
    for (let left = random.below(4); left > 0; left--) file = mutate(file, random);
    return { file };
  },
  async run({ file }) {
    const folder = mkdtempSync(join(tmpdir(), 'parley-fuzz-'));
    try {
      await read(join(folder, 'case.opus'), file);
    } finally {
      rmSync(folder, { recursive: true });
    }
    return 1;
  },
});

async function read(path: string, file: Uint8Array): Promise<void> {
  writeFileSync(path, file);
  const result = await readOggOpus(path).catch((error: unknown) => {
    if (error instanceof OggOpusError && !error.message.includes('\n')) return undefined;
    throw error;
  });
  if (result === undefined) return;
  const bytes = result.packets.reduce((sum, packet) => sum + packet.length, 0);
  requireThat(bytes <= file.length, 'more was read than is in the file');
  for (const packet of result.packets) {
    const samples = opusPacketSamples(packet);
    requireThat(
      samples === undefined || (samples > 0 && samples <= LONGEST_PACKET_SAMPLES),
      `a packet of ${samples} samples`,
    );
    requireThat(opusPacketChannels(packet) <= 2, 'channels of a packet');
  }
}
