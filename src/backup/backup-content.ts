import { BackupError } from './backup-error.js';
import type { BackupHeader } from './backup-format.js';
import { readBackup } from './backup-reader.js';
import { type BackupTable, tablesOf } from './backup-tables.js';

/** What is known of a backup that was read to its end and is whole. */
export interface BackupContent {
  readonly header: BackupHeader;
  /** The files of the data folder, by name. */
  readonly secrets: ReadonlyMap<string, string>;
  /** The ids of each table that are to be mapped. Empty for a backup of everything, whose ids stay. */
  readonly ids: ReadonlyMap<string, readonly number[]>;
}

/** Reads a whole backup before anything is done with it. Throws BackupError where it is not good. */
export async function inspectBackup(file: string): Promise<BackupContent> {
  let header: BackupHeader | undefined;
  let reading: { readonly table: BackupTable; readonly idColumn: number } | undefined;
  const secrets = new Map<string, string>();
  const ids = new Map<string, number[]>();
  const counts = new Map<string, number>();
  for await (const part of readBackup(file)) {
    switch (part.kind) {
      case 'header':
        header = part.header;
        break;
      case 'file':
        secrets.set(part.name, part.text);
        break;
      case 'table': {
        const isOfOrganization = header?.organization !== null;
        const table = tablesOf(isOfOrganization).find(({ name }) => name === part.name);
        if (table === undefined || counts.has(part.name)) throw doesNotFit(file, part.name);
        counts.set(part.name, 0);
        const isMapped = isOfOrganization && table.ids.id !== undefined;
        reading = { table, idColumn: isMapped ? part.columns.indexOf('id') : -1 };
        if (isMapped) ids.set(part.name, []);
        break;
      }
      case 'row': {
        if (reading === undefined) break;
        const { table, idColumn } = reading;
        counts.set(table.name, (counts.get(table.name) ?? 0) + 1);
        if (idColumn >= 0) ids.get(table.name)?.push(Number(part.values[idColumn]));
        break;
      }
    }
  }
  if (header === undefined) throw new BackupError('unusable', `${file} is no backup of Parley.`);
  for (const [name, count] of Object.entries(header.counts)) {
    if (counts.get(name) !== count) throw doesNotFit(file, name);
  }
  return { header, secrets, ids };
}

function doesNotFit(file: string, table: string): BackupError {
  return new BackupError('unusable', `${file} is damaged: the table "${table}" is not as its header says.`);
}
