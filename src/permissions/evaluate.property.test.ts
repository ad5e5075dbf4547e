import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  anyAcl,
  anyMask,
  anyRoleId,
  anySituation,
  withAcl,
  withRoleMask,
} from '../../test/permissions/arbitrary-policy.js';
import { referencePermissions } from '../../test/permissions/reference-evaluator.js';
import type { ChannelId } from '../ids.js';
import { ALL_PERMISSIONS, holds, NO_PERMISSIONS, Permission, type PermissionMask } from './bits.js';
import {
  effectivePermissions,
  holdsEverything,
  mayGrant,
  type OrganizationPolicy,
  organizationPermissions,
  type Subject,
} from './evaluate.js';

const RUNS = { numRuns: 500 };

describe('effective permissions', () => {
  it('are what the slow reference says, in any tree and in any tangle', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subjects }) => {
        const ids = [...policy.channels.keys()];
        const expected = subjects.map((subject) => ids.map((id) => referencePermissions(policy, subject, id)));
        expect(subjects.map((subject) => masksOf(policy, subject))).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('are nothing in a channel that is not known, for everybody', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subject, channelId }) => {
        fc.pre(!policy.channels.has(channelId));
        expect(effectivePermissions(policy, subject, channelId)).toBe(NO_PERMISSIONS);
      }),
    );
  });

  it('are everything in each known channel for a platform admin and for the owner', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subject }) => {
        const owned = { ...policy, ownerId: subject.userId };
        const everything = Array.from(policy.channels, () => ALL_PERMISSIONS);
        expect(masksOf(policy, { ...subject, platformAdmin: true })).toEqual(everything);
        expect(masksOf(owned, subject)).toEqual(everything);
      }),
    );
  });

  it('lose nothing by one more role', () => {
    fc.assert(
      fc.property(anySituation, anyRoleId, ({ policy, subject }, added) => {
        const richer = { ...subject, roleIds: [...subject.roleIds, added] };
        const before = masksOf(policy, subject);
        expect(masksOf(policy, richer).every((mask, index) => holds(mask, before[index] ?? 0))).toBe(true);
      }),
      RUNS,
    );
  });

  it('of a subject are, without rule 1, the OR of what each role gives alone', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subject }) => {
        fc.pre(!holdsEverything(policy, subject));
        const alone = subject.roleIds.map((each) => masksOf(policy, { ...subject, roleIds: [each] }));
        const together = Array.from(policy.channels, (_, index) =>
          alone.reduce((sum, masks) => sum | (masks[index] ?? 0), 0),
        );
        expect(masksOf(policy, subject)).toEqual(together);
      }),
      RUNS,
    );
  });

  it('do not depend on the order of roles, nor on one that is named twice', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subject, channelId }) => {
        const other = { ...subject, roleIds: [...subject.roleIds, ...subject.roleIds].reverse() };
        expect(effectivePermissions(policy, other, channelId)).toBe(effectivePermissions(policy, subject, channelId));
      }),
    );
  });

  it('change nowhere but in the channel and below it when its ACL changes', () => {
    fc.assert(
      fc.property(anySituation, anyAcl, ({ policy, subject, channelId }, acl) => {
        const changed = withAcl(policy, channelId, acl);
        const elsewhere = [...policy.channels.keys()].filter((id) => !isWithin(policy, id, channelId));
        expect(elsewhere.map((id) => effectivePermissions(changed, subject, id))).toEqual(
          elsewhere.map((id) => effectivePermissions(policy, subject, id)),
        );
      }),
      RUNS,
    );
  });

  it('where an ACL governs change by the own mask of a role only through MANAGE', () => {
    fc.assert(
      fc.property(anySituation, anyRoleId, anyMask, ({ policy, subject, channelId }, role, mask) => {
        const acl = policy.channels.get(channelId)?.acl;
        const changed = withRoleMask(policy, role, mask);
        fc.pre(acl !== undefined && acl.size > 0);
        fc.pre(holdsEverything(policy, subject) === holdsEverything(changed, subject));
        expect(effectivePermissions(changed, subject, channelId)).toBe(
          effectivePermissions(policy, subject, channelId),
        );
      }),
      RUNS,
    );
  });

  it('reach down with MANAGE: who manages a channel manages everything below it', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subject, channelId }) => {
        fc.pre(holds(effectivePermissions(policy, subject, channelId), Permission.MANAGE));
        const below = [...policy.channels.keys()].filter((id) => isWithin(policy, id, channelId));
        expect(below.every((id) => holds(effectivePermissions(policy, subject, id), Permission.MANAGE))).toBe(true);
      }),
      RUNS,
    );
  });

  it('are those of the organization where there is no ACL at all', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subject }) => {
        const ids = [...policy.channels.keys()];
        const open = ids.reduce((bare, id) => withAcl(bare, id, new Map()), policy);
        expect(masksOf(open, subject)).toEqual(ids.map(() => organizationPermissions(policy, subject)));
      }),
    );
  });
});

describe('granting', () => {
  it('gives a manager what he holds in the channel, and nobody anything else', () => {
    fc.assert(
      fc.property(anySituation, fc.integer({ min: -1, max: 32 }), ({ policy, subject, channelId }, mask) => {
        const held = effectivePermissions(policy, subject, channelId);
        const isPermitted = mask >= 0 && mask <= 15 && holds(held, Permission.MANAGE) && holds(held, mask);
        expect(mayGrant(policy, subject, channelId, mask)).toBe(isPermitted);
      }),
      RUNS,
    );
  });

  it('of what is permitted never lifts anybody above who granted it', () => {
    fc.assert(
      fc.property(anySituation, anyRoleId, anyMask, ({ policy, subject, subjects, channelId }, role, mask) => {
        const acl = policy.channels.get(channelId)?.acl ?? new Map();
        fc.pre(mayGrant(policy, subject, channelId, mask));
        const held = effectivePermissions(policy, subject, channelId);
        const changed = withAcl(policy, channelId, new Map([...acl, [role, mask]]));
        const gained = subjects.map(
          (other) => effectivePermissions(changed, other, channelId) & ~effectivePermissions(policy, other, channelId),
        );
        expect(gained.every((each) => holds(held, each))).toBe(true);
      }),
      RUNS,
    );
  });
});

/** What the subject may do in each channel, in the order of the channels. */
function masksOf(policy: OrganizationPolicy, subject: Subject): PermissionMask[] {
  return [...policy.channels.keys()].map((id) => effectivePermissions(policy, subject, id));
}

/** True for the top itself and for what is below it. */
function isWithin(policy: OrganizationPolicy, id: ChannelId, top: ChannelId): boolean {
  const seen: ChannelId[] = [];
  for (let at: ChannelId | null | undefined = id; typeof at === 'number' && !seen.includes(at); ) {
    if (at === top) return true;
    seen.push(at);
    at = policy.channels.get(at)?.parentId;
  }
  return false;
}
