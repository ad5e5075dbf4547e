import { describe, expect, it } from '@jest/globals';
import { type ChannelId, channelId, type RoleId, roleId, userId } from '../ids.js';
import { ALL_PERMISSIONS, MEMBER_PERMISSIONS, NO_PERMISSIONS, Permission, type PermissionMask } from './bits.js';
import {
  type ChannelNode,
  effectivePermissions,
  holdsEverything,
  mayGrant,
  type OrganizationPolicy,
  organizationPermissions,
  type Subject,
} from './evaluate.js';

const { JOIN, SPEAK, WHISPER, MANAGE } = Permission;
const [ADMIN, MEMBER, OFFICER, GUEST, FOREIGN] = [roleId(1), roleId(2), roleId(3), roleId(4), roleId(99)];
const [LOBBY, GAMES, SQUAD, COMMAND] = [channelId(1), channelId(2), channelId(3), channelId(4)];
const OWNER = userId(1);
const EMPTY_ACL: ChannelNode['acl'] = new Map();

/** Lobby; Games > Squad > Command. */
function organization(acls: ReadonlyMap<ChannelId, ChannelNode['acl']> = new Map()): OrganizationPolicy {
  const node = (id: ChannelId, parentId: ChannelId | null): [ChannelId, ChannelNode] => [
    id,
    { parentId, acl: acls.get(id) ?? EMPTY_ACL },
  ];
  return {
    ownerId: OWNER,
    roles: new Map([
      [ADMIN, ALL_PERMISSIONS],
      [MEMBER, MEMBER_PERMISSIONS],
      [OFFICER, NO_PERMISSIONS],
      [GUEST, JOIN],
    ]),
    channels: new Map([node(LOBBY, null), node(GAMES, null), node(SQUAD, GAMES), node(COMMAND, SQUAD)]),
  };
}

function withAcls(...acls: readonly (readonly [ChannelId, RoleId, PermissionMask])[]): OrganizationPolicy {
  const byChannel = new Map<ChannelId, ChannelNode['acl']>();
  for (const [id, role, mask] of acls) byChannel.set(id, new Map([...(byChannel.get(id) ?? []), [role, mask]]));
  return organization(byChannel);
}

function person(...roleIds: readonly RoleId[]): Subject {
  return { userId: userId(7), platformAdmin: false, roleIds };
}

describe('rule 1', () => {
  const closed = withAcls([GAMES, OFFICER, NO_PERMISSIONS]);

  it('gives everything to a platform admin, the owner and a role with MANAGE, whatever the ACLs say', () => {
    const owner = { ...person(), userId: OWNER };
    for (const subject of [{ ...person(), platformAdmin: true }, owner, person(ADMIN)]) {
      expect(holdsEverything(closed, subject)).toBe(true);
      expect(organizationPermissions(closed, subject)).toBe(ALL_PERMISSIONS);
      expect(effectivePermissions(closed, subject, COMMAND)).toBe(ALL_PERMISSIONS);
    }
  });

  it('gives everything to a role that has nothing but MANAGE', () => {
    const policy = { ...closed, roles: new Map([[OFFICER, MANAGE]]) };
    expect(effectivePermissions(policy, person(OFFICER), COMMAND)).toBe(ALL_PERMISSIONS);
  });

  it('gives nothing to anybody in a channel that is not known', () => {
    const subjects = [
      { ...person(), platformAdmin: true },
      { ...person(), userId: OWNER },
      person(ADMIN),
      person(MEMBER),
    ];
    for (const subject of subjects) {
      expect(effectivePermissions(closed, subject, channelId(50))).toBe(NO_PERMISSIONS);
    }
  });

  it('takes nobody for the owner of an organization that has none', () => {
    expect(holdsEverything({ ...closed, ownerId: null }, person())).toBe(false);
  });

  it('does not take MANAGE on an ACL for MANAGE in the organization', () => {
    const policy = withAcls([GAMES, OFFICER, ALL_PERMISSIONS]);
    expect(holdsEverything(policy, person(OFFICER))).toBe(false);
    expect(effectivePermissions(policy, person(OFFICER), LOBBY)).toBe(NO_PERMISSIONS);
  });

  it('does not know a role of another organization, whatever it may do there', () => {
    expect(effectivePermissions(closed, person(FOREIGN), LOBBY)).toBe(NO_PERMISSIONS);
  });
});

