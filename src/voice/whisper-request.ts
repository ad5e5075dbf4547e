import { invalidInput, notFound } from '../errors.js';
import { channelId, isWhisperTarget, parseSerial, roleId, userId, type WhisperTargetId } from '../ids.js';
import type { SetWhisperTarget } from '../protocol/generated/control_pb.js';
import type { WhisperAudience } from './whispers.js';

/** How many users and places one whisper target names at most. */
export const MAX_AUDIENCE_PARTS = 64;

/** To whom a client wants to whisper. Throws INVALID_INPUT where it names nobody or too many, and NOT_FOUND for a number that nothing can have. */
export function whisperAudience({ userIds, places }: SetWhisperTarget): WhisperAudience {
  const parts = userIds.length + places.length;
  if (parts === 0 || parts > MAX_AUDIENCE_PARTS) {
    const params = { min: 1, max: MAX_AUDIENCE_PARTS };
    throw invalidInput(['userIds'], `Name 1 to ${MAX_AUDIENCE_PARTS} users and places.`, params);
  }
  return {
    userIds: [...new Set(userIds)].map((number) => userId(serialOf(number, 'user'))),
    places: places.map((place) => ({
      channelId: place.channelId === 0 ? null : channelId(serialOf(place.channelId, 'channel')),
      subtree: place.subtree,
      roleId: place.roleId === 0 ? null : roleId(serialOf(place.roleId, 'role')),
    })),
  };
}

/** A number from the network as a whisper target. Throws NOT_FOUND for one that no target can have. */
export function toWhisperTarget(number: number): WhisperTargetId {
  if (!isWhisperTarget(number)) throw notFound('whisper target');
  return number;
}

function serialOf(number: number, noun: string): number {
  const serial = parseSerial(String(number));
  if (serial === undefined) throw notFound(noun);
  return serial;
}
