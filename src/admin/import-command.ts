/** `parley import mumble`. */

import { type ImportReport, MumbleImport } from '../import-mumble/mumble-import.js';
import { readMurmurDatabase } from '../import-mumble/murmur-database.js';
import type { AdminExit } from './admin-error.js';
import type { AdminOutput } from './admin-output.js';
import type { DirectServer } from './direct-server.js';

export interface ImportOptions {
  readonly file: string;
  readonly organizationTag: string;
  /** Which of the virtual servers in the file; undefined for the only one. */
  readonly serverId: number | undefined;
  readonly isDryRun: boolean;
}

/** Imports, or with `isDryRun` only tells what an import would do. */
export async function importMumble(
  server: DirectServer,
  output: AdminOutput,
  { file, organizationTag, serverId, isDryRun }: ImportOptions,
): Promise<AdminExit> {
  const data = readMurmurDatabase(file, serverId);
  const services = await server.services();
  const report = await new MumbleImport(server.database, services).run(data, {
    ...{ organizationTag, isDryRun },
    maxUsersPerChannel: server.config.limits.max_users_per_channel,
  });
  output.result({ ...report, isDryRun }, textOf(report, isDryRun));
  return 0;
}

function textOf({ leftOut, ...counts }: ImportReport, isDryRun: boolean): string {
  const { channels, users, certificates, roles, acls, bans } = counts;
  const lines = [
    `${isDryRun ? 'Would import' : 'Imported'}:`,
    `  ${channels} channels, ${acls} of them with a list of rights of their own`,
    `  ${users} users, ${certificates} of whom log in by the certificate that they have`,
    `  ${roles} groups as roles`,
    `  ${bans} bans`,
  ];
  if (leftOut.length > 0) lines.push('Without a counterpart here:', ...leftOut.map((each) => `  ${each}`));
  if (isDryRun) lines.push('Nothing was changed.');
  return lines.join('\n');
}
