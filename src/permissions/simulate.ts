/** Who would gain and lose what by a change that is not made yet: the evaluator before and after, told where the two differ. */
import type { ChannelId, RoleId, UserId } from '../ids.js';
import { NO_PERMISSIONS, type PermissionMask } from './bits.js';
import { type ChannelNode, effectivePermissions, type OrganizationPolicy, type Subject } from './evaluate.js';
import { lineage } from './lineage.js';

/** What changes for one user in one channel. At least one of the masks is not 0, and they have no bit in common. */
export interface PermissionChange {
  readonly userId: UserId;
  readonly channelId: ChannelId;
  readonly gained: PermissionMask;
  readonly lost: PermissionMask;
}

/** What would change if this were the whole ACL of the channel; an empty one ends its governing. Nothing changes by an ACL of an unknown channel. */
export function simulateAcl(
  policy: OrganizationPolicy,
  subjects: Iterable<Subject>,
  channelId: ChannelId,
  newAcl: ChannelNode['acl'],
): readonly PermissionChange[] {
  const channel = policy.channels.get(channelId);
  if (channel === undefined) return [];
  const channels = new Map(policy.channels).set(channelId, { ...channel, acl: newAcl });
  return differences(policy, { ...policy, channels }, subjects, subtreeOf(policy, channelId));
}

/** What would change if this were the role's own mask. Nothing changes by the mask of an unknown role. */
export function simulateRole(
  policy: OrganizationPolicy,
  subjects: Iterable<Subject>,
  roleId: RoleId,
  newMask: PermissionMask,
): readonly PermissionChange[] {
  if (!policy.roles.has(roleId)) return [];
  const roles = new Map(policy.roles).set(roleId, newMask);
  const holders = [...subjects].filter(({ roleIds }) => roleIds.includes(roleId));
  return differences(policy, { ...policy, roles }, holders, policy.channels.keys());
}

/** In the order of the subjects, and for each in the order of the channels. */
function differences(
  before: OrganizationPolicy,
  after: OrganizationPolicy,
  subjects: Iterable<Subject>,
  channelIds: Iterable<ChannelId>,
): readonly PermissionChange[] {
  const channels = [...channelIds];
  return Array.from(subjects).flatMap((subject) =>
    channels
      .map((channelId) => {
        const former = effectivePermissions(before, subject, channelId);
        const future = effectivePermissions(after, subject, channelId);
        return { userId: subject.userId, channelId, gained: future & ~former, lost: former & ~future };
      })
      .filter(({ gained, lost }) => gained !== NO_PERMISSIONS || lost !== NO_PERMISSIONS),
  );
}

/** The channel and everything below it: no ACL reaches farther. */
function subtreeOf(policy: OrganizationPolicy, rootId: ChannelId): readonly ChannelId[] {
  return [...policy.channels.keys()].filter((id) => lineage(policy, id).some(({ channelId }) => channelId === rootId));
}