describe('rule 2', () => {
  it('lets the roles’ own masks apply where no ACL governs', () => {
    expect(effectivePermissions(organization(), person(MEMBER), COMMAND)).toBe(MEMBER_PERMISSIONS);
    expect(effectivePermissions(organization(), person(GUEST), COMMAND)).toBe(JOIN);
    expect(effectivePermissions(organization(), person(), COMMAND)).toBe(NO_PERMISSIONS);
  });

  it('makes a channel private by one entry', () => {
    const policy = withAcls([SQUAD, OFFICER, JOIN | SPEAK]);
    expect(effectivePermissions(policy, person(MEMBER), SQUAD)).toBe(NO_PERMISSIONS);
    expect(effectivePermissions(policy, person(MEMBER), COMMAND)).toBe(NO_PERMISSIONS);
    expect(effectivePermissions(policy, person(MEMBER), GAMES)).toBe(MEMBER_PERMISSIONS);
    expect(effectivePermissions(policy, person(MEMBER, OFFICER), COMMAND)).toBe(JOIN | SPEAK);
  });

  it('lets an entry with mask 0 govern', () => {
    const policy = withAcls([SQUAD, OFFICER, NO_PERMISSIONS]);
    expect(effectivePermissions(policy, person(MEMBER, OFFICER), SQUAD)).toBe(NO_PERMISSIONS);
  });

  it('lets an entry of a role that is not known govern, and grant nothing', () => {
    const policy = withAcls([SQUAD, FOREIGN, ALL_PERMISSIONS]);
    expect(effectivePermissions(policy, person(MEMBER, FOREIGN), COMMAND)).toBe(NO_PERMISSIONS);
  });

  it('takes the nearest list alone: a farther one adds no JOIN, SPEAK or WHISPER', () => {
    const policy = withAcls([GAMES, MEMBER, JOIN | SPEAK | WHISPER], [SQUAD, MEMBER, JOIN]);
    expect(effectivePermissions(policy, person(MEMBER), COMMAND)).toBe(JOIN);
  });

  it('ignores bits that mean nothing, in ACLs and in roles', () => {
    const policy = withAcls([SQUAD, MEMBER, 0x70 | JOIN]);
    const roles = new Map([[MEMBER, 0xff0 | SPEAK]]);
    expect(effectivePermissions(policy, person(MEMBER), SQUAD)).toBe(JOIN);
    expect(effectivePermissions({ ...policy, roles }, person(MEMBER), LOBBY)).toBe(SPEAK);
  });
});

describe('MANAGE on an ACL', () => {
  it('holds below, also where a nearer channel governs, and brings nothing else along', () => {
    const policy = withAcls([GAMES, OFFICER, ALL_PERMISSIONS], [COMMAND, MEMBER, JOIN]);
    expect(effectivePermissions(policy, person(OFFICER), SQUAD)).toBe(ALL_PERMISSIONS);
    expect(effectivePermissions(policy, person(OFFICER), COMMAND)).toBe(MANAGE);
    expect(effectivePermissions(policy, person(OFFICER, MEMBER), COMMAND)).toBe(MANAGE | JOIN);
  });

  it('does not hold above or beside', () => {
    const policy = withAcls([SQUAD, OFFICER, MANAGE]);
    expect(effectivePermissions(policy, person(OFFICER), GAMES)).toBe(NO_PERMISSIONS);
    expect(effectivePermissions(policy, person(OFFICER), LOBBY)).toBe(NO_PERMISSIONS);
  });

  it('gives no JOIN, SPEAK or WHISPER in its own channel', () => {
    expect(effectivePermissions(withAcls([SQUAD, MEMBER, MANAGE]), person(MEMBER), SQUAD)).toBe(MANAGE);
  });
});

describe('data that no tree could be', () => {
  const node = (parent: number, acl: ChannelNode['acl'] = EMPTY_ACL): ChannelNode => ({
    parentId: channelId(parent),
    acl,
  });

  it('ends the walk at a parent that is missing', () => {
    const policy = { ...organization(), channels: new Map([[LOBBY, node(50)]]) };
    expect(effectivePermissions(policy, person(MEMBER), LOBBY)).toBe(MEMBER_PERMISSIONS);
  });

  it('ends the walk in a circle, and in a channel that is its own parent', () => {
    const circle = new Map([
      [LOBBY, node(GAMES)],
      [GAMES, node(LOBBY)],
      [SQUAD, node(SQUAD)],
    ]);
    const policy = { ...organization(), channels: circle };
    for (const id of circle.keys()) expect(effectivePermissions(policy, person(MEMBER), id)).toBe(MEMBER_PERMISSIONS);
  });

  it('lets every channel of a circle count as an ancestor', () => {
    const circle = new Map([
      [LOBBY, node(GAMES, new Map([[MEMBER, JOIN]]))],
      [GAMES, node(LOBBY, new Map([[MEMBER, MANAGE]]))],
    ]);
    const policy = { ...organization(), channels: circle };
    expect(effectivePermissions(policy, person(MEMBER), LOBBY)).toBe(JOIN | MANAGE);
    expect(effectivePermissions(policy, person(MEMBER), GAMES)).toBe(MANAGE);
  });
});

describe('granting', () => {
  const policy = withAcls([GAMES, OFFICER, MANAGE | JOIN], [GAMES, MEMBER, JOIN | SPEAK]);

  it('is for managers of the channel, up to what they hold there', () => {
    expect(mayGrant(policy, person(OFFICER), SQUAD, JOIN | MANAGE)).toBe(true);
    expect(mayGrant(policy, person(OFFICER), SQUAD, SPEAK)).toBe(false);
    expect(mayGrant(policy, person(OFFICER, MEMBER), SQUAD, SPEAK)).toBe(true);
    expect(mayGrant(policy, person(OFFICER), LOBBY, JOIN)).toBe(false);
  });

  it('is not for those who hold a permission without MANAGE, not even of nothing', () => {
    expect(mayGrant(policy, person(MEMBER), SQUAD, JOIN)).toBe(false);
    expect(mayGrant(policy, person(MEMBER), SQUAD, NO_PERMISSIONS)).toBe(false);
    expect(mayGrant(policy, person(OFFICER), SQUAD, NO_PERMISSIONS)).toBe(true);
  });

  it('is refused for bits that mean nothing, and in a channel that is not known', () => {
    const owner = { ...person(), userId: OWNER };
    expect(mayGrant(policy, owner, SQUAD, ALL_PERMISSIONS)).toBe(true);
    expect(mayGrant(policy, owner, SQUAD, 16)).toBe(false);
    expect(mayGrant(policy, owner, channelId(50), JOIN)).toBe(false);
  });
});
