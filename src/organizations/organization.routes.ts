import { z } from 'zod';
import { requireVersion } from '../expected-version.js';
import { organizationId, userId } from '../ids.js';
import { moment, serial, version } from '../rest/field-types.js';
import { NOTHING } from '../rest/outcome.js';
import { defineRoute, NO_BODY, NO_PARAMETERS, pathId, type Route } from '../rest/route.js';
import { DEFAULT_MAX_CHANNELS, DEFAULT_MAX_USERS, type Organization } from './organization.entity.js';
import type { OrganizationService } from './organization.service.js';

export function organizationRoutes({
  organizations,
}: {
  readonly organizations: OrganizationService;
}): readonly Route[] {
  return [
    defineRoute({
      operationId: 'createOrganization',
      method: 'post',
      url: '/orgs',
      summary: 'Makes an organization with the roles `admin` and `member` and the channel `Lobby`. Platform admins.',
      refusals: ['PERMISSION_DENIED', 'ALREADY_EXISTS'],
      path: NO_PARAMETERS,
      query: NO_PARAMETERS,
      body: newOrganization,
      outcome: 'created',
      shown: organizationBody,
      handle: async ({ ctx, body: { max_users: maxUsers, max_channels: maxChannels, ...rest } }) => {
        const created = await organizations.create(ctx, { ...rest, maxUsers, maxChannels });
        const { id } = created;
        return { kind: 'created', body: present(created), version: created.version, location: `/orgs/${id}` };
      },
    }),
    defineRoute({
      operationId: 'organization',
      method: 'get',
      url: '/orgs/:id',
      summary: 'Shows an organization. Its members, and platform admins.',
      refusals: ['NOT_FOUND', 'CONFLICT'],
      path: organizationPath,
      query: NO_PARAMETERS,
      body: NO_BODY,
      outcome: 'object',
      shown: organizationBody,
      handle: async ({ ctx, path, expectedVersion }) => {
        const found = await organizations.get(ctx, path.id);
        requireVersion(found, expectedVersion);
        return { kind: 'object', body: present(found), version: found.version };
      },
    }),
    defineRoute({
      operationId: 'updateOrganization',
      method: 'put',
      url: '/orgs/:id',
      summary: 'Changes the fields that are given. MANAGE; for `owner_id` the owner; for the maxima platform admins.',
      refusals: ['PERMISSION_DENIED', 'NOT_FOUND', 'ALREADY_EXISTS', 'CONFLICT'],
      path: organizationPath,
      query: NO_PARAMETERS,
      body: organizationChange,
      outcome: 'object',
      shown: organizationBody,
      handle: async ({ ctx, path, body, expectedVersion }) => {
        const {
          name,
          tag,
          max_users: maxUsers,
          max_channels: maxChannels,
          owner_id,
          recording_allowed: recordingAllowed,
        } = body;
        const ownerId = owner_id === undefined ? undefined : userId(owner_id);
        const change = { name, tag, maxUsers, maxChannels, ownerId, recordingAllowed, expectedVersion };
        const changed = await organizations.update(ctx, path.id, change);
        return { kind: 'object', body: present(changed), version: changed.version };
      },
    }),
    defineRoute({
      operationId: 'deleteOrganization',
      method: 'delete',
      url: '/orgs/:id',
      summary: 'Deletes an organization and all that is in it; its sessions end. The owner, and platform admins.',
      refusals: ['PERMISSION_DENIED', 'NOT_FOUND', 'CONFLICT'],
      path: organizationPath,
      query: NO_PARAMETERS,
      body: NO_BODY,
      outcome: 'nothing',
      shown: NO_BODY,
      handle: async ({ ctx, path, expectedVersion }) => {
        await organizations.delete(ctx, path.id, expectedVersion);
        return NOTHING;
      },
    }),
  ];
}

const organizationPath = z.strictObject({ id: pathId('organization', organizationId) });

const name = z.string().describe('1 to 255 characters.');
const tag = z.string().describe('2 to 16 letters, digits, `-` or `_`; unique on the server, in any case.');
const maxUsers = z.int().describe("At least 1, at most the server's limit.");
const maxChannels = z.int().describe("At least 1, at most the server's limit. `Lobby` counts.");

const newOrganization = z
  .strictObject({
    name,
    tag,
    max_users: maxUsers.optional(),
    max_channels: maxChannels.optional(),
    owner: z
      .strictObject({ username: z.string(), password: z.string(), email: z.string().optional() })
      .optional()
      .describe('The first user, who becomes the owner.'),
  })
  .meta({ title: 'NewOrganization' });

const organizationChange = z
  .strictObject({
    name: name.optional(),
    tag: tag.optional(),
    max_users: maxUsers.optional(),
    max_channels: maxChannels.optional(),
    owner_id: serial.optional().describe('A user of the organization.'),
    recording_allowed: z.boolean().optional().describe('With false, sessions that record end.'),
  })
  .meta({ title: 'OrganizationChange' });

const organizationBody = z
  .strictObject({
    id: serial,
    name: z.string(),
    tag: z.string(),
    owner_id: serial.nullable().describe('Null while nobody owns it.'),
    created_at: moment,
    max_users: z.int().min(1),
    max_channels: z.int().min(1),
    recording_allowed: z.boolean().describe('Whether voice clients may record.'),
    version,
  })
  .meta({ title: 'Organization' });

function present(organization: Organization): z.input<typeof organizationBody> {
  return {
    id: organization.id,
    name: organization.name,
    tag: organization.tag,
    owner_id: organization.ownerId,
    created_at: organization.createdAt.toISOString(),
    max_users: organization.maxUsers ?? DEFAULT_MAX_USERS,
    max_channels: organization.maxChannels ?? DEFAULT_MAX_CHANNELS,
    recording_allowed: organization.recordingAllowed,
    version: organization.version,
  };
}
