import { describe, expect, it } from '@jest/globals';
import { sessionId } from '../ids.js';
import { ResumeTokens } from './resume-tokens.js';

const KEEP_MS = 30_000;
const ALICE = sessionId(1);
const BOB = sessionId(2);

/** Tokens that are all different, and none that anybody would have to guess here. */
function tokens(): ResumeTokens {
  let count = 0;
  const randomBytes = (length: number) => {
    count += 1;
    return new Uint8Array(length).fill(count);
  };
  return new ResumeTokens({ randomBytes, keepMs: KEEP_MS });
}

describe('a resume token', () => {
  it('is good once, for its own session', () => {
    const all = tokens();
    const token = all.issue(ALICE);
    all.issue(BOB);
    expect(all.redeem(BOB, token, 0)).toBe('void');
    expect(all.redeem(ALICE, token, 0)).toBe('granted');
    expect(all.redeem(ALICE, token, 0)).toBe('void');
  });

  it('is void when there is a newer one, and a wrong one takes nothing away', () => {
    const all = tokens();
    const former = all.issue(ALICE);
    const present = all.issue(ALICE);
    for (const wrong of [former, present.subarray(1), new Uint8Array(0), new Uint8Array(32)]) {
      expect(all.redeem(ALICE, wrong, 0)).toBe('void');
    }
    expect(all.redeem(ALICE, present, 0)).toBe('granted');
  });

  it('tells for a while why its session has ended, once', () => {
    const all = tokens();
    const token = all.issue(ALICE);
    all.end(ALICE, 'kicked', 1000);
    expect(all.redeem(ALICE, new Uint8Array(32), 1000)).toBe('void');
    expect(all.redeem(ALICE, token, KEEP_MS + 999)).toEqual({ endedBy: 'kicked' });
    expect(all.redeem(ALICE, token, KEEP_MS + 999)).toBe('void');
    const late = all.issue(BOB);
    all.end(BOB, 'kicked', 0);
    expect(all.redeem(BOB, late, KEEP_MS)).toBe('void');
    expect(all.size).toBe(0);
  });

  it('that was used tells nothing of an end', () => {
    const all = tokens();
    const token = all.issue(ALICE);
    all.redeem(ALICE, token, 0);
    all.end(ALICE, 'kicked', 0);
    expect(all.redeem(ALICE, token, 0)).toBe('void');
  });

  it('of an ended session is one of a bounded number that are remembered', () => {
    const all = tokens();
    for (let id = 1; id <= 10_000; id += 1) {
      all.issue(sessionId(id));
      all.end(sessionId(id), 'disconnected', 0);
    }
    expect(all.size).toBe(4096);
  });
});
