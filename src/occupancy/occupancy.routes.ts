import { z } from 'zod';
import { channelId } from '../ids.js';
import { moment, serial, sessionNumber } from '../rest/field-types.js';
import { listQuery, pageRequestOf } from '../rest/list-query.js';
import { listOutcome } from '../rest/outcome.js';
import { defineRoute, NO_BODY, pathId, type Route } from '../rest/route.js';
import type { Session } from '../sessions/session.js';
import type { OccupancyService } from './occupancy.service.js';

export function occupancyRoutes({ occupancy }: { readonly occupancy: OccupancyService }): readonly Route[] {
  return [
    defineRoute({
      operationId: 'channelUsers',
      method: 'get',
      url: '/channels/:id/users',
      summary: 'Lists the users who are in a channel now, by id. Members of its organization, and platform admins.',
      refusals: ['NOT_FOUND'],
      path: z.strictObject({ id: pathId('channel', channelId) }),
      query: listQuery,
      body: NO_BODY,
      outcome: 'list',
      shown: channelUserBody,
      handle: async ({ ctx, path, query }) => {
        const page = pageRequestOf(query);
        return listOutcome(await occupancy.occupantsOf(ctx, path.id, page), page, ({ session }) => present(session));
      },
    }),
  ];
}

const channelUserBody = z
  .strictObject({
    id: serial.describe('The id of the user.'),
    org_id: serial,
    username: z.string(),
    session_id: sessionNumber,
    connected_at: moment,
    self_muted: z.boolean(),
    self_deafened: z.boolean(),
  })
  .meta({ title: 'ChannelUser' });

function present(session: Session): z.input<typeof channelUserBody> {
  return {
    id: session.userId,
    org_id: session.organizationId,
    username: session.username,
    session_id: session.id,
    connected_at: session.connectedAt.toISOString(),
    self_muted: session.selfMuted,
    self_deafened: session.selfDeafened,
  };
}
