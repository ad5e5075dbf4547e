/** `parley admin sessions` and `parley admin kick`. */
import type { AdminApi } from './admin-api.js';
import { requireDone } from './admin-api.js';
import { AdminExit } from './admin-error.js';
import type { AdminOutput } from './admin-output.js';
import { type ApiSession, KICK_SESSIONS, SESSIONS } from './api-operations.js';
import { organizationsOf } from './organization-list.js';

/** The most sessions that the API takes in one call. */
const MAX_KICKED_AT_ONCE = 100;

const COLUMNS = {
  id: 'session',
  organization: 'organization',
  user: 'user',
  client: 'client',
  door: 'door',
  channels: 'channels',
  connectedAt: 'connected since',
  muted: 'muted',
  deafened: 'deafened',
};

/** Lists who is connected by voice, in one organization or in all that the login reaches. */
export async function listSessions(api: AdminApi, output: AdminOutput, organizationTag?: string): Promise<AdminExit> {
  const rows = [];
  for (const { id, tag } of await organizationsOf(api, organizationTag)) {
    for await (const session of sessionsOf(api, id)) rows.push({ organization: tag, ...toRow(session) });
  }
  output.list(COLUMNS, rows);
  return AdminExit.done;
}

/** Ends sessions, and tells what became of each. */
export async function kickSessions(
  api: AdminApi,
  output: AdminOutput,
  sessionIds: readonly string[],
  reason?: string,
): Promise<AdminExit> {
  const results = [];
  for (let start = 0; start < sessionIds.length; start += MAX_KICKED_AT_ONCE) {
    const input = { sessionIds: sessionIds.slice(start, start + MAX_KICKED_AT_ONCE), ...(reason && { reason }) };
    const { kickSessions: payload } = await api.ask(KICK_SESSIONS, { input });
    requireDone(payload);
    results.push(...payload.results);
  }
  output.list({ sessionId: 'session', done: 'ended', message: 'why not' }, results);
  return results.every(({ done }) => done) ? AdminExit.done : AdminExit.refused;
}

/** The sessions of one organization, page by page. */
export async function* sessionsOf(api: AdminApi, organizationId: string): AsyncGenerator<ApiSession> {
  for (let after: string | null = null; ; ) {
    const variables: { id: string; after: string | null } = { id: organizationId, after };
    const { organization } = await api.ask(SESSIONS, variables);
    const { nodes, pageInfo } = organization.sessions;
    yield* nodes;
    if (!pageInfo.hasNextPage) return;
    after = pageInfo.endCursor;
  }
}

function toRow({ id, user, clientName, door, channels, connectedAt, muted, deafened }: ApiSession) {
  const names = channels.nodes.map(({ name }) => name);
  return {
    id,
    user: user?.username ?? null,
    client: clientName,
    door,
    channels: channels.pageInfo.hasNextPage ? [...names, '…'] : names,
    connectedAt,
    muted,
    deafened,
  };
}
