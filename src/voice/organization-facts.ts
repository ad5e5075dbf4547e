import type { Channel } from '../channels/channel.entity.js';
import type { ChannelId, UserId } from '../ids.js';
import { NO_PERMISSIONS, type PermissionMask } from '../permissions/bits.js';
import { effectivePermissions, type Subject } from '../permissions/evaluate.js';
import type { LoadedPolicy } from '../permissions/permission.service.js';

/** How much of a description clients are told, in UTF-16 units, so that a frame never becomes too long. */
const MAX_DESCRIPTION_LENGTH = 8192;

/** What clients are told of a channel, the same for all of them. */
export interface ChannelFacts {
  readonly id: ChannelId;
  readonly parentId: ChannelId | null;
  readonly name: string;
  readonly description: string;
  readonly hasPassword: boolean;
  /** How many sessions fit in. */
  readonly maxUsers: number;
}

/** What somebody may do in every channel. Two tables with the same key say the same. */
export interface PermissionTable {
  readonly key: string;
  readonly masks: ReadonlyMap<ChannelId, PermissionMask>;
}

/** What an organization was when it was last loaded: its channels, and what its users may do in each. Never changed afterwards. */
export class OrganizationFacts {
  readonly name: string;
  readonly tag: string;
  /** Parents before children, siblings in their order. */
  readonly channels: ReadonlyMap<ChannelId, ChannelFacts>;
  readonly #tables: ReadonlyMap<UserId, PermissionTable>;

  constructor(
    organization: { readonly name: string; readonly tag: string },
    channels: readonly Channel[],
    loaded: LoadedPolicy,
    capacityOf: (channel: Channel) => number,
  ) {
    this.name = organization.name;
    this.tag = organization.tag;
    this.channels = new Map(channels.map((channel) => [channel.id, factsOf(channel, capacityOf(channel))]));
    this.#tables = permissionTables(loaded, channels);
  }

  /** What the user may do in each channel, or undefined for a user who was not there when this was loaded. */
  permissionsOf(userId: UserId): PermissionTable | undefined {
    return this.#tables.get(userId);
  }

  /** What the user may do in the channel: nothing where either was not there. */
  permissionsIn(channelId: ChannelId, userId: UserId): PermissionMask {
    return this.#tables.get(userId)?.masks.get(channelId) ?? NO_PERMISSIONS;
  }
}

/** True where clients would be told the same of both. */
export function isSameChannel(left: ChannelFacts, right: ChannelFacts): boolean {
  return (
    left.id === right.id &&
    left.parentId === right.parentId &&
    left.name === right.name &&
    left.description === right.description &&
    left.hasPassword === right.hasPassword &&
    left.maxUsers === right.maxUsers
  );
}

function factsOf({ id, parentId, name, description, passwordHash }: Channel, maxUsers: number): ChannelFacts {
  const told = (description ?? '').slice(0, MAX_DESCRIPTION_LENGTH).toWellFormed();
  return { id, parentId, name, description: told, hasPassword: passwordHash !== null, maxUsers };
}

/** Most users hold the same few sets of roles, so each set is evaluated once. */
function permissionTables(
  { policy, subjects }: LoadedPolicy,
  channels: readonly Channel[],
): ReadonlyMap<UserId, PermissionTable> {
  const bySubject = new Map<string, PermissionTable>();
  const tables = new Map<UserId, PermissionTable>();
  for (const [userId, subject] of subjects) {
    const likeness = likenessOf(subject, policy.ownerId);
    let table = bySubject.get(likeness);
    if (table === undefined) {
      const masks = new Map(channels.map(({ id }) => [id, effectivePermissions(policy, subject, id)]));
      table = { key: [...masks].join(), masks };
      bySubject.set(likeness, table);
    }
    tables.set(userId, table);
  }
  return tables;
}

/** Subjects of the same likeness hold the same everywhere: the rules look at nothing else. */
function likenessOf({ userId, platformAdmin, roleIds }: Subject, ownerId: UserId | null): string {
  return `${userId === ownerId} ${platformAdmin} ${[...roleIds].sort((left, right) => left - right).join()}`;
}
