import { describe, expect, it } from '@jest/globals';
import {
  ALL_PERMISSIONS,
  holds,
  isPermissionMask,
  MEMBER_PERMISSIONS,
  PERMISSION_NAMES,
  Permission,
  permissionMask,
  permissionNames,
} from './bits.js';

const MASKS = Array.from({ length: 16 }, (_, mask) => mask);

describe('permission masks', () => {
  it('have the bits that are in the database', () => {
    expect(Permission).toEqual({ JOIN: 1, SPEAK: 2, WHISPER: 4, MANAGE: 8 });
    expect(permissionMask(PERMISSION_NAMES)).toBe(ALL_PERMISSIONS);
    expect(permissionNames(MEMBER_PERMISSIONS)).toEqual(['JOIN', 'SPEAK', 'WHISPER']);
  });

  it('come back from their names, in any order and named twice', () => {
    for (const mask of MASKS) {
      const names = permissionNames(mask);
      expect(permissionMask(names)).toBe(mask);
      expect(permissionMask([...names, ...names].reverse())).toBe(mask);
    }
  });

  it('are the integers from 0 to 15 and nothing else', () => {
    expect(MASKS.every(isPermissionMask)).toBe(true);
    expect([-1, 16, 0.5, Number.NaN, Number.POSITIVE_INFINITY].some(isPermissionMask)).toBe(false);
  });

  it('hold what is wanted where no wanted bit is missing', () => {
    for (const mask of MASKS) {
      for (const wanted of MASKS) {
        expect(holds(mask, wanted)).toBe(permissionNames(wanted).every((name) => permissionNames(mask).includes(name)));
      }
    }
  });
});
