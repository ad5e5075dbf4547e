/** The permission bits of roles and ACL entries, as in `roles.permissions` and `channel_acl.permissions`. */
export const Permission = {
  /** Enter a channel and hear it. */
  JOIN: 0b0001,
  /** Speak to a joined channel. */
  SPEAK: 0b0010,
  /** Whisper to users or channels without joining them. */
  WHISPER: 0b0100,
  /** On a role: everything in the organization. On an ACL entry: manage that channel and everything below it. */
  MANAGE: 0b1000,
} as const;

/** The name of one permission. */
export type PermissionName = keyof typeof Permission;

/** An OR of permission bits: 0 to 15. */
export type PermissionMask = number;

export const NO_PERMISSIONS: PermissionMask = 0;
export const ALL_PERMISSIONS: PermissionMask = 0b1111;
/** What the role `member`, given to each new user, holds. */
export const MEMBER_PERMISSIONS: PermissionMask = Permission.JOIN | Permission.SPEAK | Permission.WHISPER;

export const PERMISSION_NAMES: readonly PermissionName[] = ['JOIN', 'SPEAK', 'WHISPER', 'MANAGE'];

/** True if `mask` holds every bit of `wanted`. */
export function holds(mask: PermissionMask, wanted: PermissionMask): boolean {
  return (mask & wanted) === wanted;
}

/** True if `mask` is an integer that has only known bits. */
export function isPermissionMask(mask: number): mask is PermissionMask {
  return Number.isInteger(mask) && mask >= 0 && mask <= ALL_PERMISSIONS;
}

/** The names of the bits of `mask`, in the order of their values. */
export function permissionNames(mask: PermissionMask): PermissionName[] {
  return PERMISSION_NAMES.filter((name) => holds(mask, Permission[name]));
}

/** The mask of the given names. */
export function permissionMask(names: readonly PermissionName[]): PermissionMask {
  return names.reduce((mask, name) => mask | Permission[name], NO_PERMISSIONS);
}
