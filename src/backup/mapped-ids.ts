import type { RowValues } from './backup-format.js';
import type { BackupTable, IdTable } from './backup-tables.js';

/** The new id of each old one, by table. */
export type IdMaps = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** What the audit log calls what it is about, and where that has its ids. Sessions are in no table. */
const TARGET_TABLES: ReadonlyMap<string, IdTable> = new Map([
  ['organization', 'organizations'],
  ['user', 'users'],
  ['role', 'roles'],
  ['channel', 'channels'],
  ['ban', 'bans'],
  ['invitation', 'invitations'],
  ['api_key', 'api_keys'],
  ['certificate', 'client_certificates'],
]);

/** The values in snapshots of the audit log that are ids. */
const SNAPSHOT_IDS: ReadonlyMap<string, IdTable> = new Map([
  ['ownerId', 'users'],
  ['userId', 'users'],
  ['roleId', 'roles'],
  ['roleIds', 'roles'],
  ['parentId', 'channels'],
  ['channelId', 'channels'],
  ['from', 'channels'],
  ['to', 'channels'],
]);

/** A row of an organization's backup with the ids that it has in another database. An id that the backup does not hold becomes null. */
export function withMappedIds(
  table: BackupTable,
  columns: readonly string[],
  values: RowValues,
  maps: IdMaps,
): RowValues {
  const targetType = values[columns.indexOf('target_type')];
  return values.map((value, index) => {
    const column = columns[index] ?? '';
    if (value === null) return null;
    const of = table.ids[column];
    if (of !== undefined) return value.startsWith('{') ? mappedList(value, maps.get(of)) : mapped(value, maps.get(of));
    if (table.name !== 'audit_entries') return value;
    if (column === 'target_id') return mappedTarget(value, targetType ?? '', maps);
    return column === 'before' || column === 'after' ? mappedSnapshot(value, maps) : value;
  });
}

type IdMap = ReadonlyMap<number, number> | undefined;

function mapped(text: string, map: IdMap): string | null {
  const found = map?.get(Number(text));
  return found === undefined ? null : String(found);
}

/** An array as PostgreSQL writes it: `{1,2}`. */
function mappedList(text: string, map: IdMap): string {
  const ids = text
    .slice(1, -1)
    .split(',')
    .filter((id) => id !== '');
  return `{${ids.flatMap((id) => mapped(id, map) ?? []).join(',')}}`;
}

function mappedTarget(text: string, targetType: string, maps: IdMaps): string | null {
  const table = TARGET_TABLES.get(targetType);
  return table === undefined ? text : mapped(text, maps.get(table));
}

function mappedSnapshot(text: string, maps: IdMaps): string {
  const snapshot: Readonly<Record<string, unknown>> = Object(JSON.parse(text));
  const entries = Object.entries(snapshot).map(([key, value]) => {
    const table = SNAPSHOT_IDS.get(key);
    return [key, table === undefined ? value : mappedValue(value, maps.get(table))];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

function mappedValue(value: unknown, map: IdMap): unknown {
  if (typeof value === 'number') return map?.get(value) ?? null;
  return Array.isArray(value) ? value.flatMap((item) => map?.get(Number(item)) ?? []) : value;
}
