import type { ClientBody } from './control-stream.js';

/** What a moderator does to another session. */
export type ModerationAction =
  /** Let nobody hear it, or lift that. */
  | { readonly muted: boolean }
  /** Let it hear nobody, or lift that. */
  | { readonly deafened: boolean }
  /** Make it a priority speaker, or end that. */
  | { readonly prioritySpeaker: boolean }
  /** Take it out of one channel, or of all where `from` is left out, and put it into another one, or into none. */
  | { readonly move: { readonly from?: number; readonly to?: number } }
  /** End it. */
  | { readonly kick: true };

/** The request of a moderator. `reason` is for the audit log, and told to all where somebody is kicked; it may be empty. */
export function moderateRequest(sessionId: number, action: ModerationAction, reason: string): ClientBody {
  return { case: 'moderate', value: { sessionId, reason, action: toMessage(action) } };
}

type ModerateMessage = Extract<ClientBody, { case: 'moderate' }>['value'];

function toMessage(action: ModerationAction): NonNullable<ModerateMessage['action']> {
  if ('muted' in action) return { case: 'muted', value: action.muted };
  if ('deafened' in action) return { case: 'deafened', value: action.deafened };
  if ('prioritySpeaker' in action) return { case: 'prioritySpeaker', value: action.prioritySpeaker };
  if ('kick' in action) return { case: 'kick', value: {} };
  const { from = 0, to = 0 } = action.move;
  return { case: 'move', value: { fromChannelId: from, toChannelId: to } };
}
