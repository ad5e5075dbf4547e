/** A session as it stands in Redis, and as nodes tell it to each other: names and values. Addresses and credentials are not among them. */
import { z } from 'zod';
import { channelId, organizationId, sessionId, userId } from '../ids.js';
import type { Session } from '../sessions/session.js';

/** Names and values, one after the other. */
export function fieldsOf(session: Session): readonly string[] {
  const flags = {
    self_muted: session.selfMuted,
    self_deafened: session.selfDeafened,
    muted: session.muted,
    deafened: session.deafened,
    priority_speaker: session.prioritySpeaker,
    recording: session.recording,
  };
  return [
    ...['session_id', String(session.id), 'user_id', String(session.userId), 'org_id', String(session.organizationId)],
    ...['username', session.username, 'door', session.door, 'client_name', session.clientName],
    ...['connected_at', session.connectedAt.toISOString(), 'listening', session.listeningChannelIds.join(' ')],
    ...Object.entries(flags).flatMap(([name, value]) => [name, value ? '1' : '0']),
  ];
}

const flag = z.enum(['0', '1']).transform((text) => text === '1');
const number = z
  .string()
  .regex(/^[1-9][0-9]*$/)
  .transform(Number);

const fieldsSchema = z.object({
  session_id: number.transform(sessionId),
  user_id: number.transform(userId),
  org_id: number.transform(organizationId),
  username: z.string(),
  door: z.enum(['voice', 'mumble', 'graphql', 'rest', 'internal']),
  client_name: z.string(),
  connected_at: z.iso.datetime().transform((text) => new Date(text)),
  listening: z.string().transform((text) =>
    text
      .split(' ')
      .filter((id) => id !== '')
      .map((id) => channelId(Number(id))),
  ),
  self_muted: flag,
  self_deafened: flag,
  muted: flag,
  deafened: flag,
  priority_speaker: flag,
  recording: flag,
});

/** The session of another node that these names and values tell of, or undefined where they are not whole. Its node alone knows its address and its credentials. */
export function sessionOfFields(fields: readonly string[]): Session | undefined {
  const record: Record<string, string> = {};
  for (let index = 0; index + 1 < fields.length; index += 2) record[fields[index] ?? ''] = fields[index + 1] ?? '';
  const read = fieldsSchema.safeParse(record);
  if (!read.success) return undefined;
  const told = read.data;
  return {
    id: told.session_id,
    userId: told.user_id,
    organizationId: told.org_id,
    username: told.username,
    door: told.door,
    clientName: told.client_name,
    connectedAt: told.connected_at,
    remoteAddress: null,
    credential: { tokenVersion: 0, loginId: null, apiKey: null },
    listeningChannelIds: told.listening,
    selfMuted: told.self_muted,
    selfDeafened: told.self_deafened,
    muted: told.muted,
    deafened: told.deafened,
    prioritySpeaker: told.priority_speaker,
    recording: told.recording,
  };
}
