/** Permissions as GraphQL shows them: a list of names. The enum's internal values are the bits. */
import { registerEnumType } from 'type-graphql';
import { NO_PERMISSIONS, Permission, type PermissionMask, permissionNames } from '../permissions/bits.js';

/** One bit of a mask: the internal value of the GraphQL enum `Permission`. */
export type PermissionBit = (typeof Permission)[keyof typeof Permission];

registerEnumType(Permission, {
  name: 'Permission',
  description: 'What a role may do.',
  valuesConfig: {
    JOIN: { description: 'Enter a channel and hear it.' },
    SPEAK: { description: 'Speak to a joined channel.' },
    WHISPER: { description: 'Whisper to users or channels without joining them.' },
    MANAGE: {
      description:
        'On a role: everything in the organization. In the ACL of a channel: manage that channel and everything below it.',
    },
  },
});

/** The type of a field or argument: `@Field(() => [PermissionType])`. */
export const PermissionType = Permission;

/** The bits of a mask, smallest first. */
export function toPermissionBits(mask: PermissionMask): PermissionBit[] {
  return permissionNames(mask).map((name) => Permission[name]);
}

/** The mask of a list of bits; the same bit twice counts once. */
export function toPermissionMask(bits: readonly PermissionBit[]): PermissionMask {
  return bits.reduce<PermissionMask>((mask, bit) => mask | bit, NO_PERMISSIONS);
}
