import { create } from '@bufbuild/protobuf';
import { invalidInput, notFound } from '../errors.js';
import type { SessionId } from '../ids.js';
import { RemoveWhisperTargetSchema, SetWhisperTargetSchema } from '../protocol/generated/control_pb.js';
import type { MumbleVoiceTarget, MumbleVoiceTarget_Target } from '../protocol/generated/mumble_pb.js';
import type { RequestContext } from '../request-context.js';
import type { MumblePorts } from './mumble-ports.js';
import type { RequestTools } from './mumble-requests.js';
import type { MumbleSession } from './mumble-session.js';
import { ROOT_ID } from './organization-mirror.js';

/** Voice targets are numbered from 1 to this. */
const MAX_TARGET_ID = 30;

/**
 * Gives one of the client's voice targets a meaning, as a whisper target of its session; without any receiver it means
 * nothing any more. Throws as a request for a whisper target does, and NOT_FOUND for a group that is no role.
 */
export async function setVoiceTarget(
  ports: MumblePorts,
  session: MumbleSession,
  { requests }: Pick<RequestTools, 'requests'>,
  { id = 0, targets }: MumbleVoiceTarget,
  requestId: string,
  ctx: RequestContext,
): Promise<void> {
  if (id < 1 || id > MAX_TARGET_ID) throw invalidInput(['id'], `Voice targets are 1 to ${MAX_TARGET_ID}.`);
  const targetId = session.whisperTargets.get(id) ?? 0;
  // Nobody of before is to hear what is said to others from now on, also where those are refused.
  session.whisperTargets.delete(id);
  session.voice.updatePlaces();
  const userIds = targets.flatMap((target) => usersOf(session, target));
  const places: { channelId: number; subtree: boolean; roleId: number }[] = [];
  for (const target of targets) {
    const place = await placeOf(ports, session, target, ctx);
    if (place !== undefined) places.push(place);
  }
  if (userIds.length + places.length > 0) {
    const value = create(SetWhisperTargetSchema, { targetId, userIds, places });
    try {
      const answer = await requests.request({ case: 'setWhisperTarget', value }, requestId);
      if (answer.case === 'whisperTargetSet') session.whisperTargets.set(id, answer.value.targetId ?? 0);
      session.voice.updatePlaces();
      return;
    } catch (error) {
      await remove(session, requests, targetId, requestId);
      throw error;
    }
  }
  await remove(session, requests, targetId, requestId);
}

async function remove(
  session: MumbleSession,
  requests: RequestTools['requests'],
  targetId: number,
  requestId: string,
): Promise<void> {
  if (targetId === 0) return;
  session.voice.removeKey(targetId);
  const value = create(RemoveWhisperTargetSchema, { targetId });
  await requests.request({ case: 'removeWhisperTarget', value }, requestId);
}

/** Sessions that have ended meanwhile are nobody. */
function usersOf(session: MumbleSession, { session: sessions }: MumbleVoiceTarget_Target): number[] {
  return sessions.flatMap((id) => session.view()?.sessions.get(id as SessionId)?.session.userId ?? []);
}

/** Nobody is in the root itself: without the channels below it reaches nobody. Linked channels are none here. */
async function placeOf(
  { services }: MumblePorts,
  session: MumbleSession,
  { channelId, group = '', children = false }: MumbleVoiceTarget_Target,
  ctx: RequestContext,
): Promise<{ channelId: number; subtree: boolean; roleId: number } | undefined> {
  if (channelId === undefined || (channelId === ROOT_ID && !children)) return undefined;
  const roleId = group === '' ? 0 : await roleNamed(services, session, group, ctx);
  return { channelId, subtree: children, roleId };
}

async function roleNamed(
  { roles }: MumblePorts['services'],
  { organizationId }: MumbleSession,
  name: string,
  ctx: RequestContext,
): Promise<number> {
  const { items } = await roles.list(ctx, organizationId, { first: 100, after: null });
  const role = items.find((each) => each.name === name);
  if (role === undefined) throw notFound('role');
  return role.id;
}
