/** Hands the run's PostgreSQL from the global setup to the global teardown, which share nothing but their process. */
import { rm } from 'node:fs/promises';
import type { TemporaryPostgres } from '../../scripts/temporary-postgres.js';

declare global {
  var parleyTestCluster: { readonly postgres: TemporaryPostgres; readonly file: string } | undefined;
}

export function rememberCluster(postgres: TemporaryPostgres, file: string): void {
  globalThis.parleyTestCluster = { postgres, file };
}

export async function stopCluster(): Promise<void> {
  const cluster = globalThis.parleyTestCluster;
  if (cluster === undefined) return;
  globalThis.parleyTestCluster = undefined;
  await rm(cluster.file, { force: true });
  await cluster.postgres.stop();
}
