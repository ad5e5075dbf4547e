import { z } from 'zod';
import { organizationId } from '../ids.js';
import { moment, serial, sessionNumber } from '../rest/field-types.js';
import { listQuery, pageRequestOf } from '../rest/list-query.js';
import { listOutcome } from '../rest/outcome.js';
import { defineRoute, NO_BODY, pathId, type Route } from '../rest/route.js';
import type { PresentSession } from './session.js';
import type { SessionService } from './session.service.js';
import type { VoiceFlow, VoiceQuality } from './voice-quality.js';
import type { VoiceQualityService } from './voice-quality.service.js';

export interface SessionRouteServices {
  readonly sessions: SessionService;
  readonly voiceQuality: VoiceQualityService;
}

export function sessionRoutes({ sessions, voiceQuality }: SessionRouteServices): readonly Route[] {
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
        const found = await sessions.list(ctx, path.id, page);
        const ids = found.items.map(({ id }) => id);
        const qualities = await voiceQuality.ofMany(ctx, ids);
        return listOutcome(found, page, (session) => present(session, qualities.get(session.id)));
      },
    }),
  ];
}

const flowBody = z
  .strictObject({
    expected: z.int().min(0).describe('Packets that were sent, as far as is known.'),
    lost: z.int().min(0).describe('Of these, those that did not arrive.'),
    jitter_ms: z.number().nullable().describe('RFC 3550, 6.4.1; null where nothing was measured.'),
  })
  .meta({ title: 'VoiceFlow' });

const qualityBody = z
  .strictObject({
    up: flowBody.describe('From the client to the server.'),
    down: flowBody.describe('From the server to the client, as the client says.'),
    client_round_trip_ms: z.number().nullable().describe('By UDP, as the client says.'),
    server_round_trip_ms: z.number().nullable().describe('As the server has measured it.'),
  })
  .meta({ title: 'VoiceQuality' });

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
    voice_quality: qualityBody.nullable().describe('How voice goes; null where it has sent none yet.'),
  })
  .meta({ title: 'Session' });

function present(session: PresentSession, quality: VoiceQuality | undefined): z.input<typeof sessionBody> {
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
    voice_quality: quality === undefined ? null : presentQuality(quality),
  };
}

function presentQuality(quality: VoiceQuality): z.input<typeof qualityBody> {
  return {
    up: presentFlow(quality.up),
    down: presentFlow(quality.down),
    client_round_trip_ms: quality.clientRoundTripMs,
    server_round_trip_ms: quality.serverRoundTripMs,
  };
}

function presentFlow({ expected, lost, jitterMs }: VoiceFlow): z.input<typeof flowBody> {
  return { expected, lost, jitter_ms: jitterMs };
}
