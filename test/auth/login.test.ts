import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ANONYMOUS, type RequestContext } from '../../src/request-context.js';
import type { User } from '../../src/users/user.entity.js';
import { PASSWORD, TestServices } from '../support/test-services.js';

describe('login', () => {
  let services: TestServices;
  let alice: User;
  beforeAll(async () => {
    services = await TestServices.create();
    alice = await services.user(await services.organization('Red'), 'Alice');
  });
  afterAll(() => services.drop());

  function nobody(remoteAddress = '192.0.2.1'): RequestContext {
    return { actor: ANONYMOUS, door: 'graphql', requestId: 'test', remoteAddress };
  }

  const login = (username = 'Alice', password = PASSWORD, organizationTag: string | null = 'red', ctx = nobody()) =>
    services.auth.login(ctx, { organizationTag, username, password });

  it('gives tokens that speak for the user, whatever the case of the tag', async () => {
    const { accessToken, expiresInS, user } = await login('Alice', PASSWORD, 'rED');
    expect(user.id).toBe(alice.id);
    expect(expiresInS).toBe(900);
    expect(await services.auth.authenticate(accessToken, null)).toMatchObject({
      userId: alice.id,
      organizationId: alice.organizationId,
      username: 'Alice',
      platformAdmin: false,
    });
  });

  it('does not tell a wrong password from an unknown user or organization', async () => {
    const wrong = [login('Alice', 'another password'), login('nobody'), login('Alice', PASSWORD, 'nowhere')];
    const refusals = await Promise.all(wrong.map((attempt) => attempt.catch((error: Error) => error)));
    const [first, ...others] = refusals;
    expect(first).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    expect(others).toEqual([first, first]);
  });

  it('does not let a user of an organization in as a platform user', async () => {
    await expect(login('Alice', PASSWORD, null)).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
  });

  it('stops guesses at one account, however they are packed, and lets others in', async () => {
    const bob = await services.user(await services.organization('blue'), 'bob');
    const guesses = Array.from({ length: 30 }, (_, index) => login('bob', `guess number ${index}`, 'blue'));
    const codes = await Promise.all(guesses.map((guess) => guess.catch((error: { code: string }) => error.code)));
    expect(codes.filter((code) => code === 'INVALID_CREDENTIALS')).toHaveLength(10);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(20);
    const refusal = await login('bob', PASSWORD, 'blue').catch((error: { retryAfterMs: number }) => error);
    expect(refusal).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
    expect((await login()).user.id).toBe(alice.id);
    expect(bob.id).not.toBe(alice.id);
  });

  it('stops guesses from one address, whatever the accounts', async () => {
    const ctx = nobody('192.0.2.99');
    const guesses = Array.from({ length: 60 }, (_, index) => login(`user${index}`, 'a guess', 'red', ctx));
    const codes = await Promise.all(guesses.map((guess) => guess.catch((error: { code: string }) => error.code)));
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(10);
    await expect(login('Alice', PASSWORD, 'red', ctx)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('does not count what succeeds', async () => {
    const ctx = nobody('192.0.2.50');
    for (let times = 0; times < 12; times += 1) await login('Alice', PASSWORD, 'red', ctx);
  });

  it('lets many in who come at once from one address, and who log in to one account', async () => {
    const ctx = nobody('192.0.2.77');
    const crowd = await Promise.allSettled(Array.from({ length: 80 }, () => login('Alice', PASSWORD, 'red', ctx)));
    expect(crowd.filter(({ status }) => status === 'rejected')).toEqual([]);
  });

  it('gives a new pair for a refresh token, and each token once', async () => {
    const first = await login();
    const second = await services.auth.refresh(nobody(), first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect((await services.auth.authenticate(second.accessToken, null)).userId).toBe(alice.id);
  });

  it('ends the whole login when a refresh token is used twice', async () => {
    const first = await login();
    const second = await services.auth.refresh(nobody(), first.refreshToken);
    await expect(services.auth.refresh(nobody(), first.refreshToken)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    await expect(services.auth.refresh(nobody(), second.refreshToken)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    await expect(services.auth.authenticate(second.accessToken, null)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  it('lets one of many uses at once succeed at most, and leaves no token of that login valid', async () => {
    const { refreshToken } = await login();
    const uses = await Promise.allSettled(
      Array.from({ length: 5 }, () => services.auth.refresh(nobody(), refreshToken)),
    );
    const given = uses.flatMap((use) => (use.status === 'fulfilled' ? [use.value] : []));
    expect(given).toHaveLength(1);
    for (const { accessToken } of given) {
      await expect(services.auth.authenticate(accessToken, null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });

  it('ends with a logout, and other logins of the user go on', async () => {
    const [here, elsewhere] = [await login(), await login()];
    const actor = await services.auth.authenticate(here.accessToken, null);
    await services.auth.logout({ ...nobody(), actor });
    await expect(services.auth.authenticate(here.accessToken, null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(services.auth.refresh(nobody(), here.refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect((await services.auth.authenticate(elsewhere.accessToken, null)).userId).toBe(alice.id);
  });

  it('ends everywhere when the password is changed, except for the one who changed it', async () => {
    const organization = await services.organization('green');
    await services.user(organization, 'carol');
    const [here, elsewhere] = [await login('carol', PASSWORD, 'green'), await login('carol', PASSWORD, 'green')];
    const ctx = { ...nobody(), actor: await services.auth.authenticate(here.accessToken, null) };
    const events: string[] = [];
    services.test.events.subscribe(({ type }) => events.push(type));
    await expect(services.auth.changePassword(ctx, 'not the one', 'a new password')).rejects.toMatchObject({
      code: 'WRONG_PASSWORD',
    });
    const changed = await services.auth.changePassword(ctx, PASSWORD, 'a new password');
    expect(events).toEqual(['user_credentials_changed']);
    for (const { accessToken } of [here, elsewhere]) {
      await expect(services.auth.authenticate(accessToken, null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    expect((await services.auth.authenticate(changed.accessToken, null)).username).toBe('carol');
    await expect(login('carol', PASSWORD, 'green')).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    await login('carol', 'a new password', 'green');
  });

  it('ends when the user is deleted', async () => {
    const organization = await services.organization('grey');
    const dave = await services.user(organization, 'dave');
    const { accessToken, refreshToken } = await login('dave', PASSWORD, 'grey');
    await services.users.delete(services.system, dave.id);
    await expect(services.auth.authenticate(accessToken, null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(services.auth.refresh(nobody(), refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
