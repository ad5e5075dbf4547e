import { describe, expect, it } from '@jest/globals';
import { loginName } from './login-name.js';

const BY_HOST = { hostPattern: 'TAG.voice.example', defaultOrganization: null };

describe('the organization of a Mumble user', () => {
  it.each([
    ['alice@red', null, BY_HOST, 'red'],
    ['alice@red', 'blue.voice.example', BY_HOST, 'red'],
    ['alice', 'Blue.Voice.Example', BY_HOST, 'blue'],
    ['alice', null, { ...BY_HOST, defaultOrganization: 'home' }, 'home'],
    ['alice', 'other.example', { ...BY_HOST, defaultOrganization: 'home' }, 'home'],
    ['alice', 'voice-red.example', { hostPattern: 'voice-TAG.example', defaultOrganization: null }, 'red'],
  ])('of %s at %s is told by the name, the host or the default', (name, host, rules, organizationTag) => {
    expect(loginName(name, host, rules)).toEqual({ username: 'alice', organizationTag });
  });

  it.each([['.voice.example'], ['voice.example'], ['red.voice.example.com'], ['red.voice.exampl']])(
    'is not told by the host %s',
    (host) => {
      expect(loginName('alice', host, BY_HOST)).toBeUndefined();
    },
  );
});
