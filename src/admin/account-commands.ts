/** `parley admin create-admin` and `parley admin reset-password`. */
import { ensureFirstAdministrator } from '../auth/first-administrator.js';
import type { UserId } from '../ids.js';
import { systemContext } from '../request-context.js';
import { toPassword } from '../text-rules.js';
import { type AdminApi, requireDone } from './admin-api.js';
import { AdminError, AdminExit } from './admin-error.js';
import type { AdminOutput } from './admin-output.js';
import { ME, SET_PASSWORD, USERS } from './api-operations.js';
import type { DirectServer } from './direct-server.js';
import { organizationsOf } from './organization-list.js';

/** Whose password is to be reset. */
export interface Account {
  readonly username: string;
  /** Left out for a user of the platform. */
  readonly organizationTag?: string | undefined;
}

/** A new password. One that was made up has to be shown. */
export interface NewPassword {
  readonly text: string;
  readonly isShown: boolean;
}

/** Makes the first platform admin. Throws AdminError where there is one already. */
export async function createAdministrator(
  server: DirectServer,
  output: AdminOutput,
  given: string | undefined,
): Promise<AdminExit> {
  const { hasher } = await server.services();
  const { username, password, isNew } = await ensureFirstAdministrator(server.database, hasher, given);
  if (!isNew) {
    throw new AdminError(
      AdminExit.refused,
      'There is a platform admin already: "parley admin reset-password" gives one a new password.',
    );
  }
  const shown = password === null ? '' : `, with the password ${password}`;
  output.result({ username, ...(password !== null && { password }) }, `The platform admin is "${username}"${shown}.`);
  return AdminExit.done;
}

/** Gives a user a new password through the API. All logins and sessions of the user end. */
export async function resetByApi(
  api: AdminApi,
  output: AdminOutput,
  account: Account,
  password: NewPassword,
): Promise<AdminExit> {
  const id = await idByApi(api, account);
  const { updateUser } = await api.ask(SET_PASSWORD, { input: { id, password: password.text } });
  requireDone(updateUser);
  return told(output, account, password);
}

/** As {@link resetByApi}, on the database of a server that is down. */
export async function resetOnDatabase(
  server: DirectServer,
  output: AdminOutput,
  account: Account,
  password: NewPassword,
): Promise<AdminExit> {
  const ctx = systemContext('reset-password');
  const { organizations, users } = await server.services();
  const { username, organizationTag } = account;
  const organization = organizationTag === undefined ? null : await organizations.getByTag(ctx, organizationTag);
  const [row] = await server.database.read(ctx, (em) =>
    em.execute<{ id: UserId }[]>('select id from users where org_id is not distinct from ? and username = ?', [
      organization?.id ?? null,
      username.normalize('NFC'),
    ]),
  );
  if (row === undefined) throw noSuchUser(account);
  await users.update(ctx, row.id, { password: toPassword(password.text, ['PARLEY_NEW_PASSWORD']) });
  return told(output, account, password);
}

async function idByApi(api: AdminApi, account: Account): Promise<string> {
  const username = account.username.normalize('NFC');
  if (account.organizationTag === undefined) {
    const { me } = await api.ask(ME, {});
    if (me.organization === null && me.username === username) return me.id;
    throw new AdminError(
      AdminExit.usage,
      'Of the users of the platform only your own is reached through the API: name --org, or stop the server and add --database.',
    );
  }
  const [organization] = await organizationsOf(api, account.organizationTag);
  for (let after: string | null = null; organization !== undefined; ) {
    const variables: { id: string; after: string | null } = { id: organization.id, after };
    const { users } = (await api.ask(USERS, variables)).organization;
    const found = users.nodes.find((user) => user.username === username);
    if (found !== undefined) return found.id;
    if (!users.pageInfo.hasNextPage) break;
    after = users.pageInfo.endCursor;
  }
  throw noSuchUser(account);
}

function told(output: AdminOutput, { username, organizationTag }: Account, { text, isShown }: NewPassword): AdminExit {
  const fields = { username, organization: organizationTag ?? null, ...(isShown && { password: text }) };
  output.result(fields, `"${username}" has a new password${isShown ? `: ${text}` : '.'}`);
  return AdminExit.done;
}

function noSuchUser({ username, organizationTag }: Account): AdminError {
  const where = organizationTag === undefined ? 'on the platform' : `in ${organizationTag}`;
  return new AdminError(AdminExit.refused, `There is no user "${username}" ${where}.`);
}
