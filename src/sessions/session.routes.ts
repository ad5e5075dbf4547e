import { z } from 'zod';
import { organizationId } from '../ids.js';
import { moment, serial, sessionNumber } from '../rest/field-types.js';
import { listQuery, pageRequestOf } from '../rest/list-query.js';
import { listOutcome } from '../rest/outcome.js';
import { defineRoute, NO_BODY, pathId, type Route } from '../rest/route.js';
import type { PresentSession } from './session.js';
import type { SessionService } from './session.service.js';

export function sessionRoutes({ sessions }: { readonly sessions: SessionService }): readonly Route[] {
  return [
    defineRoute({
      operationId: 'sessions',
      method: 'get',
      url: '/orgs/:id/sessions',
      summary: 'Lists the voice sessions of an organization by id. Its members, and platform admins.',
      refusals: ['NOT_FOUND'],
      path: z.strictObject({ id: pathId('organization', organizationId) }),
      query: listQuery,
      body: NO_BODY,
      outcome: 'list',
      shown: sessionBody,
      handle: async ({ ctx, path, query }) => {
        const page = pageRequestOf(query);
        return listOutcome(await sessions.list(ctx, path.id, page), page, present);
      },
    }),
  ];
}

const sessionBody = z
  .strictObject({
    id: sessionNumber,
    org_id: serial,
    user_id: serial,
    username: z.string(),
    client_name: z.string().describe('Name and version of the client program, as it says itself.'),
    connected_at: moment,
    self_muted: z.boolean(),
    self_deafened: z.boolean(),
    recording: z.boolean().describe('It says that it records what it hears.'),
    muted: z.boolean().describe('A moderator wants that nobody hears it.'),
    deafened: z.boolean().describe('A moderator wants that it hears nobody.'),
    priority_speaker: z.boolean().describe('A moderator wants it to be heard above others.'),
    channel_ids: z.array(serial).describe('The channels that it has joined, in the order of joining.'),
    listening_channel_ids: z.array(serial).describe('The channels that it hears without being in them.'),
  })
  .meta({ title: 'Session' });

function present(session: PresentSession): z.input<typeof sessionBody> {
  return {
    id: session.id,
    org_id: session.organizationId,
    user_id: session.userId,
    username: session.username,
    client_name: session.clientName,
    connected_at: session.connectedAt.toISOString(),
    self_muted: session.selfMuted,
    self_deafened: session.selfDeafened,
    recording: session.recording,
    muted: session.muted,
    deafened: session.deafened,
    priority_speaker: session.prioritySpeaker,
    channel_ids: [...session.channelIds],
    listening_channel_ids: [...session.listeningChannelIds],
  };
}
