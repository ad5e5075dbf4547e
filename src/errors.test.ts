import { describe, expect, it } from '@jest/globals';
import { AppError, ERROR_CODES, type ErrorCode, invalidInput, notFound } from './errors.js';
import { ErrorCode as ErrorCodeOfProtocol } from './protocol/generated/control_pb.js';

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

describe('the table of errors', () => {
  it('has the codes of the voice protocol, each with its number there', () => {
    const ofTable = codes.map((code) => [code, ERROR_CODES[code].voice]);
    const ofProtocol = Object.entries(ErrorCodeOfProtocol).filter(
      ([name, number]) => typeof number === 'number' && name !== 'UNSPECIFIED',
    );
    expect(new Map(ofTable as [string, number][])).toEqual(new Map(ofProtocol));
  });

  it('gives bugs and faults a status of the server’s, and refusals one of the caller’s or a full server', () => {
    for (const code of codes) {
      const { kind, httpStatus, userFixable } = ERROR_CODES[code];
      expect([kind, httpStatus >= 500 && code !== 'SERVER_FULL']).toEqual([kind, kind !== 'refusal']);
      expect(userFixable && kind !== 'refusal').toBe(false);
    }
  });
});

describe('an error', () => {
  it('knows from the table what kind it is', () => {
    expect(new AppError('UNAVAILABLE', 'The database is away.')).toMatchObject({ kind: 'fault', userFixable: false });
    expect(new AppError('CHANNEL_FULL', 'The channel is full.')).toMatchObject({ kind: 'refusal', userFixable: true });
  });

  it('says where the input is wrong', () => {
    expect(invalidInput(['input', 'name'], 'It is too long.', { max: 3 })).toMatchObject({
      code: 'INVALID_INPUT',
      path: ['input', 'name'],
      message: 'It is too long.',
      params: { max: 3 },
    });
  });

  it('names the kind of what is not found, and nothing else of it', () => {
    expect(notFound('channel')).toMatchObject({ code: 'NOT_FOUND', path: [], params: { noun: 'channel' } });
  });

  it('keeps its cause for the log', () => {
    const cause = new Error('ECONNREFUSED');
    expect(new AppError('UNAVAILABLE', 'The database is away.', { cause }).cause).toBe(cause);
    expect('cause' in new AppError('UNAVAILABLE', 'The database is away.')).toBe(false);
  });
});
