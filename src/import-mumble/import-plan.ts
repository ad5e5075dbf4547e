/** What of a Mumble server comes to be in an organization, and what does not. Pure. */
import { plainText } from '../mumble/html-text.js';
import { networkFromBytes } from '../mumble/network-bytes.js';
import { ALL_PERMISSIONS, holds, NO_PERMISSIONS, Permission, type PermissionMask } from '../permissions/bits.js';
import { type MurmurBan, type MurmurChannel, type MurmurData, ROOT_CHANNEL_ID, SUPER_USER_ID } from './murmur-data.js';
import { groupOf, isUnderstood, MurmurRights, type MurmurSubject } from './murmur-rights.js';

/** The role of all users, by whatever name it has there. */
export const MEMBERS = '';
const MAX_DESCRIPTION_LENGTH = 4000;
const MAX_REASON_LENGTH = 512;
/** Bits that have a counterpart, and those that say what is so in any case or for nobody here: Traverse, TextMessage, MakeTempChannel, Listen, SelfRegister. */
const UNDERSTOOD_BITS = 0x1 | 0x2 | 0x4 | 0x8 | 0x100 | 0x200 | 0x400 | 0x800 | 0x8_0000;

export interface PlannedChannel {
  /** The number that it has in the database of Mumble. */
  readonly id: number;
  /** Null at the root. */
  readonly parentId: number | null;
  readonly name: string;
  readonly description: string;
  readonly position: number;
  readonly maxUsers: number;
  readonly password: string | null;
  /** What each role may do there, by its group; null where the channel follows the one above. */
  readonly acl: ReadonlyMap<string, PermissionMask> | null;
}

export interface PlannedRole {
  readonly group: string;
  readonly permissions: PermissionMask;
  /** Ids of users in the database of Mumble. */
  readonly members: readonly number[];
}

export interface PlannedUser {
  readonly id: number;
  readonly name: string;
  readonly email: string | null;
  readonly certificateHash: string | null;
}

export interface PlannedBan {
  readonly addressRange: string | null;
  /** In the database of Mumble; null where a network is banned. */
  readonly userId: number | null;
  readonly reason: string | undefined;
  readonly expiresAt: Date | undefined;
}

export interface ImportPlan {
  /** Parents before children. */
  readonly channels: readonly PlannedChannel[];
  readonly roles: readonly PlannedRole[];
  readonly users: readonly PlannedUser[];
  readonly bans: readonly PlannedBan[];
  /** A sentence for each thing that has no counterpart. */
  readonly leftOut: readonly string[];
}

export interface PlanOptions {
  /** What the role of all users holds in the organization. */
  readonly memberPermissions: PermissionMask;
  readonly maxUsersPerChannel: number;
  readonly now: Date;
}

/** Plans the import. Rights are carried over by what they come to, and not line by line: the models differ, the effect is to be the same. */
export function planImport(data: MurmurData, options: PlanOptions): ImportPlan {
  const leftOut: string[] = [];
  const nameOf = channelNames(data);
  const rights = new MurmurRights(data);
  const roles = plannedRoles(data, rights, nameOf, leftOut);
  noteStrangeEntries(data, nameOf, leftOut);
  const channels = plannedChannels(data, { rights, roles, nameOf, leftOut, options });
  const users = data.users.map(({ id, name, email, certificateHash, comment, hasTexture }): PlannedUser => {
    if (comment !== '' || hasTexture) leftOut.push(`The comment or picture of the user "${name}".`);
    const isHash = /^[0-9a-f]{40}$/.test(certificateHash);
    if (!isHash) leftOut.push(`The login of the user "${name}", who has no certificate: give them a password.`);
    return { id, name, email: email === '' ? null : email, certificateHash: isHash ? certificateHash : null };
  });
  const bans = data.bans.flatMap((ban) => plannedBans(ban, data, options.now, leftOut));
  if (data.links > 0) leftOut.push(`${data.links} links between channels.`);
  return { channels, roles, users, bans, leftOut };
}

