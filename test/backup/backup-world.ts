/** Databases with something in every table, and what they hold as plain text. */
import type { Client } from 'pg';
import { BACKUP_TABLES, selectRows } from '../../src/backup/backup-tables.js';
import { certificateFingerprints } from '../../src/certificates/certificate-fingerprints.js';
import { userId } from '../../src/ids.js';
import {
  AssignRoleDocument,
  CreateApiKeyDocument,
  CreateBanDocument,
  CreateChannelDocument,
  CreateInvitationDocument,
  CreateUserDocument,
  SetChannelAclEntryDocument,
  UpdateChannelDocument,
} from '../graphql/generated/graphql.js';
import { connectTo } from '../support/test-database.js';
import { type BuiltOrganization, present, type TestServer } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';

/** An organization that has something in every table, with a channel that is older than the one above it. */
export async function buildFullOrganization(server: TestServer): Promise<BuiltOrganization> {
  const built = await server.buildOrganization();
  await fillOrganization(server, built);
  // A voice client brings one, and the API does not.
  const { certificates, users, system } = server.services;
  const [member] = await users.getMany(system, [userId(Number(built.memberId))]);
  await certificates.bind(server.services.as(present(member)), certificateFingerprints(Buffer.from(built.tag)));
  return built;
}

/** What of an organization {@link fillOrganization} has to know. */
type Filled = Pick<BuiltOrganization, 'id' | 'ownerToken' | 'memberId' | 'memberRoleId' | 'adminRoleId'>;

/** Puts something of everything into an organization. */
export async function fillOrganization(server: Pick<TestServer, 'execute'>, built: Filled): Promise<void> {
  const { id: organizationId, ownerToken: token, memberId, memberRoleId, adminRoleId } = built;
  const channel = async (name: string) => {
    const made = await server.execute(
      CreateChannelDocument,
      { input: { organizationId, name, password: 'x'.repeat(8) } },
      token,
    );
    return present(made.createChannel?.channel).id;
  };
  const older = await channel('Older, but below');
  const younger = await channel('Jünger 🎲, "above"');
  await server.execute(UpdateChannelDocument, { input: { id: older, parentId: younger } }, token);
  const entry = { channelId: older, roleId: memberRoleId, permissions: ['JOIN' as const] };
  await server.execute(SetChannelAclEntryDocument, { input: entry }, token);
  await server.execute(AssignRoleDocument, { input: { userId: memberId, roleId: adminRoleId } }, token);
  const invitation = { organizationId, roleIds: [memberRoleId, adminRoleId], channelId: older };
  await server.execute(CreateInvitationDocument, { input: invitation }, token);
  const user = { organizationId, username: 'Łukasz', password: PASSWORD, idempotencyKey: `of-${organizationId}` };
  const { createUser } = await server.execute(CreateUserDocument, { input: user }, token);
  await server.execute(CreateBanDocument, { input: { organizationId, userId: present(createUser?.user).id } }, token);
  await server.execute(CreateApiKeyDocument, { input: { name: 'a tool', scopes: ['READ' as const] } }, token);
}

/** All rows of all tables that a backup holds, as texts. */
export async function contentOf(client: Client): Promise<ReadonlyMap<string, readonly (string | null)[][]>> {
  const content = new Map<string, (string | null)[][]>();
  for (const table of BACKUP_TABLES) {
    const statement = selectRows(table, await columnsOf(client, table.name), false);
    content.set(table.name, (await client.query<(string | null)[]>({ text: statement, rowMode: 'array' })).rows);
  }
  return content;
}

/** The names of a table's columns, in their order. */
export async function columnsOf(client: Client, table: string): Promise<string[]> {
  const statement = `select column_name as name from information_schema.columns where table_name = $1 order by ordinal_position`;
  return (await client.query<{ name: string }>(statement, [table])).rows.map(({ name }) => name);
}

/** A connection to the database of a server. */
export function clientOf({ services }: TestServer): Promise<Client> {
  return connectTo(services.test.connection);
}
