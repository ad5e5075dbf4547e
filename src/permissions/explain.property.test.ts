import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anySituation, type Situation, withAcl, withRoleMask } from '../../test/permissions/arbitrary-policy.js';
import { ALL_PERMISSIONS, holds, NO_PERMISSIONS, Permission, type PermissionMask } from './bits.js';
import { effectivePermissions, holdsEverything, type OrganizationPolicy, type Subject } from './evaluate.js';
import { type Explanation, explainPermissions, type PermissionBasis, type Suggestion } from './explain.js';

const RUNS = { numRuns: 500 };
const RULE_ONE: readonly PermissionBasis['kind'][] = ['platform_admin', 'owner', 'manager_role'];

describe('an explanation', () => {
  it('tells the evaluator’s answer, and its parts add up to it', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const told = explanationsIn(situation);
        const answers = told.map(({ explanation, subject }) =>
          effectivePermissions(situation.policy, subject, explanation.channelId),
        );
        expect(told.map(({ explanation }) => explanation.effective)).toEqual(answers);
        expect(told.map(({ explanation }) => sumOfParts(explanation))).toEqual(answers);
      }),
      RUNS,
    );
  });

  it('names rule 1 exactly where it holds', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const told = explanationsIn(situation);
        const { policy } = situation;
        expect(told.map(({ explanation }) => RULE_ONE.includes(explanation.basis.kind))).toEqual(
          told.map(
            ({ explanation, subject }) =>
              policy.channels.has(explanation.channelId) && holdsEverything(policy, subject),
          ),
        );
      }),
    );
  });

  it('tells each missing permission once, with a reason, and no other', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const told = explanationsIn(situation).map(({ explanation }) => explanation);
        const missing = told.map((each) => each.missing.map(({ permission }) => Permission[permission]));
        expect(missing.map((bits) => bits.reduce((sum: number, bit) => sum + bit, 0))).toEqual(
          told.map(({ effective }) => ALL_PERMISSIONS - effective),
        );
      }),
    );
  });
});

describe('a suggestion', () => {
  it('grants the permission when it is followed, alone', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const { policy } = situation;
        const disappointing = explanationsIn(situation).flatMap(({ explanation, subject }) =>
          explanation.missing.flatMap(({ permission, suggestions }) =>
            suggestions.filter((suggestion) => {
              const after = follow(suggestion, { policy, subject });
              const granted = effectivePermissions(after.policy, after.subject, explanation.channelId);
              return !holds(granted, Permission[permission]);
            }),
          ),
        );
        expect(disappointing).toEqual([]);
      }),
      RUNS,
    );
  });

  it('takes nothing from anybody', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subject, subjects, channelId }) => {
        const { missing } = explainPermissions(policy, subject, channelId);
        const losses = missing
          .flatMap(({ suggestions }) => suggestions)
          .flatMap((suggestion) =>
            subjects.map((other) => ({ other, after: follow(suggestion, { policy, subject: other }) })),
          )
          .flatMap(({ other, after }) =>
            [...policy.channels.keys()].map(
              (id) => effectivePermissions(policy, other, id) & ~effectivePermissions(after.policy, after.subject, id),
            ),
          );
        expect(losses.every((lost) => lost === NO_PERMISSIONS)).toBe(true);
      }),
      RUNS,
    );
  });

  it('tells an entry that is there from one that is not', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subject, channelId }) => {
        const suggestions = explainPermissions(policy, subject, channelId).missing.flatMap((each) => each.suggestions);
        for (const suggestion of suggestions) {
          if (suggestion.kind !== 'add_acl_entry' && suggestion.kind !== 'change_acl_entry') continue;
          const isThere = policy.channels.get(suggestion.channelId)?.acl.has(suggestion.roleId);
          expect(isThere).toBe(suggestion.kind === 'change_acl_entry');
        }
      }),
    );
  });

  it('is there for everybody who holds a role of the organization', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subject, channelId }) => {
        fc.pre(policy.channels.has(channelId) && subject.roleIds.some((id) => policy.roles.has(id)));
        for (const { suggestions } of explainPermissions(policy, subject, channelId).missing) {
          expect(suggestions.length).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('is the only one of its kind', () => {
    fc.assert(
      fc.property(anySituation, ({ policy, subject, channelId }) => {
        for (const { suggestions } of explainPermissions(policy, subject, channelId).missing) {
          expect(new Set(suggestions.map((each) => JSON.stringify(each))).size).toBe(suggestions.length);
        }
      }),
    );
  });
});

/** What the parts of an explanation say together. */
function sumOfParts({ basis, roles, manageGrants }: Explanation): PermissionMask {
  const contributed = roles.reduce((sum, { mask }) => sum | mask, NO_PERMISSIONS);
  switch (basis.kind) {
    case 'unknown_channel':
      return NO_PERMISSIONS;
    case 'platform_admin':
    case 'owner':
    case 'manager_role':
      return ALL_PERMISSIONS;
    case 'roles':
      return contributed;
    case 'acl':
      return contributed | (manageGrants.length > 0 ? Permission.MANAGE : NO_PERMISSIONS);
  }
}

function explanationsIn({ policy, subjects, channelId }: Situation): { explanation: Explanation; subject: Subject }[] {
  const ids = new Set([...policy.channels.keys(), channelId]);
  return subjects.flatMap((subject) =>
    [...ids].map((id) => ({ explanation: explainPermissions(policy, subject, id), subject })),
  );
}

interface Followed {
  readonly policy: OrganizationPolicy;
  readonly subject: Subject;
}

function follow(suggestion: Suggestion, { policy, subject }: Followed): Followed {
  switch (suggestion.kind) {
    case 'add_acl_entry':
    case 'change_acl_entry': {
      const { channelId, roleId, mask } = suggestion;
      const acl = policy.channels.get(channelId)?.acl ?? new Map();
      return { policy: withAcl(policy, channelId, new Map([...acl, [roleId, mask]])), subject };
    }
    case 'change_role':
      return { policy: withRoleMask(policy, suggestion.roleId, suggestion.mask), subject };
    case 'assign_role':
      return { policy, subject: { ...subject, roleIds: [...subject.roleIds, suggestion.roleId] } };
  }
}
