import { existsSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { AppError } from '../errors.js';
import { messageOf } from '../thrown.js';
import {
  type MurmurBan,
  type MurmurChannel,
  type MurmurData,
  type MurmurGroup,
  type MurmurUser,
  ROOT_CHANNEL_ID,
  SUPER_USER_ID,
} from './murmur-data.js';

type Row = Readonly<Record<string, SQLOutputValue>>;

/** Of `channel_info.key`. */
const DESCRIPTION = 0;
const POSITION = 1;
const MAX_USERS = 2;
/** Of `user_info.key`. */
const EMAIL = 1;
const COMMENT = 2;
const CERTIFICATE_HASH = 3;

const TABLES = ['servers', 'channels', 'channel_info', 'users', 'user_info', 'groups', 'group_members', 'acl', 'bans'];

/**
 * Reads a virtual server out of a murmur database (SQLite, as 1.2.4 to 1.5 write it), which is not changed. Throws
 * INVALID_INPUT for a file that is none, and where there are several servers and none is named.
 */
export function readMurmurDatabase(file: string, serverId: number | undefined): MurmurData {
  if (!existsSync(file)) throw unusable(`There is no file ${file}.`);
  const database = openReadOnly(file);
  try {
    requireTables(database, file);
    return readServer(database, chosenServer(database, serverId));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw unusable(`${file} cannot be read as a database of a Mumble server: ${messageOf(error)}`);
  } finally {
    database.close();
  }
}

function openReadOnly(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { readOnly: true });
  } catch (error) {
    throw unusable(`${file} cannot be opened: ${messageOf(error)}`);
  }
}

function requireTables(database: DatabaseSync, file: string): void {
  const present = database.prepare("select name from sqlite_master where type = 'table'").all();
  const names = new Set(present.map(({ name }) => name));
  const missing = TABLES.filter((table) => !names.has(table));
  if (missing.length > 0) {
    throw unusable(`${file} is no database of a Mumble server 1.2.4 to 1.5: it has no table ${missing.join(', ')}.`);
  }
}

function chosenServer(database: DatabaseSync, wanted: number | undefined): number {
  const ids = database
    .prepare('select server_id from servers order by server_id')
    .all()
    .map((row) => whole(row.server_id));
  const [first] = ids;
  if (wanted === undefined && ids.length === 1 && first !== undefined) return first;
  if (wanted !== undefined && ids.includes(wanted)) return wanted;
  throw unusable(`Name one of the servers in this file by --server: ${ids.join(', ')}.`);
}

function readServer(database: DatabaseSync, serverId: number): MurmurData {
  const rows = (sql: string): Row[] => database.prepare(sql).all(serverId);
  const channelInfo = infos(rows('select channel_id as id, key, value from channel_info where server_id = ?'));
  const userInfo = infos(rows('select user_id as id, key, value from user_info where server_id = ?'));
  const members = rows('select group_id, user_id, addit from group_members where server_id = ?');
  return {
    channels: rows('select * from channels where server_id = ? order by channel_id')
      .map((row) => toChannel(row, channelInfo))
      .filter(({ id }) => id !== ROOT_CHANNEL_ID),
    users: rows('select * from users where server_id = ? order by user_id')
      .map((row) => toUser(row, userInfo))
      .filter(({ id }) => id !== SUPER_USER_ID),
    groups: rows('select * from "groups" where server_id = ? order by channel_id, name').map((row) =>
      toGroup(row, members),
    ),
    acl: rows('select * from acl where server_id = ? order by channel_id, priority').map((row) => ({
      channelId: whole(row.channel_id),
      userId: row.user_id === null || row.user_id === undefined ? null : whole(row.user_id),
      group: text(row.group_name),
      appliesHere: isTrue(row.apply_here),
      appliesBelow: isTrue(row.apply_sub),
      granted: whole(row.grantpriv),
      denied: whole(row.revokepriv),
    })),
    bans: rows('select * from bans where server_id = ?').map(toBan),
    links: Math.floor(rows('select channel_id from channel_links where server_id = ?').length / 2),
  };
}

type Infos = ReadonlyMap<string, string>;

function infos(rows: readonly Row[]): Infos {
  return new Map(rows.map(({ id, key, value }) => [`${whole(id)}:${whole(key)}`, text(value)]));
}

function toChannel(row: Row, info: Infos): MurmurChannel {
  const id = whole(row.channel_id);
  return {
    id,
    parentId: whole(row.parent_id),
    name: text(row.name),
    description: info.get(`${id}:${DESCRIPTION}`) ?? '',
    position: wholeOf(info.get(`${id}:${POSITION}`)),
    maxUsers: wholeOf(info.get(`${id}:${MAX_USERS}`)),
    inheritsAcl: row.inheritacl === null || isTrue(row.inheritacl),
  };
}

function toUser(row: Row, info: Infos): MurmurUser {
  const id = whole(row.user_id);
  return {
    id,
    name: text(row.name),
    email: info.get(`${id}:${EMAIL}`) ?? '',
    comment: info.get(`${id}:${COMMENT}`) ?? '',
    certificateHash: (info.get(`${id}:${CERTIFICATE_HASH}`) ?? '').toLowerCase(),
    hasTexture: row.texture instanceof Uint8Array && row.texture.length > 0,
  };
}

function toGroup(row: Row, members: readonly Row[]): MurmurGroup {
  const own = members.filter((member) => whole(member.group_id) === whole(row.group_id));
  const idsOf = (isAdded: boolean) =>
    own.filter(({ addit }) => isTrue(addit) === isAdded).map((member) => whole(member.user_id));
  return { channelId: whole(row.channel_id), name: text(row.name), added: idsOf(true), removed: idsOf(false) };
}

function toBan(row: Row): MurmurBan {
  const startedAt = new Date(text(row.start));
  return {
    address: row.base instanceof Uint8Array ? row.base : new Uint8Array(),
    mask: whole(row.mask),
    name: text(row.name),
    certificateHash: text(row.hash).toLowerCase(),
    reason: text(row.reason),
    startedAt: Number.isNaN(startedAt.getTime()) ? null : startedAt,
    durationS: whole(row.duration),
  };
}

/** Nothing is the same as 0 in this schema. */
function whole(value: SQLOutputValue | undefined): number {
  return wholeOf(value === null || value === undefined ? undefined : String(value));
}

function wholeOf(value: string | undefined): number {
  const number = Number(value ?? 0);
  return Number.isSafeInteger(number) ? number : 0;
}

function isTrue(value: SQLOutputValue | undefined): boolean {
  return whole(value) !== 0;
}

function text(value: SQLOutputValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function unusable(message: string): AppError {
  return new AppError('INVALID_INPUT', message, { path: ['file'] });
}
