import { describe, expect, it } from '@jest/globals';
import { concealmentPackets, opusPacketChannels, opusPacketSamples } from './opus-packet.js';

/** The first byte of a packet: configuration 0 to 31, mono, and a code 0 to 3. */
const toc = (configuration: number, code = 0) => (configuration << 3) | code;

describe('the duration of an Opus packet', () => {
  // RFC 6716, table 2.
  const milliseconds: readonly (readonly [configurations: readonly number[], frameMs: number])[] = [
    [[0, 4, 8, 12, 14, 18, 22, 26, 30], 10],
    [[1, 5, 9, 13, 15, 19, 23, 27, 31], 20],
    [[2, 6, 10], 40],
    [[3, 7, 11], 60],
    [[16, 20, 24, 28], 2.5],
    [[17, 21, 25, 29], 5],
  ];
  const frames = milliseconds.flatMap(([configurations, ms]) => configurations.map((each) => [each, ms] as const));

  it('is tabled for all 32 configurations', () => {
    expect(frames.map(([configuration]) => configuration).toSorted((a, b) => a - b)).toEqual([...Array(32).keys()]);
  });

  it.each(frames)('of configuration %i is %d ms for each frame', (configuration, frameMs) => {
    expect(opusPacketSamples(Uint8Array.of(toc(configuration), 1))).toBe(frameMs * 48);
    expect(opusPacketSamples(Uint8Array.of(toc(configuration, 1), 1))).toBe(2 * frameMs * 48);
    expect(opusPacketSamples(Uint8Array.of(toc(configuration, 2), 1))).toBe(2 * frameMs * 48);
    expect(opusPacketSamples(Uint8Array.of(toc(configuration, 3), 2))).toBe(2 * frameMs * 48);
  });

  it.each([
    ['no byte', []],
    ['a frame count that is missing', [toc(31, 3)]],
    ['a frame count of 0', [toc(31, 3), 0]],
    ['more than 120 ms', [toc(31, 3), 7]],
  ])('is unknown for %s', (_, packet) => {
    expect(opusPacketSamples(Uint8Array.from(packet))).toBeUndefined();
  });
});

describe('concealment packets', () => {
  it.each([
    ['one lost packet of 20 ms', 960, [[toc(9)]]],
    ['three lost packets in one', 2880, [[toc(9, 3), 3]]],
    ['more than 120 ms in several', 6 * 960 + 960, [[toc(9, 3), 6], [toc(9)]]],
    ['nothing for what is shorter than a frame', 480, []],
  ])('stand for %s', (_, samples, expected) => {
    expect(concealmentPackets(samples, Uint8Array.of(toc(9, 1), 1, 2)).map((packet) => [...packet])).toEqual(expected);
  });

  it('last as long as what was lost, and are mono or stereo as their neighbour', () => {
    for (const samples of [480, 4800, 48_000, 240_000]) {
      const packets = concealmentPackets(samples, Uint8Array.of(0xfc - 8, 1));
      expect(packets.reduce((sum, packet) => sum + (opusPacketSamples(packet) ?? Number.NaN), 0)).toBe(samples);
      expect(packets.every((packet) => opusPacketChannels(packet) === 2)).toBe(true);
    }
  });
});
