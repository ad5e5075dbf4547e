/** `parley admin nodes` and `parley admin drain`. */
import { type AdminApi, requireDone } from './admin-api.js';
import { AdminError, AdminExit } from './admin-error.js';
import type { AdminOutput } from './admin-output.js';
import { CLUSTER_NODES, DRAIN_SERVER } from './api-operations.js';

const COLUMNS = {
  name: 'node',
  sessions: 'sessions',
  draining: 'draining',
  version: 'version',
  startedAt: 'running since',
  voiceHost: 'voice host',
  apiUrl: 'API',
  id: 'id',
};

/** Which node to drain, and whether it is to take sessions again instead. */
export interface Draining {
  /** The name or the id of a node; left out, the one that answers. */
  readonly node: string | undefined;
  readonly isUndone: boolean;
  readonly reason: string | undefined;
}

/** Lists the servers that run as one. */
export async function listNodes(api: AdminApi, output: AdminOutput): Promise<AdminExit> {
  const { clusterNodes } = await api.ask(CLUSTER_NODES, {});
  output.list(COLUMNS, clusterNodes);
  return AdminExit.done;
}

/** Moves the sessions of a node to others and lets no new ones in, or lets it take sessions again. */
export async function drainNode(
  api: AdminApi,
  output: AdminOutput,
  { node, isUndone, reason }: Draining,
): Promise<AdminExit> {
  const nodeId = node === undefined ? undefined : await idOf(api, node);
  const input = { draining: !isUndone, ...(nodeId && { nodeId }), ...(reason && { reason }) };
  const { drainServer } = await api.ask(DRAIN_SERVER, { input });
  requireDone(drainServer);
  const { name, sessions } = drainServer.node ?? { name: node ?? api.url, sessions: 0 };
  const sentence = isUndone
    ? `${name} takes sessions again.`
    : `${name} takes no new sessions, and moves its ${sessions} to other nodes.`;
  output.result({ node: name, draining: !isUndone, sessions }, sentence);
  return AdminExit.done;
}

async function idOf(api: AdminApi, node: string): Promise<string> {
  const { clusterNodes } = await api.ask(CLUSTER_NODES, {});
  const found = clusterNodes.find(({ id, name }) => id === node || name === node);
  if (found !== undefined) return found.id;
  const names = clusterNodes.map(({ name }) => name).join(', ');
  throw new AdminError(AdminExit.refused, `There is no node "${node}". The nodes are: ${names || 'none'}.`);
}
