/** Random organizations for property tests: small ones, so that roles, ACLs and ancestors meet often. */
import fc from 'fast-check';
import { type ChannelId, channelId, type RoleId, roleId, userId } from '../../src/ids.js';
import type { PermissionMask } from '../../src/permissions/bits.js';
import type { ChannelNode, OrganizationPolicy, Subject } from '../../src/permissions/evaluate.js';

/** An organization, some people and a channel that is asked about. */
export interface Situation {
  readonly policy: OrganizationPolicy;
  readonly subject: Subject;
  readonly subjects: readonly Subject[];
  readonly channelId: ChannelId;
}

const KNOWN_ROLES = 5;
const KNOWN_CHANNELS = 8;

/** The known roles, and one that no policy knows. */
export const anyRoleId: fc.Arbitrary<RoleId> = fc.integer({ min: 1, max: KNOWN_ROLES + 1 }).map(roleId);
/** The known channels, and one that no policy knows. */
export const anyChannelId: fc.Arbitrary<ChannelId> = fc.integer({ min: 1, max: KNOWN_CHANNELS + 1 }).map(channelId);
/** A mask of known bits. */
export const anyMask: fc.Arbitrary<PermissionMask> = fc.integer({ min: 0, max: 15 });
/** What a column may hold: also bits that mean nothing. */
const anyInteger = fc.oneof({ weight: 9, arbitrary: anyMask }, { weight: 1, arbitrary: fc.integer() });
/** As an own mask MANAGE ends all questions, so it is rare. */
const anyOwnMask = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 7 }) },
  { weight: 1, arbitrary: anyInteger },
);

/** An ACL, empty half the time. */
export const anyAcl: fc.Arbitrary<ChannelNode['acl']> = fc.oneof(
  fc.constant(new Map<RoleId, PermissionMask>()),
  fc.array(fc.tuple(anyRoleId, anyInteger), { minLength: 1, maxLength: 4 }).map((entries) => new Map(entries)),
);

const anyRoles = fc
  .array(anyOwnMask, { maxLength: KNOWN_ROLES })
  .map((masks) => new Map(masks.map((mask, index) => [roleId(index + 1), mask])));

/** Parents come before their children. */
const anyTree = fc
  .array(fc.tuple(fc.nat(), anyAcl), { minLength: 1, maxLength: KNOWN_CHANNELS })
  .map((rows) => channelsOf(rows.map(([parent, acl], index) => [parent % (index + 1), acl] as const)));

/** Anything that rows without constraints could hold: circles, channels that are their own parent, parents that are missing. */
const anyTangle = fc
  .array(fc.tuple(fc.integer({ min: 0, max: KNOWN_CHANNELS + 1 }), anyAcl), { minLength: 1, maxLength: KNOWN_CHANNELS })
  .map(channelsOf);

const anyOwner = fc.option(fc.integer({ min: 1, max: 20 }).map(userId), { nil: null });

const anyPolicy: fc.Arbitrary<OrganizationPolicy> = fc.record({
  ownerId: anyOwner,
  roles: anyRoles,
  channels: fc.oneof({ weight: 3, arbitrary: anyTree }, { weight: 1, arbitrary: anyTangle }),
});

const anySubject: fc.Arbitrary<Subject> = fc.record({
  userId: fc.integer({ min: 1, max: 20 }).map(userId),
  platformAdmin: fc.nat({ max: 19 }).map((number) => number === 0),
  roleIds: fc.uniqueArray(anyRoleId, { maxLength: 3 }),
});

export const anySituation: fc.Arbitrary<Situation> = fc
  .record({
    policy: anyPolicy,
    subjects: fc.uniqueArray(anySubject, { minLength: 1, maxLength: 5, selector: ({ userId }) => userId }),
    channelId: anyChannelId,
  })
  .map(({ policy, subjects, channelId }) => {
    const [subject = { userId: userId(1), platformAdmin: false, roleIds: [] }] = subjects;
    return { policy, subject, subjects, channelId };
  });

/** The same organization with another ACL of a known channel. */
export function withAcl(policy: OrganizationPolicy, id: ChannelId, acl: ChannelNode['acl']): OrganizationPolicy {
  const channels = [...policy.channels].map(([each, channel]): [ChannelId, ChannelNode] => [
    each,
    each === id ? { ...channel, acl } : channel,
  ]);
  return { ...policy, channels: new Map(channels) };
}

/** The same organization with another own mask of a known role. */
export function withRoleMask(policy: OrganizationPolicy, id: RoleId, mask: PermissionMask): OrganizationPolicy {
  const roles = [...policy.roles].map(([each, own]): [RoleId, PermissionMask] => [each, each === id ? mask : own]);
  return { ...policy, roles: new Map(roles) };
}

/** A row is the parent's number, 0 for none, and the ACL. */
function channelsOf(rows: readonly (readonly [number, ChannelNode['acl']])[]): ReadonlyMap<ChannelId, ChannelNode> {
  return new Map(
    rows.map(([parent, acl], index) => [
      channelId(index + 1),
      { parentId: parent === 0 ? null : channelId(parent), acl },
    ]),
  );
}
