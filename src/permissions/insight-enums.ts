/** The words in which permissions are explained, as GraphQL enums. */
import { registerEnumType } from 'type-graphql';
import type { MissingReason, PermissionBasis, RoleContribution, Suggestion } from './explain.js';

/** The type of a field: `@Field(() => PermissionBasisType)`. */
export const PermissionBasisType = {
  UNKNOWN_CHANNEL: 'unknown_channel',
  PLATFORM_ADMIN: 'platform_admin',
  OWNER: 'owner',
  MANAGER_ROLE: 'manager_role',
  ACL: 'acl',
  ROLES: 'roles',
} as const satisfies Record<Uppercase<PermissionBasis['kind']>, PermissionBasis['kind']>;

/** The type of a field: `@Field(() => ContributionSourceType)`. */
export const ContributionSourceType = {
  OWN_MASK: 'own_mask',
  ACL_ENTRY: 'acl_entry',
  NOT_LISTED: 'not_listed',
  UNKNOWN_ROLE: 'unknown_role',
} as const satisfies Record<Uppercase<RoleContribution['source']>, RoleContribution['source']>;

/** The type of a field: `@Field(() => MissingReasonType)`. */
export const MissingReasonType = {
  UNKNOWN_CHANNEL: 'UNKNOWN_CHANNEL',
  NO_ROLES: 'NO_ROLES',
  NOT_ON_ACL: 'NOT_ON_ACL',
  ACL_ENTRY_LACKS_BIT: 'ACL_ENTRY_LACKS_BIT',
  ROLES_LACK_BIT: 'ROLES_LACK_BIT',
} as const satisfies Record<MissingReason, MissingReason>;

/** The type of a field: `@Field(() => SuggestionKindType)`. */
export const SuggestionKindType = {
  ADD_ACL_ENTRY: 'add_acl_entry',
  CHANGE_ACL_ENTRY: 'change_acl_entry',
  CHANGE_ROLE: 'change_role',
  ASSIGN_ROLE: 'assign_role',
} as const satisfies Record<Uppercase<Suggestion['kind']>, Suggestion['kind']>;

registerEnumType(PermissionBasisType, {
  name: 'PermissionBasis',
  description: 'Which rule decided.',
  valuesConfig: {
    UNKNOWN_CHANNEL: { description: 'The channel is gone.' },
    PLATFORM_ADMIN: { description: 'A platform admin holds everything.' },
    OWNER: { description: 'The owner holds everything in the organization.' },
    MANAGER_ROLE: { description: 'A role whose own permissions have MANAGE holds everything in the organization.' },
    ACL: { description: 'The ACL of the governing channel.' },
    ROLES: { description: "No channel governs: the roles' own permissions." },
  },
});

registerEnumType(ContributionSourceType, {
  name: 'ContributionSource',
  description: 'From where a role has what it gives.',
  valuesConfig: {
    OWN_MASK: { description: 'Its own permissions, since no ACL governs.' },
    ACL_ENTRY: { description: 'Its entry in the governing ACL.' },
    NOT_LISTED: { description: 'It gives nothing: the governing ACL does not name it.' },
    UNKNOWN_ROLE: { description: 'It gives nothing: the organization has no such role.' },
  },
});

registerEnumType(MissingReasonType, {
  name: 'MissingReason',
  description: 'Why a permission is missing.',
  valuesConfig: {
    UNKNOWN_CHANNEL: { description: 'The channel is gone.' },
    NO_ROLES: { description: 'The user holds no role.' },
    NOT_ON_ACL: { description: "The governing ACL names none of the user's roles." },
    ACL_ENTRY_LACKS_BIT: { description: "The entries of the user's roles in the governing ACL do not have it." },
    ROLES_LACK_BIT: { description: "No ACL governs, and none of the user's roles has it." },
  },
});

registerEnumType(SuggestionKindType, {
  name: 'SuggestionKind',
  description: 'What kind of change would grant a permission.',
  valuesConfig: {
    ADD_ACL_ENTRY: { description: 'Put the role on the ACL of the channel with these permissions.' },
    CHANGE_ACL_ENTRY: { description: "Give the role's entry in the ACL of the channel these permissions." },
    CHANGE_ROLE: { description: 'Give the role these permissions of its own: everywhere where no ACL governs.' },
    ASSIGN_ROLE: { description: 'Give the user this role.' },
  },
});
