/** What nodes ask of each other. */
import { z } from 'zod';
import { AppError, ERROR_CODES, type ErrorCode } from '../errors.js';
import { channelId, sessionId } from '../ids.js';

const session = z.int().min(1).transform(sessionId);
const channel = z.int().min(1).transform(channelId);
const reason = z.enum([
  ...(['left', 'moved', 'disconnected', 'timed_out', 'kicked', 'banned', 'recording_forbidden', 'replaced'] as const),
  ...(['permission_lost', 'channel_deleted', 'user_deleted', 'organization_deleted'] as const),
  ...(['credentials_changed', 'shutting_down'] as const),
]);

export const clusterCallSchema = z.discriminatedUnion('type', [
  /** End a session of yours. */
  z.strictObject({ type: z.literal('close_session'), sessionId: session, reason, message: z.string() }),
  z.strictObject({
    type: z.literal('set_standing'),
    sessionId: session,
    change: z.strictObject({
      muted: z.boolean().optional(),
      deafened: z.boolean().optional(),
      prioritySpeaker: z.boolean().optional(),
    }),
  }),
  /** Bring a session of yours into a channel. */
  z.strictObject({ type: z.literal('bring'), sessionId: session, channelId: channel }),
  z.strictObject({
    type: z.literal('take_out'),
    sessionId: session,
    channelId: channel,
    reason,
    movedTo: channel.optional(),
  }),
  /** Tell how voice goes from and to sessions of yours. */
  z.strictObject({ type: z.literal('qualities'), sessionIds: z.array(session) }),
  /** Bring a text to sessions of yours: a whole message of the voice protocol, in base64. */
  z.strictObject({ type: z.literal('deliver_text'), sessionIds: z.array(session), message: z.string() }),
  /** Take no new sessions any more, and move those that you have; or take new ones again. */
  z.strictObject({ type: z.literal('set_draining'), draining: z.boolean() }),
]);

export type ClusterCall = z.infer<typeof clusterCallSchema>;

const params = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** A refusal or a fault, as one node tells it to another. */
export const toldErrorSchema = z.strictObject({
  code: z.string().refine((code): code is ErrorCode => Object.hasOwn(ERROR_CODES, code)),
  message: z.string(),
  path: z.array(z.string()),
  params,
  retryAfterMs: z.number().optional(),
});

export type ToldError = z.infer<typeof toldErrorSchema>;

export function toToldError({ code, message, path, params: values, retryAfterMs }: AppError): ToldError {
  return { code, message, path: [...path], params: { ...values }, retryAfterMs };
}

export function ofToldError({ code, message, path, params: values, retryAfterMs }: ToldError): AppError {
  return new AppError(code, message, { path, params: values, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}
