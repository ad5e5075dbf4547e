import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { sealVoice } from './voice-packet.js';
import { type EpochKey, VoiceReceiver } from './voice-receiver.js';

const CHANNEL = 42;
const SESSION_TAG_BYTES = 12;
const clientKey = createSecretKey(randomBytes(16));

describe('the voice receiver', () => {
  it('opens a packet once', () => {
    const { receiver, first } = joined();
    const packet = forwarded(first, 1);
    expect(receiver.receive(packet, 0)).toMatchObject({ sessionId: 7, targetId: CHANNEL, counter: 1, frameNumber: 2 });
    expect(receiver.receive(packet, 0)).toBeUndefined();
    expect(receiver.counts).toEqual({ opened: 1, duplicate: 1, refused: 0, withoutKey: 0, waiting: 0 });
  });

  it('tells the counters of one sender from those of another', () => {
    const { receiver, first } = joined();
    expect(receiver.receive(forwarded(first, 1, 7), 0)).toBeDefined();
    expect(receiver.receive(forwarded(first, 1, 8), 0)).toBeDefined();
  });

  it('does not count a packet as seen whose seal does not hold', () => {
    const { receiver, first } = joined();
    const forged = Buffer.from(forwarded(first, 1));
    forged.writeUInt8(forged.readUInt8(20) ^ 1, 20);
    expect(receiver.receive(forged, 0)).toBeUndefined();
    expect(receiver.receive(forwarded(first, 1), 0)).toBeDefined();
    expect(receiver.counts).toMatchObject({ opened: 1, refused: 1 });
  });

  it('opens the former epoch for 2 s after a change, and the new one at once', () => {
    const { receiver, first } = joined();
    const second = epochKey(1);
    receiver.setKey(CHANNEL, second, 1000);
    expect(receiver.receive(forwarded(second, 1), 1000)).toBeDefined();
    expect(receiver.receive(forwarded(first, 2), 2999)).toBeDefined();
    expect(receiver.receive(forwarded(first, 3), 3000)).toBeUndefined();
    expect(receiver.receive(forwarded(second, 4), 3000)).toBeDefined();
  });

  it('opens nothing of two epochs ago', () => {
    const { receiver, first } = joined();
    receiver.setKey(CHANNEL, epochKey(1), 0);
    receiver.setKey(CHANNEL, epochKey(2), 0);
    expect(receiver.receive(forwarded(first, 1), 0)).toBeUndefined();
  });

  it('keeps packets that overtake their key for 500 ms, and then hands them on in order', () => {
    const { receiver } = joined();
    const second = epochKey(1);
    expect(receiver.receive(forwarded(second, 1), 0)).toBeUndefined();
    expect(receiver.receive(forwarded(second, 2), 0)).toBeUndefined();
    expect(receiver.setKey(CHANNEL, second, 499).map(({ counter }) => counter)).toEqual([1, 2]);
    expect(receiver.counts).toMatchObject({ opened: 2, withoutKey: 0 });
  });

  it('gives up a packet whose key does not come within 500 ms', () => {
    const { receiver } = joined();
    const second = epochKey(1);
    receiver.receive(forwarded(second, 1), 0);
    expect(receiver.setKey(CHANNEL, second, 500)).toEqual([]);
    expect(receiver.counts).toMatchObject({ opened: 0, withoutKey: 1 });
  });

  it('opens a packet that waits for its key only once, however often it came', () => {
    const { receiver } = joined();
    const second = epochKey(1);
    receiver.receive(forwarded(second, 1), 0);
    receiver.receive(forwarded(second, 1), 0);
    expect(receiver.setKey(CHANNEL, second, 1)).toHaveLength(1);
  });

  it('keeps at most 64 packets that wait, the newest', () => {
    const receiver = new VoiceReceiver();
    const key = epochKey(0);
    for (let counter = 1; counter <= 100; counter++) receiver.receive(forwarded(key, counter), 0);
    const opened = receiver.setKey(CHANNEL, key, 1).map(({ counter }) => counter);
    expect(opened).toEqual(Array.from({ length: 64 }, (_, index) => 37 + index));
    expect(receiver.counts.withoutKey).toBe(36);
  });

  it('tells epochs apart by their low 8 bits', () => {
    const receiver = new VoiceReceiver();
    const key = epochKey(300);
    receiver.setKey(CHANNEL, key, 0);
    expect(receiver.receive(forwarded(key, 1), 0)).toBeDefined();
    expect(receiver.currentKey(CHANNEL)?.epoch).toBe(300);
  });

  it('opens nothing of a channel that was left', () => {
    const { receiver, first } = joined();
    receiver.removeTarget(CHANNEL);
    expect(receiver.receive(forwarded(first, 1), 0)).toBeUndefined();
    expect(receiver.currentKey(CHANNEL)).toBeUndefined();
  });
});

function joined() {
  const receiver = new VoiceReceiver();
  const first = epochKey(0);
  receiver.setKey(CHANNEL, first, 0);
  return { receiver, first };
}

function epochKey(epoch: number): EpochKey {
  return { epoch, key: createSecretKey(randomBytes(16)) };
}

/** A packet as the server hands it on: without the session tag. */
function forwarded({ epoch, key }: EpochKey, counter: number, sessionId = 7): Uint8Array {
  const opus = Uint8Array.of(0xf8, counter);
  const voice = { sessionId, counter, targetId: CHANNEL, epoch, frameNumber: 2 * counter, endOfTalk: false, opus };
  return sealVoice(voice, key, clientKey).subarray(0, -SESSION_TAG_BYTES);
}
