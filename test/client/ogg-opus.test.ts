import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OggOpusError, OggOpusWriter, readOggOpus } from '../../src/client/ogg-opus.js';
import { opusPacketSamples } from '../../src/client/opus-packet.js';
import { SpeakerRecording } from '../../src/client/speaker-recording.js';
import { packetsOf, readOggPages } from './ogg-pages.js';

const SAMPLE = 'samples/welcome.opus';
const HEADER_PACKETS = 2;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-ogg-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('reading Ogg Opus', () => {
  it('gives the packets of a file made by opusenc, byte for byte', async () => {
    const { packets, channelCount } = await readOggOpus(SAMPLE);
    const pages = readOggPages(await readFile(SAMPLE));
    expect(hexOf(packets)).toEqual(hexOf(packetsOf(pages).slice(HEADER_PACKETS)));
    expect(packets.length).toBeGreaterThan(300);
    expect(channelCount).toBe(1);
  });

  it('refuses a file of another format', async () => {
    await expect(readOggOpus('package.json')).rejects.toThrow(OggOpusError);
  });

  it('refuses a file that is not there', async () => {
    await expect(readOggOpus(join(folder, 'missing.opus'))).rejects.toThrow(/missing\.opus/);
  });

  it('refuses surround sound, whose packets are of another kind', async () => {
    const path = join(folder, 'surround.opus');
    const bytes = await readFile(SAMPLE);
    bytes.writeUInt8(1, bytes.indexOf('OpusHead') + 18);
    await writeFile(path, bytes);
    await expect(readOggOpus(path)).rejects.toThrow('neither mono nor stereo');
  });

  it('never crashes on a file that was cut off', async () => {
    const bytes = await readFile(SAMPLE);
    const whole = hexOf((await readOggOpus(SAMPLE)).packets);
    for (const length of [0, 10, 100, 1000, 10_000, bytes.length - 1]) {
      const path = join(folder, `cut-${length}.opus`);
      await writeFile(path, bytes.subarray(0, length));
      const outcome = await readOggOpus(path).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(OggOpusError);
      else expect(whole).toEqual(expect.arrayContaining(hexOf((await readOggOpus(path)).packets)));
    }
  });
});

describe('writing Ogg Opus', () => {
  it('keeps the packets of a real file byte for byte', async () => {
    const { packets } = await readOggOpus(SAMPLE);
    const path = await write('copy.opus', packets);
    expect(hexOf((await readOggOpus(path)).packets)).toEqual(hexOf(packets));
  });

  it('makes pages that stand up to RFC 3533 and RFC 7845', async () => {
    const { packets } = await readOggOpus(SAMPLE);
    const pages = readOggPages(await readFile(await write('pages.opus', packets)));
    expect(pages.every(({ isChecksumRight }) => isChecksumRight)).toBe(true);
    expect(pages.map(({ sequenceNumber }) => sequenceNumber)).toEqual([...pages.keys()]);
    expect(pages.map(({ isFirst }) => isFirst)).toEqual(pages.map((_, index) => index === 0));
    expect(pages.map(({ isLast }) => isLast)).toEqual(pages.map((_, index) => index === pages.length - 1));
    const [head, tags] = packetsOf(pages);
    expect(Buffer.from(head ?? []).toString('hex')).toBe(`4f7075734865616401013801${'80bb0000'}000000`);
    expect(Buffer.from(tags ?? []).toString('latin1', 0, 8)).toBe('OpusTags');
    expect(pages.at(-1)?.granulePosition).toBe(BigInt(packets.length * 960));
  });

  it('gives back any packets that Opus allows, also those that span pages', async () => {
    const packet = fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 2000 }), fc.integer({ min: 0, max: 3 }))
      .map(([toc, rest, hundredThousands]) =>
        Buffer.concat([Buffer.of(toc), rest, Buffer.alloc(hundredThousands * 100_000, 7)]),
      )
      .filter((bytes) => opusPacketSamples(bytes) !== undefined);
    await fc.assert(
      fc.asyncProperty(fc.array(packet, { minLength: 1, maxLength: 20 }), async (packets) => {
        const path = await write('any.opus', packets);
        expect(hexOf((await readOggOpus(path)).packets)).toEqual(hexOf(packets));
        expect(hexOf(packetsOf(readOggPages(await readFile(path))).slice(HEADER_PACKETS))).toEqual(hexOf(packets));
      }),
      { numRuns: 20 },
    );
  });

  it('has all but the last second on the disk before the file is ended', async () => {
    const { packets } = await readOggOpus(SAMPLE);
    const path = join(folder, 'killed.opus');
    const writer = await OggOpusWriter.create(path, 1);
    for (const packet of packets) await writer.add(packet);
    const kept = packetsOf(readOggPages(await readFile(path))).slice(HEADER_PACKETS);
    expect(hexOf(kept)).toEqual(hexOf(packets.slice(0, kept.length)));
    expect(kept.length).toBeGreaterThanOrEqual(packets.length - 51);
    await writer.finish();
  });

  it('refuses bytes that are no Opus packet', async () => {
    const writer = await OggOpusWriter.create(join(folder, 'empty.opus'), 1);
    await expect(writer.add(new Uint8Array())).rejects.toThrow(RangeError);
    await writer.finish();
  });
});

