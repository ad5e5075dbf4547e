import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  anyAcl,
  anyMask,
  anyRoleId,
  anySituation,
  type Situation,
  withAcl,
  withRoleMask,
} from '../../test/permissions/arbitrary-policy.js';
import { referencePermissions } from '../../test/permissions/reference-evaluator.js';
import { type OrganizationPolicy } from './evaluate.js';
import { type PermissionChange, simulateAcl, simulateRole } from './simulate.js';

const RUNS = { numRuns: 1000 };

describe('simulating an ACL', () => {
  it('tells exactly the difference that setting it makes', () => {
    fc.assert(
      fc.property(anySituation, anyAcl, ({ policy, subjects, channelId }, acl) => {
        const changes = simulateAcl(policy, subjects, channelId, acl);
        expect(changes).toEqual(difference({ policy, subjects }, withAcl(policy, channelId, acl)));
      }),
      RUNS,
    );
  });

  it('tells nothing where the ACL is what it was, and leaves the policy as it was', () => {
    fc.assert(
      fc.property(anySituation, anyAcl, ({ policy, subjects, channelId }, acl) => {
        const before = structuredClone(policy);
        simulateAcl(policy, subjects, channelId, acl);
        expect(policy).toEqual(before);
        const present = policy.channels.get(channelId)?.acl ?? new Map();
        expect(simulateAcl(policy, subjects, channelId, present)).toEqual([]);
      }),
    );
  });

  it('tells of going back the same, with gained and lost exchanged', () => {
    fc.assert(
      fc.property(anySituation, anyAcl, ({ policy, subjects, channelId }, acl) => {
        const former = policy.channels.get(channelId)?.acl ?? new Map();
        const forth = simulateAcl(policy, subjects, channelId, acl);
        const back = simulateAcl(withAcl(policy, channelId, acl), subjects, channelId, former);
        expect(back.map((change) => ({ ...change, gained: change.lost, lost: change.gained }))).toEqual(forth);
      }),
    );
  });
});

describe('simulating the mask of a role', () => {
  it('tells exactly the difference that setting it makes', () => {
    fc.assert(
      fc.property(anySituation, anyRoleId, anyMask, ({ policy, subjects }, role, mask) => {
        const changes = simulateRole(policy, subjects, role, mask);
        expect(changes).toEqual(difference({ policy, subjects }, withRoleMask(policy, role, mask)));
      }),
      RUNS,
    );
  });

  it('takes the subjects from any iterable', () => {
    fc.assert(
      fc.property(anySituation, anyRoleId, anyMask, ({ policy, subjects }, role, mask) => {
        expect(simulateRole(policy, subjects.values(), role, mask)).toEqual(simulateRole(policy, subjects, role, mask));
      }),
    );
  });
});

/** Every user and every channel by the reference, before and after. */
function difference(
  { policy, subjects }: Pick<Situation, 'policy' | 'subjects'>,
  changed: OrganizationPolicy,
): PermissionChange[] {
  const changes: PermissionChange[] = [];
  for (const subject of subjects) {
    for (const channelId of policy.channels.keys()) {
      const before = referencePermissions(policy, subject, channelId);
      const after = referencePermissions(changed, subject, channelId);
      if (before === after) continue;
      changes.push({ userId: subject.userId, channelId, gained: after & ~before, lost: before & ~after });
    }
  }
  return changes;
}
