import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PacketSequencer, type SequencedPacket } from './packet-sequencer.js';

const FRAMES_PER_PACKET = 2;
const SAMPLES_PER_PACKET = 960;

/** A packet of 20 ms that tells its number. */
const opus = (number: number) => Uint8Array.of(0xf8, number >> 8, number & 0xff);
const numbersOf = (packets: readonly SequencedPacket[]) =>
  packets.map(({ opus: [, high, low] }) => ((high ?? 0) << 8) | (low ?? 0));

function run(numbers: readonly number[]) {
  const sequencer = new PacketSequencer();
  const taken = numbers.flatMap((number) => sequencer.add(FRAMES_PER_PACKET * number, opus(number)));
  return { sequencer, taken: [...taken, ...sequencer.flush()] };
}

describe('the packet sequencer', () => {
  it('puts packets that overtook each other by less than 200 ms in order, and leaves gaps for what was lost', () => {
    const lost = fc.uniqueArray(fc.integer({ min: 1, max: 199 }), { maxLength: 100 });
    const delays = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 200, maxLength: 200 });
    fc.assert(
      fc.property(lost, delays, (missing, delay) => {
        const sent = Array.from({ length: 200 }, (_, number) => number).filter((number) => !missing.includes(number));
        // The first one sets where the talk begins, so it comes first.
        const arrival = (number: number) => (number === 0 ? -1 : number + (delay[number] ?? 0));
        const { taken, sequencer } = run(sent.toSorted((a, b) => arrival(a) - arrival(b)));
        expect(numbersOf(taken)).toEqual(sent);
        expect(sequencer.latePackets).toBe(0);
        const gapSamples = taken.reduce((sum, packet) => sum + packet.gapSamples, 0);
        const heardTo = sent.at(-1) ?? 0;
        expect(gapSamples).toBe(missing.filter((number) => number < heardTo).length * SAMPLES_PER_PACKET);
      }),
    );
  });

  it('hands on packets in order at once', () => {
    const sequencer = new PacketSequencer();
    expect(numbersOf(sequencer.add(0, opus(0)))).toEqual([0]);
    expect(numbersOf(sequencer.add(2, opus(1)))).toEqual([1]);
  });

  it('gives up a packet after 200 ms, and then counts it as late', () => {
    const sequencer = new PacketSequencer();
    sequencer.add(0, opus(0));
    for (let number = 2; number <= 10; number++)
      expect(sequencer.add(FRAMES_PER_PACKET * number, opus(number))).toEqual([]);
    expect(numbersOf(sequencer.add(22, opus(11)))).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(sequencer.add(2, opus(1))).toEqual([]);
    expect(sequencer.latePackets).toBe(1);
  });

  it('goes on without a gap when the numbers begin anew', () => {
    const { taken } = run([1000, 1001, 0, 1]);
    expect(numbersOf(taken)).toEqual([1000, 1001, 0, 1]);
    expect(taken.map(({ gapSamples }) => gapSamples)).toEqual([0, 0, 0, 0]);
  });

  it('keeps a pause of up to 5 s and no longer one', () => {
    expect(run([0, 250]).taken.map(({ gapSamples }) => gapSamples)).toEqual([0, 249 * SAMPLES_PER_PACKET]);
    expect(run([0, 252]).taken.map(({ gapSamples }) => gapSamples)).toEqual([0, 0]);
  });

  it('takes packets of 5 ms, two to a frame number', () => {
    const sequencer = new PacketSequencer();
    const short = Uint8Array.of(17 << 3, 1);
    const taken = [0, 0, 1, 1, 2, 2].flatMap((frameNumber) => sequencer.add(frameNumber, short));
    expect(taken.map(({ gapSamples }) => gapSamples)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('refuses bytes that are no Opus packet', () => {
    expect(() => new PacketSequencer().add(0, new Uint8Array())).toThrow(RangeError);
  });
});
