import { invalidInput, notFound, unreachable } from '../errors.js';
import { type ChannelId, channelId, parseSerial, type SessionId, sessionId } from '../ids.js';
import type { Moderate } from '../protocol/generated/control_pb.js';
import type { RequestContext } from '../request-context.js';
import type { ModerationResult, ModerationService } from '../sessions/moderation.service.js';
import { toReason } from '../text-rules.js';

/** Does what a client asks as a moderator of another session. Throws the refusal; INVALID_INPUT for a request that asks for nothing, or whose reason cannot be accepted. */
export async function moderate(
  moderation: ModerationService,
  ctx: RequestContext,
  { sessionId: number, action, reason }: Moderate,
): Promise<void> {
  const because = reason === '' ? ctx : { ...ctx, reason: toReason(reason, ['reason']) };
  const [result] = await carryOut(moderation, because, toSessionId(number), action);
  if (result?.refusal) throw result.refusal;
}

function carryOut(
  moderation: ModerationService,
  ctx: RequestContext,
  id: SessionId,
  action: Moderate['action'],
): Promise<ModerationResult[]> {
  switch (action.case) {
    case 'muted':
      return moderation.setMuted(ctx, [id], action.value);
    case 'deafened':
      return moderation.setDeafened(ctx, [id], action.value);
    case 'prioritySpeaker':
      return moderation.setPrioritySpeaker(ctx, [id], action.value);
    case 'move': {
      const { fromChannelId: from, toChannelId: to } = action.value;
      return moderation.move(ctx, [id], { from: channelOrNone(from) ?? undefined, to: channelOrNone(to) });
    }
    case 'kick':
      return moderation.kick(ctx, [id]);
    case undefined:
      throw invalidInput(['action'], 'Say what is to be done.');
    default:
      return unreachable(action);
  }
}

function toSessionId(number: number): SessionId {
  if (number === 0) throw notFound('session');
  return sessionId(number);
}

function channelOrNone(number: number): ChannelId | null {
  if (number === 0) return null;
  const serial = parseSerial(String(number));
  if (serial === undefined) throw notFound('channel');
  return channelId(serial);
}
