import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChannelId, channelId, type SessionId, sessionId } from '../ids.js';
import { ChannelKeys, type KeyChange, MIN_EPOCH_MS } from './channel-keys.js';
import { OwnKeys } from './key-source.js';

const LOBBY = channelId(42);
const [alice, bob, carol] = [sessionId(1), sessionId(2), sessionId(3)];

describe('the keys of a channel', () => {
  it('are given to whoever comes, and stay the same', () => {
    const keys = makeKeys();
    const first = keys.settle(LOBBY, hearers(alice), 0);
    expect(first).toMatchObject({ current: { epoch: 0 }, recipients: [alice], dueAtMs: null });
    expect(first?.current.key).toHaveLength(16);
    expect(keys.settle(LOBBY, hearers(alice, bob), 5)).toEqual({ ...first, recipients: [bob] });
    expect(keys.settle(LOBBY, hearers(alice, bob), 6)).toEqual({ ...first, recipients: [] });
  });

  it('change at once when somebody has lost the right to hear, and are given to all who stay', () => {
    const keys = makeKeys();
    const first = keys.settle(LOBBY, hearers(alice, bob, carol), 0);
    const second = keys.settle(LOBBY, hearers(alice, carol), 1);
    expect(second).toMatchObject({ current: { epoch: 1 }, recipients: [alice, carol], dueAtMs: null });
    expect(second?.current.key).not.toEqual(first?.current.key);
    expect(keys.isHolder(LOBBY, bob)).toBe(false);
  });

  it('change for somebody who left and came back before anybody looked', () => {
    const keys = makeKeys();
    keys.settle(LOBBY, hearers(alice, bob), 0);
    keys.lose(LOBBY, bob);
    expect(keys.settle(LOBBY, hearers(alice, bob), 1)).toMatchObject({
      current: { epoch: 1 },
      recipients: [alice, bob],
    });
  });

  it('change once for many losses in a short time, when the present key is old enough', () => {
    const keys = makeKeys();
    keys.settle(LOBBY, hearers(alice, bob, carol), 0);
    keys.settle(LOBBY, hearers(alice, bob), 100);
    const waiting = keys.settle(LOBBY, hearers(alice), 200);
    expect(waiting).toMatchObject({ current: { epoch: 1 }, recipients: [], dueAtMs: 100 + MIN_EPOCH_MS });
    // Who comes meanwhile is given the present key, and the next one with everybody.
    expect(keys.settle(LOBBY, hearers(alice, carol), 300)).toMatchObject({
      current: { epoch: 1 },
      recipients: [carol],
      dueAtMs: 100 + MIN_EPOCH_MS,
    });
    expect(keys.settle(LOBBY, hearers(alice, carol), 100 + MIN_EPOCH_MS)).toMatchObject({
      current: { epoch: 2 },
      recipients: [alice, carol],
      dueAtMs: null,
    });
  });

  it('cost bounded traffic however many come and go', () => {
    const keys = makeKeys();
    const members = Array.from({ length: 49 }, (_, index) => sessionId(index + 100));
    keys.settle(LOBBY, hearers(...members), 0);
    let given = 0;
    const epochs = new Set<number>();
    for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
      const guest = sessionId(1000 + nowMs);
      for (const present of [hearers(...members, guest), hearers(...members)]) {
        const change = keys.settle(LOBBY, present, nowMs);
        given += change?.recipients.length ?? 0;
        epochs.add(change?.current.epoch ?? -1);
      }
    }
    expect(epochs.size).toBeLessThanOrEqual(12);
    expect(given).toBeLessThanOrEqual(12 * 50 + 1000);
  });

  it('are dropped when nobody is left, and the epochs are counted on', () => {
    const keys = makeKeys();
    const first = keys.settle(LOBBY, hearers(alice), 0);
    expect(keys.settle(LOBBY, hearers(), 1)).toBeNull();
    expect(keys.isHolder(LOBBY, alice)).toBe(false);
    const next = keys.settle(LOBBY, hearers(bob), 2);
    expect(next).toMatchObject({ current: { epoch: 1 }, recipients: [bob], dueAtMs: null });
    expect(next?.current.key).not.toEqual(first?.current.key);
  });

  it('of a channel that is gone are forgotten with its epochs', () => {
    const keys = makeKeys();
    keys.settle(LOBBY, hearers(alice), 0);
    keys.retain(() => false);
    expect(keys.isHolder(LOBBY, alice)).toBe(false);
    expect(keys.settle(LOBBY, hearers(alice), 0)?.current.epoch).toBe(0);
  });

  it('never leave a key with somebody who lost the right longer than the shortest epoch, and never use an epoch for two keys', () => {
    const presence = fc.array(fc.tuple(fc.subarray([alice, bob, carol]), fc.integer({ min: 1, max: 700 })));
    fc.assert(
      fc.property(presence, (steps) => {
        const keys = makeKeys();
        const byEpoch = new Map<number, Uint8Array>();
        const lostAtMs = new Map<SessionId, number>();
        const held = new Map<SessionId, Uint8Array>();
        let nowMs = 0;
        for (const [present, waitMs] of steps) {
          nowMs += waitMs;
          const change = keys.settle(LOBBY, new Set(present), nowMs);
          if (change === null) {
            held.clear();
            continue;
          }
          const { epoch, key } = change.current;
          expect(byEpoch.get(epoch) ?? key).toBe(key);
          byEpoch.set(epoch, key);
          for (const id of change.recipients) held.set(id, key);
          for (const id of present) {
            expect(held.get(id)).toBe(key);
            lostAtMs.delete(id);
          }
          for (const [id, heldKey] of held) {
            if (present.includes(id) || heldKey !== key) continue;
            if (!lostAtMs.has(id)) lostAtMs.set(id, nowMs);
            expect(change.dueAtMs).not.toBeNull();
            expect(nowMs - (lostAtMs.get(id) ?? 0)).toBeLessThan(MIN_EPOCH_MS);
          }
        }
      }),
    );
  });
});

/** Keys that are never on their way. */
class ReadyKeys extends ChannelKeys<ChannelId> {
  override settle(...args: Parameters<ChannelKeys<ChannelId>['settle']>): KeyChange | null {
    const change = super.settle(...args);
    if (change === 'awaited') throw new Error('a key is on its way');
    return change;
  }
}

function makeKeys(): ReadyKeys {
  let count = 0;
  const own = new OwnKeys<ChannelId>((length) => {
    count += 1;
    return new Uint8Array(length).fill(count);
  });
  return new ReadyKeys(own);
}

function hearers(...ids: readonly SessionId[]): ReadonlySet<SessionId> {
  return new Set(ids);
}
