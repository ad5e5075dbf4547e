/** The permission rules of docs/decisions/0002-permission-rules.md said in another way than the evaluator says them: sets of names, one sentence after the other, as slow as it likes. */
import type { ChannelId, RoleId } from '../../src/ids.js';
import {
  type PermissionMask,
  type PermissionName,
  permissionMask,
  permissionNames,
} from '../../src/permissions/bits.js';
import type { OrganizationPolicy, Subject } from '../../src/permissions/evaluate.js';

type Names = ReadonlySet<PermissionName>;

const EVERYTHING: Names = new Set<PermissionName>(['JOIN', 'SPEAK', 'WHISPER', 'MANAGE']);

/** What the evaluator must answer. */
export function referencePermissions(
  policy: OrganizationPolicy,
  subject: Subject,
  channelId: ChannelId,
): PermissionMask {
  return permissionMask([...namesFor(policy, subject, channelId)]);
}

function namesFor(policy: OrganizationPolicy, subject: Subject, channelId: ChannelId): Names {
  const path = pathToRoot(policy, channelId);
  if (path.length === 0) return new Set();
  const roleIds = subject.roleIds.filter((id) => [...policy.roles.keys()].includes(id));
  const isOwner = policy.ownerId !== null && policy.ownerId === subject.userId;
  const isManager = roleIds.some((id) => namesOn(policy.roles, id).has('MANAGE'));
  if (subject.platformAdmin || isOwner || isManager) return EVERYTHING;

  const lists = path.map((id) => aclOf(policy, id)).filter((acl) => acl.size > 0);
  const list = lists[0] ?? policy.roles;
  const granted = roleIds.flatMap((id) => [...namesOn(list, id)]);
  const manages = lists.some((acl) => roleIds.some((id) => namesOn(acl, id).has('MANAGE')));
  return new Set<PermissionName>(manages ? [...granted, 'MANAGE'] : granted);
}

/** The ids of the channel and its ancestors; a parent that is unknown, or that came before, is not taken. */
function pathToRoot(policy: OrganizationPolicy, channelId: ChannelId, below: readonly ChannelId[] = []): ChannelId[] {
  const channel = policy.channels.get(channelId);
  if (channel === undefined || below.includes(channelId)) return [];
  if (channel.parentId === null) return [channelId];
  return [channelId, ...pathToRoot(policy, channel.parentId, [...below, channelId])];
}

function aclOf(policy: OrganizationPolicy, channelId: ChannelId): ReadonlyMap<RoleId, PermissionMask> {
  return policy.channels.get(channelId)?.acl ?? new Map();
}

function namesOn(list: ReadonlyMap<RoleId, PermissionMask>, roleId: RoleId): Names {
  return new Set(permissionNames(list.get(roleId) ?? 0));
}
