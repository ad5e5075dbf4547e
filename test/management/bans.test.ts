import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { ANONYMOUS, type RequestContext } from '../../src/request-context.js';
import type { User } from '../../src/users/user.entity.js';
import { PASSWORD, TestServices } from '../support/test-services.js';

let services: TestServices;
let red: Organization;
let admin: RequestContext;
beforeAll(async () => {
  services = await TestServices.create();
  ({ organization: red, admin } = await services.admin('red'));
});
afterAll(() => services.drop());

function from(remoteAddress: string | null): RequestContext {
  return { actor: ANONYMOUS, door: 'graphql', requestId: 'test', remoteAddress };
}

const login = (user: User, remoteAddress: string | null = '192.0.2.1') =>
  services.auth.login(from(remoteAddress), { organizationTag: 'red', username: user.username, password: PASSWORD });

describe('a ban', () => {
  it('of a user keeps them out by password, by access token and by refresh token, until it is lifted', async () => {
    const mallory = await services.user(red, 'mallory');
    const { accessToken, refreshToken } = await login(mallory);
    const ban = await services.bans.create(admin, red.id, { userId: mallory.id, reason: 'spam' });
    expect(ban).toMatchObject({ userId: mallory.id, addressRange: null, reason: 'spam', expiresAt: null });
    await expect(login(mallory)).rejects.toMatchObject({ code: 'BANNED' });
    await expect(services.auth.authenticate(accessToken, null)).rejects.toMatchObject({ code: 'BANNED' });
    await expect(services.auth.refresh(from(null), refreshToken)).rejects.toMatchObject({ code: 'BANNED' });
    await services.bans.lift(admin, ban.id);
    await login(mallory);
    await services.auth.authenticate(accessToken, null);
  });

  it('is told only to whoever knows the password', async () => {
    const trudy = await services.user(red, 'trudy');
    await services.bans.create(admin, red.id, { userId: trudy.id });
    const guess = { organizationTag: 'red', username: 'trudy', password: 'a wrong password' };
    await expect(services.auth.login(from(null), guess)).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
  });

  it.each([
    ['198.51.100.7', '198.51.100.7/32', '198.51.100.7', '198.51.100.8'],
    ['198.51.101.77/24', '198.51.101.0/24', '198.51.101.200', '198.51.102.1'],
    ['198.51.103.0/24', '198.51.103.0/24', '::ffff:198.51.103.9', '::ffff:198.51.104.9'],
    ['2001:db8:1:2::5/64', '2001:db8:1:2::/64', '2001:db8:1:2:ffff::1', '2001:db8:1:3::1'],
    ['2001:db8:7::/44', '2001:db8::/44', '2001:db8:f:1::1', '2001:db8:10::1'],
  ])('of %s is stored as %s, and keeps out %s but not %s', async (given, stored, inside, outside) => {
    const user = await services.user(red, `user ${given.replace(/[/:]/g, ' ')}`);
    const ban = await services.bans.create(admin, red.id, { addressRange: given });
    const [listed] = (await services.bans.list(admin, red.id, { first: 100, after: null })).items.slice(-1);
    expect(listed).toMatchObject({ id: ban.id, addressRange: stored });
    await expect(login(user, inside)).rejects.toMatchObject({ code: 'BANNED' });
    await login(user, outside);
    expect(
      await services.bans.match(red.id, [
        { userId: user.id, remoteAddress: inside },
        { userId: user.id, remoteAddress: outside },
        { userId: user.id, remoteAddress: null },
      ]),
    ).toEqual([true, false, false]);
    await services.bans.lift(admin, ban.id);
  });

  it.each([
    '',
    'nonsense',
    '300.1.1.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/-1',
    '10.0.0.0/24/1',
  ])('of %j is refused', async (addressRange) => {
    await expect(services.bans.create(admin, red.id, { addressRange })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      path: ['input', 'addressRange'],
    });
  });

  it('needs either a user or an address, and an end in the future', async () => {
    const user = await services.user(red, 'somebody');
    for (const input of [{}, { userId: user.id, addressRange: '192.0.2.0/24' }]) {
      await expect(services.bans.create(admin, red.id, input)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
    const past = { userId: user.id, expiresAt: new Date(Date.now() - 1000) };
    await expect(services.bans.create(admin, red.id, past)).rejects.toMatchObject({
      path: ['input', 'expiresAt'],
    });
  });

  it('ends by itself', async () => {
    const user = await services.user(red, 'patient');
    const ban = await services.bans.create(admin, red.id, {
      userId: user.id,
      expiresAt: new Date(Date.now() + 60_000),
    });
    await expect(login(user)).rejects.toMatchObject({ code: 'BANNED' });
    await services.test.database.write(services.system, async ({ em }) => {
      await em.execute("update bans set expires_at = localtimestamp - interval '1 second' where id = ?", [ban.id]);
    });
    await login(user);
  });

  it('never shuts out the owner', async () => {
    const owner = await services.user(red, 'owner');
    await services.organizations.update(services.system, red.id, { ownerId: owner.id });
    await expect(services.bans.create(admin, red.id, { userId: owner.id })).rejects.toMatchObject({
      code: 'OWNER_REQUIRED',
    });
    const ban = await services.bans.create(admin, red.id, { addressRange: '203.0.113.0/24' });
    await login(owner, '203.0.113.5');
    await services.bans.lift(admin, ban.id);
  });

  it('is of one organization alone, and of nobody else’s to see, make or lift', async () => {
    const blue = await services.admin('blue');
    const ban = await services.bans.create(admin, red.id, { addressRange: '203.0.113.64/26' });
    await expect(services.bans.lift(blue.admin, ban.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(services.bans.create(blue.admin, red.id, { addressRange: '10.1.0.0/16' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const somebody = await services.user(blue.organization, 'somebody');
    const credentials = { organizationTag: 'blue', username: somebody.username, password: PASSWORD };
    await services.auth.login(from('203.0.113.65'), credentials);
    const member = services.as(await services.user(red, 'plain member'));
    await expect(services.bans.list(member, red.id, { first: 1, after: null })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });
});
