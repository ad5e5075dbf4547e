import { z } from 'zod';
import { organizationId, roleId, userId } from '../ids.js';
import { moment, serial, version } from '../rest/field-types.js';
import { NOTHING } from '../rest/outcome.js';
import { defineRoute, NO_BODY, NO_PARAMETERS, pathId, type Route } from '../rest/route.js';
import type { Role } from '../roles/role.entity.js';
import type { RoleService } from '../roles/role.service.js';
import type { User } from './user.entity.js';
import type { UserService } from './user.service.js';

/** No organization has more roles than this to give at once. */
const MAX_ROLES = 100;

export function userRoutes({
  users,
  roles,
}: {
  readonly users: UserService;
  readonly roles: RoleService;
}): readonly Route[] {
  return [
    defineRoute({
      operationId: 'createUser',
      method: 'post',
      url: '/orgs/:id/users',
      summary: 'Adds a user to an organization. MANAGE.',
      refusals: ['PERMISSION_DENIED', 'NOT_FOUND', 'ALREADY_EXISTS', 'QUOTA_EXCEEDED'],
      path: organizationPath,
      query: NO_PARAMETERS,
      body: newUser,
      outcome: 'created',
      shown: userBody,
      handle: async ({ ctx, path, body: { username, password, email, roles: roleIds } }) => {
        const input = { username, password, email: email ?? undefined, roleIds: roleIds?.map(roleId) };
        const created = await users.create(ctx, path.id, input);
        const { id } = created;
        const held = (await roles.rolesOf(ctx, [id])).get(id) ?? [];
        const location = `/orgs/${path.id}/users/${id}`;
        return { kind: 'created', body: present(created, held), version: created.version, location };
      },
    }),
    defineRoute({
      operationId: 'deleteUser',
      method: 'delete',
      url: '/orgs/:id/users/:user_id',
      summary: 'Removes a user, whose sessions end. MANAGE. The owner cannot be removed.',
      refusals: ['PERMISSION_DENIED', 'NOT_FOUND', 'OWNER_REQUIRED', 'CONFLICT'],
      path: userPath,
      query: NO_PARAMETERS,
      body: NO_BODY,
      outcome: 'nothing',
      shown: NO_BODY,
      handle: async ({ ctx, path, expectedVersion }) => {
        await users.delete(ctx, path.user_id, { expectedVersion, within: path.id });
        return NOTHING;
      },
    }),
  ];
}

const id = pathId('organization', organizationId);
const organizationPath = z.strictObject({ id });
const userPath = z.strictObject({ id, user_id: pathId('user', userId) });

const newUser = z
  .strictObject({
    username: z.string().describe('1 to 64 characters, unlike the others in the organization.'),
    password: z.string().describe('8 to 256 characters. Never shown.'),
    email: z.string().nullish(),
    roles: z.array(serial).max(MAX_ROLES).optional().describe('The ids of its roles; left out, the role `member`.'),
  })
  .meta({ title: 'NewUser' });

const userBody = z
  .strictObject({
    id: serial,
    org_id: serial.nullable(),
    username: z.string(),
    email: z.string().nullable(),
    roles: z.array(serial).describe('The ids of its roles.'),
    created_at: moment,
    version,
  })
  .meta({ title: 'User' });

function present(user: User, roles: readonly Role[]): z.input<typeof userBody> {
  return {
    id: user.id,
    org_id: user.organizationId,
    username: user.username,
    email: user.email,
    roles: roles.map((role) => role.id),
    created_at: user.createdAt.toISOString(),
    version: user.version,
  };
}
