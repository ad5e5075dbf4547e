/** What Mumble's server allows somebody in a channel, by its public rules. Pure. */
import { NO_PERMISSIONS, Permission, type PermissionMask } from '../permissions/bits.js';
import { type MurmurAclEntry, type MurmurChannel, type MurmurData, ROOT_CHANNEL_ID } from './murmur-data.js';

const WRITE = 0x1;
const TRAVERSE = 0x2;
const ENTER = 0x4;
const SPEAK = 0x8;
const WHISPER = 0x100;
const TEXT_MESSAGE = 0x200;
/** What everybody may do where no ACL says anything. */
const BY_DEFAULT = TRAVERSE | ENTER | SPEAK | WHISPER | TEXT_MESSAGE;
/** Who may write may enter whatever an ACL says, but need not be heard. */
const BY_WRITE = TRAVERSE | ENTER | TEXT_MESSAGE;
/** Groups in which everybody is who has an account. */
const EVERYBODY = ['all', 'auth'];

/** A registered user who is in these groups and has told this password. */
export interface MurmurSubject {
  readonly groups: readonly string[];
  readonly token: string | null;
}

/** The channels and ACLs, ready to be asked. */
export class MurmurRights {
  readonly #channels: ReadonlyMap<number, MurmurChannel>;
  readonly #acl: ReadonlyMap<number, readonly MurmurAclEntry[]>;

  constructor({ channels, acl }: MurmurData) {
    this.#channels = new Map(channels.map((channel) => [channel.id, channel]));
    this.#acl = Map.groupBy(acl, ({ channelId }) => channelId);
  }

  /** In a channel, as permissions of Parley. */
  inChannel(subject: MurmurSubject, channelId: number): PermissionMask {
    return this.#evaluate(subject, this.#path(channelId), channelId);
  }

  /** In a channel below the root of which no ACL speaks. */
  atLarge(subject: MurmurSubject): PermissionMask {
    return this.#evaluate(subject, [ROOT_CHANNEL_ID], undefined);
  }

  /** The passwords (`#token`) that open a channel to whoever could not enter without, in the order of the lists. */
  tokensOf(channelId: number): readonly string[] {
    const named = this.#path(channelId)
      .flatMap((id) => this.#acl.get(id) ?? [])
      .flatMap(({ userId, group }) => (userId === null && group.startsWith('#') ? [group.slice(1)] : []));
    const mayEnter = (token: string | null) =>
      (this.inChannel({ groups: [], token }, channelId) & Permission.JOIN) !== 0;
    return mayEnter(null) ? [] : [...new Set(named)].filter(mayEnter);
  }

  /** From the root down. */
  #path(channelId: number): readonly number[] {
    const path: number[] = [];
    for (let at: number | undefined = channelId; at !== undefined && !path.includes(at); ) {
      path.unshift(at);
      at = at === ROOT_CHANNEL_ID ? undefined : (this.#channels.get(at)?.parentId ?? ROOT_CHANNEL_ID);
    }
    return path;
  }

  #evaluate(subject: MurmurSubject, path: readonly number[], here: number | undefined): PermissionMask {
    let granted = BY_DEFAULT;
    let [passes, writes] = [true, false];
    for (const id of path) {
      if (this.#channels.get(id)?.inheritsAcl === false) granted = BY_DEFAULT;
      for (const entry of this.#acl.get(id) ?? []) {
        const applies = id === here ? entry.appliesHere : entry.appliesBelow;
        if (!matches(entry, subject)) continue;
        if ((entry.granted & TRAVERSE) !== 0) passes = true;
        if ((entry.denied & TRAVERSE) !== 0) passes = false;
        if ((entry.granted & WRITE) !== 0 && applies) writes = true;
        if ((entry.denied & WRITE) !== 0 && applies) writes = false;
        if (applies) granted = (granted | entry.granted) & ~entry.denied;
      }
      // Nothing below a channel is reached that cannot be passed.
      if (!passes && !writes) return NO_PERMISSIONS;
    }
    return toMask((granted & WRITE) === 0 ? granted : granted | BY_WRITE);
  }
}

/** True for an entry that the import can judge: for everybody, nobody, a group by its name, or a password. */
export function isUnderstood({ userId, group }: MurmurAclEntry): boolean {
  return userId === null && /^(~?[^!~#$][^,]*|#.+)$/.test(group) && !/^~?(in|out|sub|strong)$/.test(group);
}

/** The group that an entry names. */
export function groupOf({ group }: MurmurAclEntry): string {
  return group.replace(/^~/, '');
}

function matches(entry: MurmurAclEntry, { groups, token }: MurmurSubject): boolean {
  if (!isUnderstood(entry)) return false;
  const name = groupOf(entry);
  return name.startsWith('#') ? name.slice(1) === token : EVERYBODY.includes(name) || groups.includes(name);
}

function toMask(bits: number): PermissionMask {
  let mask: PermissionMask = NO_PERMISSIONS;
  if ((bits & ENTER) !== 0) mask |= Permission.JOIN;
  if ((bits & SPEAK) !== 0) mask |= Permission.SPEAK;
  if ((bits & WHISPER) !== 0) mask |= Permission.WHISPER;
  if ((bits & WRITE) !== 0) mask |= Permission.MANAGE;
  return mask;
}
