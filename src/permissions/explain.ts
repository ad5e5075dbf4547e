/** Why somebody may do something in a channel, or may not, and what would change that: plain data, for people and tools. */
import type { ChannelId, RoleId } from '../ids.js';
import {
  ALL_PERMISSIONS,
  holds,
  NO_PERMISSIONS,
  PERMISSION_NAMES,
  Permission,
  type PermissionMask,
  type PermissionName,
} from './bits.js';
import { effectivePermissions, type OrganizationPolicy, type Subject } from './evaluate.js';
import { type LineageEntry, lineage } from './lineage.js';

/** Which rule gave the answer. */
export type PermissionBasis =
  | { readonly kind: 'unknown_channel' }
  | { readonly kind: 'platform_admin' }
  | { readonly kind: 'owner' }
  /** A role whose own mask has MANAGE; the first of them in the subject's list. */
  | { readonly kind: 'manager_role'; readonly roleId: RoleId }
  | { readonly kind: 'acl' }
  | { readonly kind: 'roles' };

/** What one role of the subject gives in the channel by the list that counts there, and from where it has it. */
export interface RoleContribution {
  readonly roleId: RoleId;
  /** `not_listed`: the governing ACL has no entry for the role. `unknown_role`: the organization has no such role. Both give nothing. */
  readonly source: 'own_mask' | 'acl_entry' | 'not_listed' | 'unknown_role';
  readonly mask: PermissionMask;
}

/** An ACL entry that gives MANAGE. */
export interface ManageGrant {
  readonly channelId: ChannelId;
  readonly roleId: RoleId;
}

/** Why a permission is missing. */
export type MissingReason =
  | 'UNKNOWN_CHANNEL'
  /** The subject holds no role of the organization. */
  | 'NO_ROLES'
  /** The governing ACL has an entry for none of the subject's roles. */
  | 'NOT_ON_ACL'
  /** Roles of the subject are on the governing ACL, and none of their entries has the permission. */
  | 'ACL_ENTRY_LACKS_BIT'
  /** No ACL governs, and none of the subject's roles has the permission in its own mask. */
  | 'ROLES_LACK_BIT';

/** One change, sufficient by itself. */
export type Suggestion =
  /** Add this entry to the ACL of the governing channel. */
  | {
      readonly kind: 'add_acl_entry';
      readonly channelId: ChannelId;
      readonly roleId: RoleId;
      readonly mask: PermissionMask;
    }
  /** Replace the mask of this entry of the governing channel; it keeps all that it has. */
  | {
      readonly kind: 'change_acl_entry';
      readonly channelId: ChannelId;
      readonly roleId: RoleId;
      readonly mask: PermissionMask;
    }
  /** Replace the role's own mask; it keeps all that it has. With MANAGE the role then holds everything in the organization. */
  | { readonly kind: 'change_role'; readonly roleId: RoleId; readonly mask: PermissionMask }
  /** Give the subject a role that has the permission here. */
  | { readonly kind: 'assign_role'; readonly roleId: RoleId };

export interface MissingPermission {
  readonly permission: PermissionName;
  readonly reason: MissingReason;
  /** Each is sufficient and takes nothing from anybody. May be empty: then it takes more than one change, or another channel. */
  readonly suggestions: readonly Suggestion[];
}

export interface Explanation {
  readonly channelId: ChannelId;
  /** Exactly what {@link effectivePermissions} says. */
  readonly effective: PermissionMask;
  readonly basis: PermissionBasis;
  /** The nearest channel with an ACL, the channel itself included, or null. Told also where the basis is stronger than any ACL. */
  readonly governingChannelId: ChannelId | null;
  /** One for each role of the subject. Told also where the basis is stronger than any role. */
  readonly roles: readonly RoleContribution[];
  /** Every ACL entry of the channel and of those above it that gives the subject MANAGE here, nearest channel first. */
  readonly manageGrants: readonly ManageGrant[];
  /** One for each permission that is not in `effective`, in the order of their bits. */
  readonly missing: readonly MissingPermission[];
}

/** Explains the answer of {@link effectivePermissions}. */
export function explainPermissions(policy: OrganizationPolicy, subject: Subject, channelId: ChannelId): Explanation {
  const effective = effectivePermissions(policy, subject, channelId);
  const ancestry = lineage(policy, channelId);
  const governing = ancestry.find(({ channel }) => channel.acl.size > 0);
  const roles = contributions(policy, subject, governing);
  const question: Question = { policy, subject, channelId, governing };
  return {
    channelId,
    effective,
    basis: basisOf(question),
    governingChannelId: governing?.channelId ?? null,
    roles,
    manageGrants: ancestry.flatMap((entry) => manageGrantsOf(policy, subject, entry)),
    missing: PERMISSION_NAMES.filter((permission) => !holds(effective, Permission[permission])).map((permission) => ({
      permission,
      reason: reasonFor(question, roles),
      suggestions: suggestionsFor(question, permission),
    })),
  };
}

