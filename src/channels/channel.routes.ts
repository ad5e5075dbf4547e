import { z } from 'zod';
import { channelId, organizationId } from '../ids.js';
import { moment, serial, version } from '../rest/field-types.js';
import { listQuery, pageRequestOf } from '../rest/list-query.js';
import { listOutcome, NOTHING } from '../rest/outcome.js';
import { defineRoute, NO_BODY, NO_PARAMETERS, pathId, type Route } from '../rest/route.js';
import type { Channel } from './channel.entity.js';
import type { ChannelService } from './channel.service.js';

export function channelRoutes({ channels }: { readonly channels: ChannelService }): readonly Route[] {
  return [
    defineRoute({
      operationId: 'createChannel',
      method: 'post',
      url: '/orgs/:id/channels',
      summary: 'Makes a channel. MANAGE in the parent, for a channel at the root in the organization.',
      refusals: ['PERMISSION_DENIED', 'NOT_FOUND', 'ALREADY_EXISTS', 'QUOTA_EXCEEDED'],
      path: organizationPath,
      query: NO_PARAMETERS,
      body: newChannel,
      outcome: 'created',
      shown: channelBody,
      handle: async ({ ctx, path, body }) => {
        const { name, position, max_users: maxUsers } = body;
        const created = await channels.create(ctx, path.id, {
          ...{ name, position, maxUsers },
          parentId: toChannelId(body.parent_id) ?? undefined,
          description: body.description ?? undefined,
          password: body.password ?? undefined,
        });
        const location = `/channels/${created.id}`;
        return { kind: 'created', body: present(created), version: created.version, location };
      },
    }),
    defineRoute({
      operationId: 'channels',
      method: 'get',
      url: '/orgs/:id/channels',
      summary:
        'Lists the channels of an organization by id; `parent_id` makes them a tree. Its members, and platform admins.',
      refusals: ['NOT_FOUND'],
      path: organizationPath,
      query: listQuery,
      body: NO_BODY,
      outcome: 'list',
      shown: channelBody,
      handle: async ({ ctx, path, query }) => {
        const page = pageRequestOf(query);
        return listOutcome(await channels.list(ctx, path.id, page), page, present);
      },
    }),
    defineRoute({
      operationId: 'updateChannel',
      method: 'put',
      url: '/channels/:id',
      summary: 'Changes the fields that are given. MANAGE in the channel, for a move in the new parent too.',
      refusals: ['PERMISSION_DENIED', 'NOT_FOUND', 'ALREADY_EXISTS', 'CONFLICT'],
      path: channelPath,
      query: NO_PARAMETERS,
      body: channelChange,
      outcome: 'object',
      shown: channelBody,
      handle: async ({ ctx, path, body, expectedVersion }) => {
        const { parent_id, max_users: maxUsers, ...rest } = body;
        const change = { ...rest, parentId: toChannelId(parent_id), maxUsers, expectedVersion };
        const changed = await channels.update(ctx, path.id, change);
        return { kind: 'object', body: present(changed), version: changed.version };
      },
    }),
    defineRoute({
      operationId: 'deleteChannel',
      method: 'delete',
      url: '/channels/:id',
      summary: 'Deletes a channel; who is in it is put out. MANAGE in the channel.',
      refusals: ['PERMISSION_DENIED', 'NOT_FOUND', 'HAS_CHILDREN', 'CONFLICT'],
      path: channelPath,
      query: deletionQuery,
      body: NO_BODY,
      outcome: 'nothing',
      shown: NO_BODY,
      handle: async ({ ctx, path, query, expectedVersion }) => {
        await channels.delete(ctx, path.id, { recursive: query.recursive ?? false, expectedVersion });
        return NOTHING;
      },
    }),
  ];
}

const organizationPath = z.strictObject({ id: pathId('organization', organizationId) });
const channelPath = z.strictObject({ id: pathId('channel', channelId) });

const deletionQuery = z.strictObject({
  recursive: z
    .stringbool({ truthy: ['true'], falsy: ['false'], case: 'sensitive' })
    .optional()
    .describe('Delete the channels below it too.'),
});

const name = z.string().describe('1 to 255 characters, unlike its siblings.');
const parentId = serial.nullish().describe('Null at the root.');
const description = z.string().nullish();
const password = z.string().nullish().describe('Null for none. Never shown.');
const maxUsers = z.int().optional().describe("0 means the server's limit.");
const position = z.int().optional().describe('The order among siblings, smallest first.');

const newChannel = z
  .strictObject({ name, parent_id: parentId, description, password, max_users: maxUsers, position })
  .meta({ title: 'NewChannel' });

const channelChange = newChannel.extend({ name: name.optional() }).meta({ title: 'ChannelChange' });

const channelBody = z
  .strictObject({
    id: serial,
    org_id: serial,
    parent_id: serial.nullable().describe('Null at the root.'),
    name: z.string(),
    description: z.string().nullable(),
    has_password: z.boolean(),
    max_users: z.int().min(0).describe("0 means the server's limit."),
    position: z.int(),
    created_at: moment,
    version,
  })
  .meta({ title: 'Channel' });

function present(channel: Channel): z.input<typeof channelBody> {
  return {
    id: channel.id,
    org_id: channel.organizationId,
    parent_id: channel.parentId,
    name: channel.name,
    description: channel.description,
    has_password: channel.passwordHash !== null,
    max_users: channel.maxUsers ?? 0,
    position: channel.position,
    created_at: channel.createdAt.toISOString(),
    version: channel.version,
  };
}

function toChannelId<Absent extends null | undefined>(id: number | Absent) {
  return typeof id === 'number' ? channelId(id) : id;
}