interface ChannelTools {
  readonly rights: MurmurRights;
  readonly roles: readonly PlannedRole[];
  readonly nameOf: (id: number) => string;
  readonly leftOut: string[];
  readonly options: PlanOptions;
}

/** A role for each group, with the members that it has at the root; groups that are known below only, with those there. */
function plannedRoles(
  { groups, users }: MurmurData,
  rights: MurmurRights,
  nameOf: (id: number) => string,
  leftOut: string[],
): readonly PlannedRole[] {
  const known = new Set(users.map(({ id }) => id));
  const everybody = rights.atLarge({ groups: [], token: null });
  return [...Map.groupBy(groups, ({ name }) => name)].map(([group, places]) => {
    const atRoot = places.find(({ channelId }) => channelId === ROOT_CHANNEL_ID);
    const source = atRoot ?? places[0];
    for (const place of places) {
      const isSame = place === source && place.removed.length === 0;
      const says = [...place.added, ...place.removed].filter((id) => id !== SUPER_USER_ID);
      if (!isSame && says.length > 0) {
        leftOut.push(`That other users are in the group "${group}" in the channel ${nameOf(place.channelId)}.`);
      }
    }
    const mask = rights.atLarge({ groups: [group], token: null });
    return {
      group,
      permissions: holds(mask, Permission.MANAGE) ? ALL_PERMISSIONS : mask & ~everybody,
      members: (source?.added ?? []).filter((id) => known.has(id)),
    };
  });
}

function noteStrangeEntries(
  { acl, users, groups }: MurmurData,
  nameOf: (id: number) => string,
  leftOut: string[],
): void {
  const userNames = new Map(users.map(({ id, name }) => [id, name]));
  const known = new Set(['all', 'auth', 'none', ...groups.map(({ name }) => name)]);
  for (const entry of acl) {
    const place = `in the channel ${nameOf(entry.channelId)}`;
    const what = entry.denied === 0 ? 'grants' : 'denies';
    const whom =
      entry.userId === null ? `"${entry.group}"` : `the user "${userNames.get(entry.userId) ?? entry.userId}"`;
    const name = groupOf(entry);
    if (!isUnderstood(entry) || !(name.startsWith('#') || known.has(name))) {
      leftOut.push(`The entry ${place} that ${what} something to ${whom}.`);
    } else if (((entry.granted | entry.denied) & ~UNDERSTOOD_BITS) !== 0) {
      leftOut.push(`Of the entry for ${whom} ${place}: what is neither Enter, Speak, Whisper nor Write ACL.`);
    }
  }
}

function plannedChannels({ channels }: MurmurData, tools: ChannelTools): readonly PlannedChannel[] {
  const below = Map.groupBy(channels, ({ parentId }) => parentId);
  const planned: PlannedChannel[] = [];
  const visit = (parentId: number, former: ReadonlyMap<string, PermissionMask>) => {
    for (const channel of below.get(parentId) ?? []) {
      const masks = masksIn(channel, tools);
      const follows = [...masks].every(([group, mask]) => mask === former.get(group));
      planned.push(plannedChannel(channel, follows ? null : listOf(masks), tools));
      visit(channel.id, masks);
    }
  };
  const own = tools.roles.map(({ group, permissions }) => [group, permissions] as const);
  visit(ROOT_CHANNEL_ID, new Map([[MEMBERS, tools.options.memberPermissions], ...own]));
  return planned;
}

