import { describe, expect, it } from '@jest/globals';
import { channelId, roleId, userId } from '../ids.js';
import { ALL_PERMISSIONS, MEMBER_PERMISSIONS, Permission } from './bits.js';
import type { OrganizationPolicy, Subject } from './evaluate.js';
import { explainPermissions } from './explain.js';

const { JOIN, SPEAK, MANAGE } = Permission;
const [ADMIN, MEMBER, OFFICER, GUEST, FOREIGN] = [roleId(1), roleId(2), roleId(3), roleId(4), roleId(99)];
const [LOBBY, GAMES, SQUAD] = [channelId(1), channelId(2), channelId(3)];
const OWNER = userId(1);

/** Lobby is open. Games is managed by officers; Squad below it is for officers and guests. */
const policy: OrganizationPolicy = {
  ownerId: OWNER,
  roles: new Map([
    [ADMIN, ALL_PERMISSIONS],
    [MEMBER, MEMBER_PERMISSIONS],
    [OFFICER, JOIN],
    [GUEST, JOIN],
  ]),
  channels: new Map([
    [LOBBY, { parentId: null, acl: new Map() }],
    [GAMES, { parentId: null, acl: new Map([[OFFICER, MANAGE]]) }],
    [
      SQUAD,
      {
        parentId: GAMES,
        acl: new Map([
          [OFFICER, JOIN | SPEAK],
          [GUEST, JOIN],
        ]),
      },
    ],
  ]),
};

const person = (...roleIds: Subject['roleIds']): Subject => ({ userId: userId(7), platformAdmin: false, roleIds });
const missingOf = (subject: Subject, channel = SQUAD) => explainPermissions(policy, subject, channel).missing;
const reasonsOf = (subject: Subject, channel = SQUAD) => [
  ...new Set(missingOf(subject, channel).map(({ reason }) => reason)),
];

describe('the basis of an answer', () => {
  const basisOf = (subject: Subject, channel = SQUAD) => explainPermissions(policy, subject, channel).basis;

  it('is the strongest rule that holds', () => {
    expect(basisOf({ ...person(ADMIN), platformAdmin: true })).toEqual({ kind: 'platform_admin' });
    expect(basisOf({ ...person(ADMIN), userId: OWNER })).toEqual({ kind: 'owner' });
    expect(basisOf(person(MEMBER, ADMIN))).toEqual({ kind: 'manager_role', roleId: ADMIN });
    expect(basisOf(person(MEMBER))).toEqual({ kind: 'acl' });
    expect(basisOf(person(MEMBER), LOBBY)).toEqual({ kind: 'roles' });
    expect(basisOf(person(ADMIN), channelId(50))).toEqual({ kind: 'unknown_channel' });
  });
});

describe('an explanation', () => {
  it('tells what each role gives and from where MANAGE is inherited', () => {
    expect(explainPermissions(policy, person(MEMBER, OFFICER, FOREIGN), SQUAD)).toMatchObject({
      channelId: SQUAD,
      effective: JOIN | SPEAK | MANAGE,
      governingChannelId: SQUAD,
      roles: [
        { roleId: MEMBER, source: 'not_listed', mask: 0 },
        { roleId: OFFICER, source: 'acl_entry', mask: JOIN | SPEAK },
        { roleId: FOREIGN, source: 'unknown_role', mask: 0 },
      ],
      manageGrants: [{ channelId: GAMES, roleId: OFFICER }],
    });
  });

  it('tells the own masks where no channel governs', () => {
    expect(explainPermissions(policy, person(MEMBER), LOBBY)).toMatchObject({
      effective: MEMBER_PERMISSIONS,
      governingChannelId: null,
      roles: [{ roleId: MEMBER, source: 'own_mask', mask: MEMBER_PERMISSIONS }],
      manageGrants: [],
    });
  });

  it('misses nothing for those who hold everything', () => {
    expect(missingOf({ ...person(), userId: OWNER })).toEqual([]);
  });
});

describe('the reason why a permission is missing', () => {
  it('tells apart what there is to mend', () => {
    expect(reasonsOf(person(MEMBER), channelId(50))).toEqual(['UNKNOWN_CHANNEL']);
    expect(reasonsOf(person())).toEqual(['NO_ROLES']);
    expect(reasonsOf(person(FOREIGN))).toEqual(['NO_ROLES']);
    expect(reasonsOf(person(MEMBER))).toEqual(['NOT_ON_ACL']);
    expect(reasonsOf(person(GUEST, MEMBER))).toEqual(['ACL_ENTRY_LACKS_BIT']);
    expect(reasonsOf(person(GUEST), LOBBY)).toEqual(['ROLES_LACK_BIT']);
  });
});

describe('suggestions', () => {
  const suggestionsFor = (subject: Subject, permission: keyof typeof Permission, channel = SQUAD) =>
    missingOf(subject, channel).find((each) => each.permission === permission)?.suggestions;

  it('are an entry of the governing channel, or a role that has the permission there', () => {
    expect(suggestionsFor(person(MEMBER, GUEST), 'SPEAK')).toEqual([
      { kind: 'add_acl_entry', channelId: SQUAD, roleId: MEMBER, mask: SPEAK },
      { kind: 'change_acl_entry', channelId: SQUAD, roleId: GUEST, mask: JOIN | SPEAK },
      { kind: 'assign_role', roleId: OFFICER },
    ]);
  });

  it('are an own mask, or another role, where no channel governs', () => {
    expect(suggestionsFor(person(GUEST), 'SPEAK', LOBBY)).toEqual([
      { kind: 'change_role', roleId: GUEST, mask: JOIN | SPEAK },
      { kind: 'assign_role', roleId: MEMBER },
    ]);
  });

  it('see a role that manages from above', () => {
    expect(suggestionsFor(person(GUEST), 'MANAGE')).toEqual([
      { kind: 'change_acl_entry', channelId: SQUAD, roleId: GUEST, mask: JOIN | MANAGE },
      { kind: 'assign_role', roleId: OFFICER },
    ]);
  });

  it('hand out everything only where MANAGE is asked for and no ACL governs', () => {
    expect(suggestionsFor(person(MEMBER), 'MANAGE', LOBBY)).toEqual([
      { kind: 'change_role', roleId: MEMBER, mask: ALL_PERMISSIONS },
      { kind: 'assign_role', roleId: ADMIN },
    ]);
  });

  it('are none where one change is not enough', () => {
    expect(suggestionsFor(person(), 'WHISPER')).toEqual([]);
    expect(suggestionsFor(person(MEMBER), 'JOIN', channelId(50))).toEqual([]);
  });
});
