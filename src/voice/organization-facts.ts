import type { Channel } from '../channels/channel.entity.js';
import type { ChannelId, RoleId, UserId } from '../ids.js';
import { NO_PERMISSIONS, type PermissionMask } from '../permissions/bits.js';
import { effectivePermissions, organizationPermissions, type Subject } from '../permissions/evaluate.js';
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
  /** The order among siblings, smallest first; equal ones are ordered by id. */
  readonly position: number;
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
  /** False where sessions may not record. */
  readonly recordingAllowed: boolean;
  /** Parents before children, siblings in their order. */
  readonly channels: ReadonlyMap<ChannelId, ChannelFacts>;
  readonly #loaded: LoadedPolicy;
  readonly #tables: ReadonlyMap<UserId, PermissionTable>;

  constructor(
    organization: { readonly name: string; readonly tag: string; readonly recordingAllowed: boolean },
    channels: readonly Channel[],
    loaded: LoadedPolicy,
    capacityOf: (channel: Channel) => number,
  ) {
    this.name = organization.name;
    this.tag = organization.tag;
    this.recordingAllowed = organization.recordingAllowed;
    this.channels = new Map(channels.map((channel) => [channel.id, factsOf(channel, capacityOf(channel))]));
    this.#loaded = loaded;
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

  /** What the user may do where no ACL governs: nothing for a user who was not there. */
  permissionsAtLarge(userId: UserId): PermissionMask {
    const { policy, subjects } = this.#loaded;
    const subject = subjects.get(userId);
    return subject === undefined ? NO_PERMISSIONS : organizationPermissions(policy, subject);
  }

  hasRole(roleId: RoleId): boolean {
    return this.#loaded.policy.roles.has(roleId);
  }

  /** True where the organization has the role and the user holds it. */
  holdsRole(userId: UserId, roleId: RoleId): boolean {
    return this.hasRole(roleId) && (this.#loaded.subjects.get(userId)?.roleIds.includes(roleId) ?? false);
  }

  /** The channel and all below it, parents before children; nothing where it was not there. */
  subtree(channelId: ChannelId): ReadonlySet<ChannelId> {
    const found = new Set(this.channels.has(channelId) ? [channelId] : []);
    for (const { id, parentId } of this.channels.values()) if (parentId !== null && found.has(parentId)) found.add(id);
    return found;
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
    left.maxUsers === right.maxUsers &&
    left.position === right.position
  );
}

function factsOf({ id, parentId, name, description, passwordHash, position }: Channel, maxUsers: number): ChannelFacts {
  const told = (description ?? '').slice(0, MAX_DESCRIPTION_LENGTH).toWellFormed();
  return { id, parentId, name, description: told, hasPassword: passwordHash !== null, maxUsers, position };
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
