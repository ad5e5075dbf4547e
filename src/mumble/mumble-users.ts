/** The users of an organization in the dialog of Mumble's clients. */
import { invalidInput } from '../errors.js';
import { everyItem } from '../every-item.js';
import { type OrganizationId, userId } from '../ids.js';
import { EMPTY_PAGE, type Page, type PageRequest } from '../pagination.js';
import { denied } from '../permissions/permission.service.js';
import type { MumbleUserList } from '../protocol/generated/mumble_pb.js';
import type { RequestContext } from '../request-context.js';
import type { User } from '../users/user.entity.js';
import { encodeMessage } from './mumble-messages.js';
import { MumblePermission } from './mumble-permissions.js';
import type { MumblePorts } from './mumble-ports.js';
import type { MumbleSession } from './mumble-session.js';
import { ROOT_ID } from './organization-mirror.js';

/** Users that are changed in one go. */
const MAX_CHANGES = 64;
const MAX_SERIAL = 2 ** 31 - 1;

/** A page of an organization's users. */
export async function usersOf(
  { users }: MumblePorts['services'],
  ctx: RequestContext,
  organizationId: OrganizationId,
  page: PageRequest,
): Promise<Page<User>> {
  return (await users.listOfMany(ctx, [organizationId], page)).get(organizationId) ?? EMPTY_PAGE;
}

/** Answers with all users where none are named; otherwise renames those with a new name and removes those without one. */
export async function onUserList(
  { services }: MumblePorts,
  session: MumbleSession,
  { users: named }: MumbleUserList,
  ctx: RequestContext,
): Promise<Uint8Array> {
  if ((session.bitsIn(ROOT_ID) & MumblePermission.register) === 0) {
    throw denied('This needs MANAGE in the organization.', 'MANAGE');
  }
  const { organizationId } = session;
  if (named.length === 0) {
    const all = await everyItem((page) => usersOf(services, ctx, organizationId, page));
    return encodeMessage('userList', { users: all.map(({ id, username }) => ({ userId: id, name: username })) });
  }
  if (named.length > MAX_CHANGES) {
    throw invalidInput(['users'], `Change at most ${MAX_CHANGES} users in one go.`, { max: MAX_CHANGES });
  }
  for (const { userId: number = 0, name } of named) {
    const isId = number > 0 && number <= MAX_SERIAL;
    if (!isId) throw invalidInput(['users'], 'There is no such user.');
    if (name === undefined) await services.users.delete(ctx, userId(number), { within: organizationId });
    else await services.users.update(ctx, userId(number), { username: name });
  }
  return new Uint8Array();
}
