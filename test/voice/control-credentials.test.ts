import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { LoginResult } from '../../src/auth/auth.service.js';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { RequestContext } from '../../src/request-context.js';
import type { User } from '../../src/users/user.entity.js';
import { PASSWORD } from '../support/test-services.js';
import { VoiceWorld } from './voice-world.js';

const KEY_LIFE_MS = 1500;

let world: VoiceWorld;
let alice: User;
let bob: User;
let owner: RequestContext;
beforeAll(async () => {
  world = await VoiceWorld.open();
  const { organization, users } = await world.organization('demo', 'alice', 'bob', 'olga');
  const olga = users.find(({ username }) => username === 'olga');
  const [first, second] = users;
  if (first === undefined || second === undefined || olga === undefined) throw new Error('somebody is missing');
  [alice, bob] = [first, second];
  owner = world.services.as(olga);
  await world.services.organizations.update(world.services.system, organization.id, { ownerId: olga.id });
});
afterEach(() => world.disconnectAll());
afterAll(() => world.close());

function connect(accessToken: string): Promise<VoiceClient> {
  return world.connect('demo', 'alice', { credentials: { accessToken } });
}

/** A token is of the password that the user has now. */
async function logIn({ id }: User): Promise<LoginResult> {
  const { auth, users, system } = world.services;
  return auth.loginAs(system, await users.get(system, id));
}

/** Alice by a login and Bob by another, of whom only Alice's ends. */
async function two(): Promise<{
  readonly login: LoginResult;
  readonly ended: Promise<unknown>;
  readonly other: VoiceClient;
}> {
  const login = await logIn(alice);
  const [client, other] = [await connect(login.accessToken), await connect((await logIn(bob)).accessToken)];
  return { login, ended: endOf(client), other };
}

function endOf(client: VoiceClient): Promise<unknown> {
  return once(client, 'disconnect').then(([reason]) => Object(reason).code);
}

async function contextOf(token: string): Promise<RequestContext> {
  const actor = await world.services.auth.authenticate(token, null);
  return { ...world.services.system, actor, door: 'graphql' };
}

/** As a change whose event is lost. */
async function changeSilently(statement: string, ...values: readonly unknown[]): Promise<void> {
  const { test, system } = world.services;
  await test.database.write(system, ({ em }) => em.execute(statement, [...values]));
}

/** What an event tells has been done as soon as the change is. */
describe('a session ends with', () => {
  it('the logout of the login that opened it, and no other one', async () => {
    const { login, ended, other } = await two();
    const elsewhere = await logIn(alice);
    await world.services.auth.logout(await contextOf(elsewhere.accessToken));
    expect(await other.measureQuality()).toBeDefined();
    expect(world.registry.size).toBe(2);
    await world.services.auth.logout(await contextOf(login.accessToken));
    expect(world.registry.ofUser(alice.id)).toBeUndefined();
    expect(await ended).toBe('UNAUTHENTICATED');
    expect(world.registry.ofUser(bob.id)).toBeDefined();
  });

  it('a refresh token of its login that is used twice', async () => {
    const { login, ended } = await two();
    const { auth, system } = world.services;
    await auth.refresh(system, login.refreshToken);
    expect(world.registry.size).toBe(2);
    await expect(auth.refresh(system, login.refreshToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(world.registry.ofUser(alice.id)).toBeUndefined();
    expect(await ended).toBe('UNAUTHENTICATED');
    expect(world.registry.ofUser(bob.id)).toBeDefined();
  });

  it('a change of the password, also where a password opened it', async () => {
    const { ended } = await two();
    await world.services.users.update(owner, alice.id, { password: 'another password' });
    expect(world.registry.ofUser(alice.id)).toBeUndefined();
    expect(await ended).toBe('UNAUTHENTICATED');
    await world.services.users.update(owner, alice.id, { password: PASSWORD });
    const again = await world.connect('demo', 'alice');
    const over = endOf(again);
    const { accessToken } = await logIn(alice);
    await world.services.auth.changePassword(await contextOf(accessToken), PASSWORD, PASSWORD);
    expect(await over).toBe('UNAUTHENTICATED');
  });

  it('the API key that opened it, when that is revoked, and with no other key', async () => {
    const { apiKeys } = world.services;
    const asAlice = world.services.as(alice);
    const [used, spare] = [
      await apiKeys.create(asAlice, { name: 'used', scopes: ['voice'] }),
      await apiKeys.create(asAlice, { name: 'spare', scopes: ['voice'] }),
    ];
    const client = await connect(used.key);
    const ended = endOf(client);
    await apiKeys.revoke(owner, spare.apiKey.id);
    expect(await client.measureQuality()).toBeDefined();
    await apiKeys.revoke(owner, used.apiKey.id);
    expect(world.registry.ofUser(alice.id)).toBeUndefined();
    expect(await ended).toBe('UNAUTHENTICATED');
  });

  it('the API key that opened it, when that is over, and not before', async () => {
    const expiresAt = new Date(Date.now() + KEY_LIFE_MS);
    const key = { name: 'short', scopes: ['voice'] as const, expiresAt };
    const client = await connect((await world.services.apiKeys.create(world.services.as(alice), key)).key);
    expect(await endOf(client)).toBe('UNAUTHENTICATED');
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime());
  });
});

describe('a session ends by the resync, where the event was lost, with', () => {
  it('its login', async () => {
    const { login, ended } = await two();
    const { loginId } = (await world.services.auth.authenticate(login.accessToken, null)).credential;
    await changeSilently('update refresh_tokens set revoked_at = localtimestamp where family_id = ?', loginId);
    expect(await ended).toBe('UNAUTHENTICATED');
    expect(world.registry.size).toBe(1);
  });

  it('its password', async () => {
    const ended = endOf(await world.connect('demo', 'alice'));
    await changeSilently('update users set token_version = token_version + 1 where id = ?', alice.id);
    expect(await ended).toBe('UNAUTHENTICATED');
  });

  it('its API key', async () => {
    const made = await world.services.apiKeys.create(world.services.as(alice), { name: 'lost', scopes: ['voice'] });
    const ended = endOf(await connect(made.key));
    await changeSilently('delete from api_keys where id = ?', made.apiKey.id);
    expect(await ended).toBe('UNAUTHENTICATED');
  });
});

it('a session stays when its login has run out unused, and its refresh token was tidied away', async () => {
  const login = await logIn(bob);
  const client = await connect(login.accessToken);
  const { loginId } = (await world.services.auth.authenticate(login.accessToken, null)).credential;
  await changeSilently('delete from refresh_tokens where family_id = ?', loginId);
  // Whoever comes makes the server look at everybody again.
  await world.connect('demo', 'alice');
  expect(await client.measureQuality()).toBeDefined();
  expect(world.registry.ofUser(bob.id)).toBeDefined();
});
