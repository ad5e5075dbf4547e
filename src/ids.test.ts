import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { channelId, organizationId, parseSerial, roleId, sessionId, userId } from './ids.js';

const MAX_SERIAL = 2 ** 31 - 1;
const MAX_SESSION_ID = 2 ** 32 - 1;

describe('reading an id from text', () => {
  it('gives back every serial that was written in decimal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_SERIAL }), (serial) => {
        expect(parseSerial(String(serial))).toBe(serial);
      }),
      { examples: [[1], [MAX_SERIAL]] },
    );
  });

  it('gives nothing for any other text, so that each id has one spelling', () => {
    for (const text of ['', '0', '-1', '+1', '01', '1.0', '1e3', '0x1', ' 1', '1 ', '1\n', '１', 'NaN', 'null']) {
      expect(parseSerial(text)).toBeUndefined();
    }
    for (const text of ['2147483648', '4294967297', '9999999999', '12345678901234567890']) {
      expect(parseSerial(text)).toBeUndefined();
    }
  });

  it('never gives what could not be an id', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String)), (text) => {
        const serial = parseSerial(text);
        if (serial !== undefined) expect(String(serial)).toBe(text);
      }),
    );
  });
});

describe('making an id', () => {
  it.each([organizationId, userId, roleId, channelId])('takes a serial and nothing else', (make) => {
    expect(make(1)).toBe(1);
    expect(make(MAX_SERIAL)).toBe(MAX_SERIAL);
    for (const value of [0, -1, 1.5, MAX_SERIAL + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => make(value)).toThrow(RangeError);
    }
  });

  it('takes unsigned 32-bit numbers but 0 for sessions', () => {
    expect(sessionId(1)).toBe(1);
    expect(sessionId(MAX_SESSION_ID)).toBe(MAX_SESSION_ID);
    for (const value of [0, -1, 0.5, MAX_SESSION_ID + 1]) expect(() => sessionId(value)).toThrow(RangeError);
  });
});
