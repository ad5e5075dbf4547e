/** `parley admin status`: what the server says, or what is in the database of one that is down. */
import { systemContext } from '../request-context.js';
import { VERSION } from '../version.js';
import type { AdminApi } from './admin-api.js';
import { AdminExit } from './admin-error.js';
import type { AdminOutput } from './admin-output.js';
import type { DirectServer } from './direct-server.js';
import { organizationsOf } from './organization-list.js';
import { sessionsOf } from './session-commands.js';

/** Ends with 1 where the server is not ready. */
export async function statusByApi(api: AdminApi, output: AdminOutput): Promise<AdminExit> {
  const { status, checks } = await api.readiness();
  const organizations = [];
  for (const { id, tag, name } of await organizationsOf(api)) {
    let sessions = 0;
    for await (const _session of sessionsOf(api, id)) sessions += 1;
    organizations.push({ tag, name, sessions });
  }
  const total = organizations.reduce((sum, { sessions }) => sum + sessions, 0);
  const lines = [
    `${api.url}: ${status}`,
    ...Object.entries(checks).map(([check, state]) => `  ${check}: ${state}`),
    `organizations: ${organizations.length}`,
    `voice sessions: ${total}`,
    ...organizations.filter(({ sessions }) => sessions > 0).map(({ tag, sessions }) => `  ${tag}: ${sessions}`),
  ];
  output.result({ url: api.url, status, checks, sessions: total, organizations }, lines.join('\n'));
  return status === 'ready' ? AdminExit.done : AdminExit.refused;
}

interface Counts {
  readonly organizations: number;
  readonly users: number;
  readonly channels: number;
  readonly audit_entries: number;
}

const COUNTS_STATEMENT = `select (select count(*)::int from organizations) as organizations, (select count(*)::int from users) as users,
  (select count(*)::int from channels) as channels, (select count(*)::int from audit_entries) as audit_entries`;

export async function statusOnDatabase({ database, config }: DirectServer, output: AdminOutput): Promise<AdminExit> {
  const { applied, pending } = await database.migrations();
  const [counts] =
    pending.length > 0
      ? []
      : await database.read(systemContext('status'), (em) => em.execute<Counts[]>(COUNTS_STATEMENT));
  const where = config.database.url === null ? `embedded, in ${config.data_dir}` : 'external';
  const lines = [
    'The server is down.',
    `version: ${VERSION}`,
    `database: ${where}`,
    `migrations: ${applied.length} applied, ${pending.length} missing`,
    ...Object.entries(counts ?? {}).map(([name, count]) => `${name.replace('_', ' ')}: ${count}`),
  ];
  const fields = { status: 'down', version: VERSION, database: where, migrations: { applied, pending } };
  output.result({ ...fields, ...(counts && { counts }) }, lines.join('\n'));
  return AdminExit.done;
}
