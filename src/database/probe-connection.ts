import { Client } from 'pg';
import type { DatabaseConnection } from './database-connection.js';

/** Asks PostgreSQL for a sign of life over a connection of its own. Rejects with what was in the way, within `timeoutMs` for each of the two steps. */
export async function probeConnection(connection: DatabaseConnection, timeoutMs: number): Promise<void> {
  const limits = { connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs };
  const client = new Client({ ...placeOf(connection), ...limits });
  // Told by what is awaited here.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    client.connection.stream.destroy();
  }
}

function placeOf(connection: DatabaseConnection) {
  if (connection.kind === 'url') return { connectionString: connection.url };
  const { host, port, user, database } = connection;
  return { host, port, user, database };
}
