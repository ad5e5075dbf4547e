import { Client } from 'pg';
import type { DatabaseConnection } from '../database/database-connection.js';

/** As PostgreSQL should write and read texts, whatever it is set to: the same at both ends of a backup. */
const OPTIONS =
  '-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=postgres -c extra_float_digits=3 -c bytea_output=hex';

/** Runs `work` with a connection of its own, without a limit on the time that a statement may take. */
export async function withBackupClient<Result>(
  connection: DatabaseConnection,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ ...placeOf(connection), options: OPTIONS });
  // A connection that is lost is told to whoever waits for an answer.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function placeOf(connection: DatabaseConnection) {
  if (connection.kind === 'url') return { connectionString: connection.url };
  const { host, port, user, database } = connection;
  return { host, port, user, database };
}