describe('a recording', () => {
  it('puts every packet at its time: concealment stands where packets were lost', async () => {
    const { packets } = await readOggOpus(SAMPLE);
    const isLost = (index: number) => index === 3 || (index >= 100 && index < 120);
    const recording = new SpeakerRecording(join(folder, 'lossy.opus'));
    for (const [index, opus] of packets.entries()) {
      if (!isLost(index)) await recording.add(heard(index, opus, index === packets.length - 1));
    }
    const summary = await recording.finish();
    const kept = packets.filter((_, index) => !isLost(index));
    expect(summary).toMatchObject({ packets: kept.length, missingMs: 21 * 20, latePackets: 0, unreadablePackets: 0 });
    const written = packetsOf(readOggPages(await readFile(summary.path))).slice(HEADER_PACKETS);
    expect(hexOf(written.filter(({ length }) => length > 2))).toEqual(hexOf(kept));
    const samples = written.reduce((sum, packet) => sum + (opusPacketSamples(packet) ?? Number.NaN), 0);
    expect(samples).toBe(packets.length * 960);
  });

  it('leaves out what is not Opus, and counts it', async () => {
    const recording = new SpeakerRecording(join(folder, 'odd.opus'));
    await recording.add(heard(0, Uint8Array.of(0xfb), false));
    await recording.add(heard(0, Uint8Array.of(0xf8, 1), false));
    await recording.add(heard(1, new Uint8Array(), true));
    expect(await recording.finish()).toMatchObject({ packets: 1, unreadablePackets: 1 });
  });

  it('rejects when the file cannot be written', async () => {
    const recording = new SpeakerRecording(join(folder, 'no-such-folder', 'heard.opus'));
    const adding = async () => {
      for (let index = 0; index < 200; index++) await recording.add(heard(index, Uint8Array.of(0xf8, 1), false));
      await recording.finish();
    };
    await expect(adding()).rejects.toThrow('no-such-folder');
  });
});

function heard(index: number, opus: Uint8Array, endOfTalk: boolean) {
  return { sessionId: 7, channelId: 1, frameNumber: 2 * index, opus, endOfTalk, counter: index + 1 };
}

async function write(name: string, packets: readonly Uint8Array[]): Promise<string> {
  const path = join(folder, name);
  const writer = await OggOpusWriter.create(path, 1);
  for (const packet of packets) await writer.add(packet);
  await writer.finish();
  return path;
}

function hexOf(packets: readonly Uint8Array[]): string[] {
  return packets.map((packet) => Buffer.from(packet).toString('hex'));
}
