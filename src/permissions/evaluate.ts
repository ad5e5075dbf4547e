/** Who may do what in which channel: the one place where permissions are evaluated. Plain data in, a mask out. The corner cases and their reasons are in docs/decisions/0002-permission-rules.md. */
import type { ChannelId, RoleId, UserId } from '../ids.js';
import { ALL_PERMISSIONS, holds, isPermissionMask, NO_PERMISSIONS, Permission, type PermissionMask } from './bits.js';

/** What the rules need to know of a channel. */
export interface ChannelNode {
  /** Null at the root of the tree. */
  readonly parentId: ChannelId | null;
  /** Empty where the channel has no ACL of its own. */
  readonly acl: ReadonlyMap<RoleId, PermissionMask>;
}

/** What the rules need to know of an organization. */
export interface OrganizationPolicy {
  readonly ownerId: UserId | null;
  /** Every role of the organization with its own mask. */
  readonly roles: ReadonlyMap<RoleId, PermissionMask>;
  /** Every channel of the organization. */
  readonly channels: ReadonlyMap<ChannelId, ChannelNode>;
}

/** What the rules need to know of a user. */
export interface Subject {
  readonly userId: UserId;
  readonly platformAdmin: boolean;
  readonly roleIds: readonly RoleId[];
}

/**
 * What the subject may do in the channel; 0 for everybody where the policy does not know the channel.
 *
 * It is called for every session and every channel, so it allocates nothing. It takes one step per ancestor, and no
 * more steps than there are channels, whatever the data.
 */
export function effectivePermissions(
  policy: OrganizationPolicy,
  subject: Subject,
  channelId: ChannelId,
): PermissionMask {
  let channel = policy.channels.get(channelId);
  if (channel === undefined) return NO_PERMISSIONS;
  if (holdsEverything(policy, subject)) return ALL_PERMISSIONS;
  let isGoverned = false;
  let mask = NO_PERMISSIONS;
  for (let stepsLeft = policy.channels.size; channel !== undefined && stepsLeft > 0; stepsLeft -= 1) {
    if (channel.acl.size > 0) {
      const granted = grantedByAcl(policy, subject, channel.acl);
      mask |= isGoverned ? granted & Permission.MANAGE : granted;
      isGoverned = true;
    }
    channel = channel.parentId === null ? undefined : policy.channels.get(channel.parentId);
  }
  return isGoverned ? mask : grantedByRoles(policy, subject);
}

/** What the subject may do where no ACL governs: everything, or the OR of the own masks of the roles. */
export function organizationPermissions(policy: OrganizationPolicy, subject: Subject): PermissionMask {
  return holdsEverything(policy, subject) ? ALL_PERMISSIONS : grantedByRoles(policy, subject);
}

/** True for a platform admin, the owner, and a user with a role whose own mask has MANAGE: no ACL takes anything from them. */
export function holdsEverything(policy: OrganizationPolicy, subject: Subject): boolean {
  return (
    subject.platformAdmin ||
    policy.ownerId === subject.userId ||
    holds(grantedByRoles(policy, subject), Permission.MANAGE)
  );
}

/**
 * True where the subject may write `mask` into an entry of the channel's ACL: he manages the channel, and holds there
 * every bit that he would give. False for a mask with unknown bits.
 */
export function mayGrant(
  policy: OrganizationPolicy,
  subject: Subject,
  channelId: ChannelId,
  mask: PermissionMask,
): boolean {
  return isPermissionMask(mask) && holds(effectivePermissions(policy, subject, channelId), mask | Permission.MANAGE);
}

function grantedByRoles({ roles }: OrganizationPolicy, { roleIds }: Subject): PermissionMask {
  let mask = NO_PERMISSIONS;
  for (const roleId of roleIds) mask |= roles.get(roleId) ?? NO_PERMISSIONS;
  return mask & ALL_PERMISSIONS;
}

function grantedByAcl({ roles }: OrganizationPolicy, { roleIds }: Subject, acl: ChannelNode['acl']): PermissionMask {
  let mask = NO_PERMISSIONS;
  for (const roleId of roleIds) if (roles.has(roleId)) mask |= acl.get(roleId) ?? NO_PERMISSIONS;
  return mask & ALL_PERMISSIONS;
}
