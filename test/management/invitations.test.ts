import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { ANONYMOUS, type RequestContext } from '../../src/request-context.js';
import { TestServices } from '../support/test-services.js';

const PASSWORD = 'a password of their own';

let services: TestServices;
let red: Organization;
let admin: RequestContext;
beforeAll(async () => {
  services = await TestServices.create();
  ({ organization: red, admin } = await services.admin('red'));
});
afterAll(() => services.drop());

let addresses = 0;

function somebody(): RequestContext {
  addresses += 1;
  return { actor: ANONYMOUS, door: 'graphql', requestId: 'test', remoteAddress: `192.0.2.${addresses}` };
}

const redeem = (code: string, username: string, ctx = somebody()) =>
  services.invitations.redeem(ctx, { code, username, password: PASSWORD });

describe('an invitation', () => {
  it('makes a user with its roles, logs them in and says where to go', async () => {
    const guest = await services.roles.create(admin, red.id, { name: 'guest', permissions: 1 });
    const [lobby] = await services.channels.tree(admin, red.id);
    const { code, invitation } = await services.invitations.create(admin, red.id, {
      roleIds: [guest.id],
      channelId: lobby?.id,
      maxUses: 1,
    });
    const { login, channelId } = await redeem(code, 'newcomer');
    expect(channelId).toBe(lobby?.id);
    const actor = await services.auth.authenticate(login.accessToken, null);
    expect(actor).toMatchObject({ username: 'newcomer', organizationId: red.id });
    const roles = await services.roles.rolesOf(services.system, [actor.userId]);
    expect(roles.get(actor.userId)?.map(({ name }) => name)).toEqual(['guest']);
    const { items } = await services.invitations.list(admin, red.id, { first: 100, after: null });
    expect(items.find(({ id }) => id === invitation.id)).toMatchObject({ uses: 1, maxUses: 1 });
    expect(JSON.stringify(items)).not.toContain(code);
  });

  it('makes no more users than it may, however many come at once', async () => {
    const { code } = await services.invitations.create(admin, red.id, { maxUses: 3 });
    const tries = await Promise.allSettled(Array.from({ length: 12 }, (_, index) => redeem(code, `crowd ${index}`)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    for (const each of tries) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is not used up by a name that is taken', async () => {
    const { code } = await services.invitations.create(admin, red.id, { maxUses: 1 });
    await expect(redeem(code, 'Admin')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await redeem(code, 'second try');
  });

  it('is worth nothing when it is unknown, over or revoked, and the three look the same', async () => {
    const over = await services.invitations.create(admin, red.id, {});
    await services.test.database.write(services.system, async ({ em }) => {
      const past = "update invitations set expires_at = localtimestamp - interval '1 second' where id = ?";
      await em.execute(past, [over.invitation.id]);
    });
    const revoked = await services.invitations.create(admin, red.id, {});
    await services.invitations.revoke(admin, revoked.invitation.id);
    const codes = ['no such code', over.code, revoked.code];
    const refusals = await Promise.all(codes.map((code) => redeem(code, 'nobody').catch((error: Error) => error)));
    expect(refusals[0]).toMatchObject({ code: 'NOT_FOUND' });
    expect(refusals.slice(1)).toEqual([refusals[0], refusals[0]]);
  });

  it('cannot be guessed: one address has few tries', async () => {
    const ctx = somebody();
    const guesses = Array.from({ length: 30 }, (_, index) => redeem(`guess ${index}`, 'nobody', ctx));
    const codes = await Promise.all(guesses.map((guess) => guess.catch((error: { code: string }) => error.code)));
    expect(codes.filter((code) => code === 'NOT_FOUND')).toHaveLength(20);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(10);
  });

  it('obeys max_users', async () => {
    const blue = await services.admin('blue');
    await services.organizations.update(services.system, blue.organization.id, { maxUsers: 2 });
    const { code } = await services.invitations.create(blue.admin, blue.organization.id, {});
    await redeem(code, 'first');
    await expect(redeem(code, 'second')).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  });

  it('is made, seen and revoked by whoever holds MANAGE in its organization, and nobody else', async () => {
    const { invitation } = await services.invitations.create(admin, red.id, {});
    const member = services.as(await services.user(red, 'plain member'));
    const { admin: stranger } = await services.admin('green');
    await expect(services.invitations.create(member, red.id, {})).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(services.invitations.revoke(member, invitation.id)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(services.invitations.revoke(stranger, invitation.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(services.invitations.create(stranger, red.id, {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    [{ maxUses: 0 }, 'maxUses'],
    [{ maxUses: 1.5 }, 'maxUses'],
    [{ expiresAt: new Date(0) }, 'expiresAt'],
    [{ expiresAt: new Date(Date.now() + 400 * 86_400_000) }, 'expiresAt'],
  ])('with %j is refused', async (input, field) => {
    await expect(services.invitations.create(admin, red.id, input)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      path: ['input', field],
    });
  });
});
