import { z } from 'zod';
import type { ChannelService } from '../channels/channel.service.js';
import { type ChannelId, channelId } from '../ids.js';
import { type Page, type PageRequest, pageOf, pageStart } from '../pagination.js';
import type { RequestContext } from '../request-context.js';
import { moment, serial, sessionNumber } from '../rest/field-types.js';
import { listQuery, pageRequestOf } from '../rest/list-query.js';
import { listOutcome } from '../rest/outcome.js';
import { defineRoute, NO_BODY, pathId, type Route } from '../rest/route.js';
import type { Session } from '../sessions/session.js';
import type { SessionService } from '../sessions/session.service.js';
import type { OccupancyService } from './occupancy.service.js';

interface Services {
  readonly channels: ChannelService;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
}

export function occupancyRoutes(services: Services): readonly Route[] {
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
        return listOutcome(await usersIn(services, ctx, path.id, page), page, ({ session }) => present(session));
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

interface Occupant {
  readonly id: number;
  readonly session: Session;
}

/** A session that ends while this runs may still be a member, and is left out. */
async function usersIn(
  { channels, sessions, occupancy }: Services,
  ctx: RequestContext,
  id: ChannelId,
  page: PageRequest,
): Promise<Page<Occupant>> {
  const { organizationId } = await channels.get(ctx, id);
  const members = new Set((await occupancy.membersOf(ctx, organizationId, [id])).get(id));
  const { afterId, limit } = pageStart(page);
  const found = sessions
    .allOf(ctx, organizationId)
    .filter((session) => members.has(session.id) && session.userId > afterId)
    .sort((left, right) => left.userId - right.userId)
    .slice(0, limit);
  return pageOf(
    found.map((session) => ({ id: session.userId, session })),
    page,
  );
}
