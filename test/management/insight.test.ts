import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Channel } from '../../src/channels/channel.entity.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { Permission } from '../../src/permissions/bits.js';
import type { PermissionInsightService } from '../../src/permissions/permission-insight.service.js';
import type { RequestContext } from '../../src/request-context.js';
import type { Role } from '../../src/roles/role.entity.js';
import type { User } from '../../src/users/user.entity.js';
import { TestServices } from '../support/test-services.js';

const { JOIN, SPEAK } = Permission;

let services: TestServices;
let insight: PermissionInsightService;
let red: Organization;
let admin: RequestContext;
let staff: Role;
let vault: Channel;
let alice: User;
beforeAll(async () => {
  services = await TestServices.create();
  insight = services.insight;
  ({ organization: red, admin } = await services.admin('red'));
  alice = await services.user(red, 'alice');
  staff = await services.roles.create(admin, red.id, { name: 'staff', permissions: 0 });
  vault = await services.channels.create(admin, red.id, { name: 'Vault' });
  await services.acl.setEntry(admin, vault.id, staff.id, JOIN | SPEAK);
});
afterAll(() => services.drop());

describe('explainPermissions', () => {
  it('says which channel governs, why a permission is missing and what would give it', async () => {
    const explanation = await insight.explain(services.as(alice), alice.id, vault.id);
    expect(explanation).toMatchObject({ effective: 0, basis: { kind: 'acl' }, governingChannelId: vault.id });
    const join = explanation.missing.find(({ permission }) => permission === 'JOIN');
    expect(join?.reason).toBe('NOT_ON_ACL');
    expect(join?.suggestions).toContainEqual({ kind: 'assign_role', roleId: staff.id });
  });

  it('gives advice that works', async () => {
    const dave = await services.user(red, 'dave');
    await services.roles.assign(admin, staff.id, dave.id);
    expect((await insight.explain(admin, dave.id, vault.id)).effective).toBe(JOIN | SPEAK);
  });

  it('is about oneself for everybody, and about others for whoever manages the channel', async () => {
    const bob = await services.user(red, 'bob');
    const { admin: stranger } = await services.admin('blue');
    await expect(insight.explain(services.as(bob), alice.id, vault.id)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(insight.explain(stranger, alice.id, vault.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a simulation', () => {
  it('says who would gain and lose what by an ACL, and changes nothing', async () => {
    const erin = await services.user(red, 'erin');
    await services.roles.assign(admin, staff.id, erin.id);
    const changes = await insight.simulateAcl(admin, vault.id, [{ roleId: staff.id, permissions: JOIN }]);
    expect(changes).toContainEqual({ userId: erin.id, channelId: vault.id, gained: 0, lost: SPEAK });
    expect(changes.some(({ userId }) => userId === alice.id)).toBe(false);
    expect((await insight.explain(admin, erin.id, vault.id)).effective).toBe(JOIN | SPEAK);
    const opened = await insight.simulateAcl(admin, vault.id, []);
    expect(opened).toContainEqual({
      userId: alice.id,
      channelId: vault.id,
      gained: JOIN | SPEAK | Permission.WHISPER,
      lost: 0,
    });
  });

  it('says who would gain and lose what by a role, in every channel', async () => {
    const guest = await services.roles.create(admin, red.id, { name: 'guest', permissions: 0 });
    const frank = await services.user(red, 'frank', { roleIds: [guest.id] });
    const [lobby] = await services.channels.tree(admin, red.id);
    const changes = await insight.simulateRole(admin, guest.id, JOIN);
    expect(changes).toEqual([{ userId: frank.id, channelId: lobby?.id, gained: JOIN, lost: 0 }]);
  });

  it('is for whoever could make the change', async () => {
    const member = services.as(alice);
    await expect(insight.simulateAcl(member, vault.id, [])).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(insight.simulateRole(member, staff.id, 0)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('refuses roles twice, roles of others and unknown bits', async () => {
    const blue = await services.admin('green');
    const foreign = await services.roles.create(blue.admin, blue.organization.id, { name: 'x', permissions: 1 });
    const line = { roleId: staff.id, permissions: 1 };
    await expect(insight.simulateAcl(admin, vault.id, [line, line])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(insight.simulateAcl(admin, vault.id, [{ roleId: foreign.id, permissions: 1 }])).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(insight.simulateRole(admin, staff.id, 16)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