interface Question {
  readonly policy: OrganizationPolicy;
  readonly subject: Subject;
  readonly channelId: ChannelId;
  readonly governing: LineageEntry | undefined;
}

function basisOf({ policy, subject, channelId, governing }: Question): PermissionBasis {
  if (!policy.channels.has(channelId)) return { kind: 'unknown_channel' };
  if (subject.platformAdmin) return { kind: 'platform_admin' };
  if (policy.ownerId === subject.userId) return { kind: 'owner' };
  const managerRole = subject.roleIds.find((roleId) => isManagerRole(policy, roleId));
  if (managerRole !== undefined) return { kind: 'manager_role', roleId: managerRole };
  return { kind: governing === undefined ? 'roles' : 'acl' };
}

function contributions(
  policy: OrganizationPolicy,
  subject: Subject,
  governing: LineageEntry | undefined,
): readonly RoleContribution[] {
  return subject.roleIds.map((roleId) => {
    const ownMask = policy.roles.get(roleId);
    if (ownMask === undefined) return { roleId, source: 'unknown_role', mask: NO_PERMISSIONS };
    if (governing === undefined) return { roleId, source: 'own_mask', mask: ownMask & ALL_PERMISSIONS };
    const entryMask = governing.channel.acl.get(roleId);
    if (entryMask === undefined) return { roleId, source: 'not_listed', mask: NO_PERMISSIONS };
    return { roleId, source: 'acl_entry', mask: entryMask & ALL_PERMISSIONS };
  });
}

function manageGrantsOf(
  policy: OrganizationPolicy,
  subject: Subject,
  { channelId, channel }: LineageEntry,
): readonly ManageGrant[] {
  return subject.roleIds
    .filter((roleId) => policy.roles.has(roleId) && holds(channel.acl.get(roleId) ?? 0, Permission.MANAGE))
    .map((roleId) => ({ channelId, roleId }));
}

function reasonFor({ policy, channelId, governing }: Question, roles: readonly RoleContribution[]): MissingReason {
  if (!policy.channels.has(channelId)) return 'UNKNOWN_CHANNEL';
  if (roles.every(({ source }) => source === 'unknown_role')) return 'NO_ROLES';
  if (governing === undefined) return 'ROLES_LACK_BIT';
  return roles.some(({ source }) => source === 'acl_entry') ? 'ACL_ENTRY_LACKS_BIT' : 'NOT_ON_ACL';
}

/**
 * Nothing here makes an ungoverned channel governed: the first entry of an ACL takes from all roles that are not on it.
 * A role that would give everything is suggested only where nothing less gives the permission.
 */
function suggestionsFor(question: Question, permission: PermissionName): readonly Suggestion[] {
  const { policy, subject, channelId, governing } = question;
  if (!policy.channels.has(channelId)) return [];
  const bit = Permission[permission];
  const heldRoleIds = [...new Set(subject.roleIds)].filter((roleId) => policy.roles.has(roleId));
  const changes = heldRoleIds.map((roleId) => changeFor(policy, governing, roleId, bit));
  const needsManagerRole = governing === undefined && bit === Permission.MANAGE;
  const assignments = [...policy.roles.keys()]
    .filter((roleId) => !subject.roleIds.includes(roleId))
    .filter((roleId) => needsManagerRole || !isManagerRole(policy, roleId))
    .filter((roleId) => holds(effectivePermissions(policy, withRole(subject, roleId), channelId), bit))
    .map((roleId): Suggestion => ({ kind: 'assign_role', roleId }));
  return [...changes, ...assignments];
}

function changeFor(
  policy: OrganizationPolicy,
  governing: LineageEntry | undefined,
  roleId: RoleId,
  bit: PermissionMask,
): Suggestion {
  if (governing === undefined) {
    return { kind: 'change_role', roleId, mask: withBit(policy.roles.get(roleId), bit) };
  }
  const { channelId, channel } = governing;
  const kind = channel.acl.has(roleId) ? 'change_acl_entry' : 'add_acl_entry';
  return { kind, channelId, roleId, mask: withBit(channel.acl.get(roleId), bit) };
}

function withBit(mask: PermissionMask = NO_PERMISSIONS, bit: PermissionMask): PermissionMask {
  return (mask | bit) & ALL_PERMISSIONS;
}

function withRole(subject: Subject, roleId: RoleId): Subject {
  return { ...subject, roleIds: [...subject.roleIds, roleId] };
}

/** True for a role that alone holds everything. */
function isManagerRole(policy: OrganizationPolicy, roleId: RoleId): boolean {
  return holds(policy.roles.get(roleId) ?? NO_PERMISSIONS, Permission.MANAGE);
}
