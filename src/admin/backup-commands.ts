/** `parley backup` and `parley restore`. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { withBackupClient } from '../backup/backup-client.js';
import { type BackupContent, inspectBackup } from '../backup/backup-content.js';
import { BackupError } from '../backup/backup-error.js';
import type { BackupHeader } from '../backup/backup-format.js';
import { writeBackup } from '../backup/backup-writer.js';
import { requireRoomFor, restoreBackup } from '../backup/restore.js';
import { readSecretFiles, requireNoOtherSecrets, writeSecretFiles } from '../backup/secret-files.js';
import { knownMigrations } from '../database/migration-state.js';
import { VERSION } from '../version.js';
import { AdminExit } from './admin-error.js';
import type { AdminOutput } from './admin-output.js';
import { type DirectServer, type DirectServerOptions, readConfig, withDirectServer } from './direct-server.js';

type Place = Omit<DirectServerOptions, 'whenOlder' | 'whenRunning'>;

export interface BackupOptions {
  readonly file: string;
  readonly organizationTag: string | undefined;
  /** Told on stderr. */
  readonly warn: (line: string) => void;
}

/** Writes a backup; a server may run meanwhile. */
export async function backUp(
  place: Place,
  { file, organizationTag, warn }: BackupOptions,
  output: AdminOutput,
): Promise<AdminExit> {
  const header = await withDirectServer({ ...place, whenOlder: 'refuse', whenRunning: 'share' }, async (server) => {
    const secrets = organizationTag === undefined ? await readSecretFiles(server.config.data_dir) : new Map();
    const request = { file, organizationTag, secrets, parleyVersion: VERSION, now: new Date() };
    return withBackupClient(server.connection, (client) => writeBackup(client, request));
  });
  warn(
    `${file} holds the hashes of passwords${organizationTag === undefined ? ' and the keys of the server' : ''}: keep it as you keep the data folder.`,
  );
  tell(output, header, `${file} holds ${scopeOf(header)}`, { file });
  return AdminExit.done;
}

/** Restores a backup, or with `dryRun` looks whether that can be done, and changes nothing. */
export async function restore(place: Place, file: string, dryRun: boolean, output: AdminOutput): Promise<AdminExit> {
  const content = await inspectBackup(file);
  const { header } = content;
  const pending = await requireKnownSchema(file, header);
  const { data_dir: folder, database } = readConfig(place);
  if (header.organization === null) await requireNoOtherSecrets(folder, content.secrets);
  const isUntouched = database.url === null && !(await exists(join(folder, 'postgres', 'cluster')));
  if (dryRun && isUntouched) {
    if (header.organization !== null)
      throw new BackupError('refused', 'There is no database yet to restore an organization into.');
  } else if (header.organization === null) {
    await withDirectServer({ ...place, whenOlder: 'keep' }, (server) =>
      restoreAll(server, file, content, pending, dryRun),
    );
  } else {
    const sharing = { ...place, whenOlder: 'refuse', whenRunning: 'share' } as const;
    await withDirectServer(sharing, (server) => restoreOrganization(server, file, content, dryRun));
  }
  tell(output, header, `${dryRun ? 'Could restore' : 'Restored'} ${scopeOf(header)}`, { file, restored: !dryRun });
  return AdminExit.done;
}

async function restoreAll(
  { database, connection, config }: DirectServer,
  file: string,
  content: BackupContent,
  pending: readonly string[],
  dryRun: boolean,
): Promise<void> {
  const { applied } = await database.migrations();
  const last = content.header.migrations.at(-1);
  if (applied.some((name) => pending.includes(name))) {
    throw new BackupError(
      'refused',
      'The database is of a newer version than the backup: restore into one that was never used.',
    );
  }
  if (dryRun) {
    if (applied.length > 0) await withBackupClient(connection, (client) => requireRoomFor(client, content));
    return;
  }
  // The tables as they were when the backup was made; then on to what they are today.
  await database.migrate(last);
  let undo = async () => {};
  const writeSecrets = async () => {
    undo = await writeSecretFiles(config.data_dir, content.secrets);
  };
  try {
    await withBackupClient(connection, (client) => restoreBackup(client, file, content, writeSecrets));
  } catch (error) {
    await undo();
    throw error;
  }
  await database.migrate();
}

async function restoreOrganization(
  { connection }: DirectServer,
  file: string,
  content: BackupContent,
  dryRun: boolean,
): Promise<void> {
  const known = await knownMigrations();
  if (content.header.migrations.length < known.length) {
    throw new BackupError(
      'refused',
      `${file} is of an older version (${content.header.parleyVersion}): update the other server first, and back up again.`,
    );
  }
  await withBackupClient(connection, (client) =>
    dryRun ? requireRoomFor(client, content) : restoreBackup(client, file, content, async () => {}),
  );
}

/** The migrations that the backup lacks. Throws BackupError where it has some that this version does not know. */
async function requireKnownSchema(
  file: string,
  { migrations, parleyVersion }: BackupHeader,
): Promise<readonly string[]> {
  const known = await knownMigrations();
  if (migrations.some((name) => !known.includes(name))) {
    throw new BackupError(
      'unusable',
      `${file} was made by a newer Parley (${parleyVersion}): restore it with that one.`,
    );
  }
  return known.filter((name) => !migrations.includes(name));
}

function tell(
  output: AdminOutput,
  header: BackupHeader,
  sentence: string,
  fields: Readonly<Record<string, unknown>>,
): void {
  const { createdAt, parleyVersion, organization, counts } = header;
  const rows = Object.entries(counts).filter(([, count]) => count > 0);
  const lines = rows.map(([table, count]) => `  ${table.replace('_', ' ')}: ${count}`);
  output.result({ ...fields, createdAt, parleyVersion, organization, counts }, [`${sentence}:`, ...lines].join('\n'));
}

function scopeOf({ organization }: BackupHeader): string {
  return organization === null ? 'everything' : `the organization ${organization.tag}`;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
