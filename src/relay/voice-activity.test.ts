import { describe, expect, it } from '@jest/globals';
import { sessionId } from '../ids.js';
import { NO_ORGANIZATION } from './organization-traffic.js';
import { Session } from './session.js';
import { CryptoTagKey } from './session-tag.js';
import { VoiceActivity } from './voice-activity.js';

const KEY = new Uint8Array(16);

function newSession(id: number): Session {
  const update = { sessionId: sessionId(id), clientKey: KEY, serverKey: KEY };
  const makeTagKey = (bytes: Uint8Array) => new CryptoTagKey(bytes);
  return new Session({ update, slot: id, organizationIndex: NO_ORGANIZATION, maxBitrate: 1, makeTagKey, nowMs: 0 });
}

describe('voice activity', () => {
  it('tells each talk once, however many packets it has, and again after it was read', () => {
    const [activity, alice, bob] = [new VoiceActivity(), newSession(1), newSession(2)];
    for (let packet = 0; packet < 10; packet += 1) activity.note(alice, 7);
    activity.note(bob, 7);
    expect([...activity.take()]).toEqual([1, 7, 2, 7]);
    expect([...activity.take()]).toEqual([]);
    activity.note(alice, 7);
    expect([...activity.take()]).toEqual([1, 7]);
  });

  it('does not tell whispers', () => {
    const [activity, alice] = [new VoiceActivity(), newSession(1)];
    activity.note(alice, 2 ** 31 + 5);
    expect([...activity.take()]).toEqual([]);
  });

  it('is bounded: of too many talks it forgets the last', () => {
    const activity = new VoiceActivity();
    const [alice] = [newSession(1)];
    for (let packet = 0; packet < 20_000; packet += 1) activity.note(alice, 1 + (packet % 2));
    expect(activity.take()).toHaveLength(8192);
  });
});