/** What each role adds to what everybody may do there. Who manages everything needs no word anywhere. */
function masksIn(channel: MurmurChannel, { rights, roles, nameOf, leftOut }: ChannelTools) {
  const [token = null] = rights.tokensOf(channel.id);
  const ask = (subject: Pick<MurmurSubject, 'groups'>) => rights.inChannel({ ...subject, token }, channel.id);
  const everybody = ask({ groups: [] });
  const masks = new Map<string, PermissionMask>([[MEMBERS, everybody]]);
  for (const { group, permissions } of roles) {
    if (permissions === ALL_PERMISSIONS) continue;
    const mask = ask({ groups: [group] });
    if ((everybody & ~mask) !== 0) {
      leftOut.push(`That the group "${group}" may do less than everybody in the channel ${nameOf(channel.id)}.`);
    }
    masks.set(group, holds(mask, Permission.MANAGE) ? mask : mask & ~everybody);
  }
  return masks;
}

/** A list names who may do something; one that names nobody still has to name somebody. */
function listOf(masks: ReadonlyMap<string, PermissionMask>): ReadonlyMap<string, PermissionMask> {
  const granted = [...masks].filter(([, mask]) => mask !== NO_PERMISSIONS);
  return granted.length > 0 ? new Map(granted) : new Map([[MEMBERS, masks.get(MEMBERS) ?? NO_PERMISSIONS]]);
}

function plannedChannel(
  { id, parentId, name, description, position, maxUsers }: MurmurChannel,
  acl: PlannedChannel['acl'],
  { rights, nameOf, leftOut, options }: ChannelTools,
): PlannedChannel {
  const [password = null, ...others] = rights.tokensOf(id);
  if (others.length > 0) leftOut.push(`All passwords but one of the channel ${nameOf(id)}.`);
  const words = plainText(description);
  if (words.length > MAX_DESCRIPTION_LENGTH) leftOut.push(`The end of the description of the channel ${nameOf(id)}.`);
  const limit = options.maxUsersPerChannel;
  if (maxUsers > limit) leftOut.push(`That ${maxUsers} users may be in the channel ${nameOf(id)}: ${limit} may.`);
  return {
    ...{ id, name, position, password, acl },
    parentId: parentId === ROOT_CHANNEL_ID ? null : parentId,
    description: words.slice(0, MAX_DESCRIPTION_LENGTH),
    maxUsers: Math.min(maxUsers, limit),
  };
}

/** Mumble's ban is of an address or of a certificate, whichever comes; here these are two. */
function plannedBans(ban: MurmurBan, { users }: MurmurData, now: Date, leftOut: string[]): readonly PlannedBan[] {
  const addressRange = networkFromBytes(ban);
  const words = plainText(ban.reason).replace(/\s+/g, ' ').slice(0, MAX_REASON_LENGTH).trim();
  const shown = addressRange ?? 'a network that cannot be read';
  const name = ban.name === '' ? '' : ` ("${ban.name}")`;
  const endMs = ban.durationS === 0 ? null : (ban.startedAt ?? now).getTime() + 1000 * ban.durationS;
  if (endMs !== null && endMs <= now.getTime()) {
    leftOut.push(`The ban of ${shown}${name}, which is over.`);
    return [];
  }
  const terms = { reason: words === '' ? undefined : words, expiresAt: endMs === null ? undefined : new Date(endMs) };
  const planned: PlannedBan[] = [];
  if (addressRange === undefined) leftOut.push(`The ban of ${shown}${name}.`);
  else planned.push({ ...terms, addressRange, userId: null });
  const owner = users.find(({ certificateHash }) => certificateHash !== '' && certificateHash === ban.certificateHash);
  if (owner !== undefined) planned.push({ ...terms, addressRange: null, userId: owner.id });
  else if (ban.certificateHash !== '') leftOut.push(`The ban of a certificate of nobody who is registered${name}.`);
  return planned;
}

/** The way of a channel from the root, for people. */
function channelNames({ channels }: MurmurData): (id: number) => string {
  const byId = new Map(channels.map((channel) => [channel.id, channel]));
  return (id) => {
    const names: string[] = [];
    for (let at = byId.get(id); at !== undefined && names.length < byId.size; at = byId.get(at.parentId)) {
      names.unshift(at.name);
    }
    return `"${names.length === 0 ? 'Root' : names.join(' / ')}"`;
  };
}
