/** How the permissions of both worlds map: docs/MUMBLE.md has the table. Pure. */
import { holds, NO_PERMISSIONS, Permission, type PermissionMask } from '../permissions/bits.js';

/** The bits of Mumble that mean something here. */
export const MumblePermission = {
  write: 0x1,
  traverse: 0x2,
  enter: 0x4,
  speak: 0x8,
  muteDeafen: 0x10,
  move: 0x20,
  makeChannel: 0x40,
  linkChannel: 0x80,
  whisper: 0x100,
  textMessage: 0x200,
  makeTemporaryChannel: 0x400,
  listen: 0x800,
  kick: 0x1_0000,
  ban: 0x2_0000,
  register: 0x4_0000,
  selfRegister: 0x8_0000,
} as const;

const M = MumblePermission;
const JOINING = M.traverse | M.enter | M.textMessage | M.listen;
const MANAGING = M.write | M.muteDeafen | M.move | M.makeChannel;

/** What somebody with these permissions may do in a channel. */
export function channelBits(mask: PermissionMask): number {
  return (
    (holds(mask, Permission.JOIN) ? JOINING : 0) |
    (holds(mask, Permission.SPEAK) ? M.speak : 0) |
    (holds(mask, Permission.WHISPER) ? M.whisper : 0) |
    (holds(mask, Permission.MANAGE) ? MANAGING | M.traverse : 0)
  );
}

/** What somebody may do in the root, who has these permissions where no ACL governs: everybody may be there, and nobody is heard. */
export function rootBits(mask: PermissionMask): number {
  return (
    M.traverse |
    M.enter |
    (holds(mask, Permission.WHISPER) ? M.whisper : 0) |
    (holds(mask, Permission.MANAGE) ? MANAGING | M.kick | M.ban | M.register : 0)
  );
}

/** The permissions that an entry of an ACL grants, or undefined where it grants what has no meaning here, or only a part of what belongs together. */
export function permissionsGranted(bits: number): PermissionMask | undefined {
  let mask: PermissionMask = NO_PERMISSIONS;
  if ((bits & M.enter) !== 0) mask |= Permission.JOIN;
  if ((bits & M.speak) !== 0) mask |= Permission.SPEAK;
  if ((bits & M.whisper) !== 0) mask |= Permission.WHISPER;
  if ((bits & M.write) !== 0) mask |= Permission.MANAGE;
  // What the client adds by itself to Write, and what it shows of a permission but cannot be given without it.
  return (bits & ~(channelBits(mask) | JOINING)) === 0 ? mask : undefined;
}
