import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Channel } from '../channels/channel.entity.js';
import {
  type ChannelId,
  channelId,
  organizationId,
  type RoleId,
  roleId,
  type SessionId,
  sessionId,
  type UserId,
  userId,
  type WhisperTargetId,
} from '../ids.js';
import { holds, Permission, type PermissionMask } from '../permissions/bits.js';
import type { Session } from '../sessions/session.js';
import { OrganizationFacts } from './organization-facts.js';
import { OrganizationView } from './organization-view.js';
import { WhisperTargetIds } from './whisper-target-ids.js';
import { MAX_WHISPER_RECEIVERS, type WhisperAudience, Whispers } from './whispers.js';

/** A tree: 1 above 2 and 3, 2 above 4; 5 stands alone. */
const PARENTS: ReadonlyMap<ChannelId, ChannelId | null> = new Map(
  (
    [
      [1, null],
      [2, 1],
      [4, 2],
      [3, 1],
      [5, null],
    ] as const
  ).map(([id, parent]) => [channelId(id), parent === null ? null : channelId(parent)]),
);
const CHANNELS = [...PARENTS.keys()];
const ROLES = [roleId(1), roleId(2), roleId(3)];
const USERS = [1, 2, 3, 4, 5, 6].map(userId);

type Step =
  | { readonly type: 'join' | 'leave'; readonly user: UserId; readonly channel: ChannelId }
  | { readonly type: 'come' | 'go' | 'mute'; readonly user: UserId }
  | { readonly type: 'rules'; readonly rules: Rules };

/** What each role may do in each channel, in their order; and the roles of each user. */
interface Rules {
  readonly atLarge: readonly PermissionMask[];
  readonly acl: readonly (readonly PermissionMask[])[];
  readonly rolesOf: readonly (readonly RoleId[])[];
}

const user = fc.constantFrom(...USERS);
const channel = fc.constantFrom(...CHANNELS);
const role = fc.constantFrom(...ROLES);
// JOIN always: who may not be in a channel is a matter of the view.
const mask = fc.constantFrom(Permission.JOIN, Permission.JOIN | Permission.WHISPER);
const masks = fc.array(mask, { minLength: ROLES.length, maxLength: ROLES.length });
const rules: fc.Arbitrary<Rules> = fc.record({
  atLarge: masks,
  acl: fc.array(fc.oneof(fc.constant([]), masks), { minLength: CHANNELS.length, maxLength: CHANNELS.length }),
  rolesOf: fc.array(fc.uniqueArray(role, { minLength: 1 }), { minLength: USERS.length, maxLength: USERS.length }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('join' as const, 'leave' as const), user, channel }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constantFrom('come' as const, 'go' as const, 'mute' as const), user }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('rules' as const), rules }) },
);
const place = fc.record({
  channelId: fc.option(channel),
  subtree: fc.boolean(),
  roleId: fc.option(role),
});
const audience: fc.Arbitrary<WhisperAudience> = fc.record({
  userIds: fc.uniqueArray(user, { maxLength: 2 }),
  places: fc.array(place, { maxLength: 2 }),
});

describe('whispers', () => {
  it('reach at each moment whom the rules say, and say of each step whom it concerns', () => {
    fc.assert(
      fc.property(
        rules,
        fc.array(audience, { maxLength: 5 }),
        fc.array(step, { maxLength: 30 }),
        (first, wanted, steps) => {
          const world = new World(first);
          for (const [index, each] of wanted.entries()) world.set(USERS[index % USERS.length] ?? USERS[0], each);
          let known = world.all();
          for (const each of steps) {
            const concerned = world.take(each);
            const now = world.all();
            expect(now).toEqual(world.expected());
            for (const [id, holders] of now) {
              if (!isSame(known.get(id), holders)) expect(concerned).toContain(id);
            }
            known = now;
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('reach no more than they may, and those who heard them go on hearing them', () => {
    const world = new World({ atLarge: [7, 7, 7], acl: CHANNELS.map(() => []), rolesOf: USERS.map(() => ROLES) });
    const [lobby, other] = CHANNELS;
    if (lobby === undefined || other === undefined) throw new Error('there are channels');
    const speaker = userId(1);
    const id = world.set(speaker, { userIds: [], places: [{ channelId: null, subtree: false, roleId: null }] });
    const crowd = Array.from({ length: MAX_WHISPER_RECEIVERS + 10 }, (_, index) => userId(100 + index));
    world.learn(crowd);
    for (const each of crowd.slice(0, MAX_WHISPER_RECEIVERS)) world.take({ type: 'join', user: each, channel: other });
    const before = world.holders(id);
    expect(before.length).toBe(1 + MAX_WHISPER_RECEIVERS);
    // They stand before the others in the tree, and come later.
    for (const each of crowd.slice(MAX_WHISPER_RECEIVERS)) world.take({ type: 'join', user: each, channel: lobby });
    expect(world.holders(id)).toEqual(before);
    world.take({ type: 'leave', user: userId(100), channel: other });
    expect(world.holders(id)).toHaveLength(1 + MAX_WHISPER_RECEIVERS);
    expect(() =>
      world.set(userId(2), { userIds: [], places: [{ channelId: null, subtree: false, roleId: null }] }),
    ).toThrow('256');
  });

  it('have ids that go around, and are not given twice', () => {
    const ids = new WhisperTargetIds(2 ** 31 - 1);
    const [last, first, second] = [ids.take(), ids.take(), ids.take()];
    expect([last, first, second]).toEqual([2 ** 32 - 1, 2 ** 31, 2 ** 31 + 1]);
    const again = new WhisperTargetIds(2 ** 31);
    expect(again.take()).toBe(2 ** 31);
    again.release(first);
    expect(again.take()).toBe(2 ** 31 + 1);
  });
});

/** An organization in which everybody is connected at first, and nobody in a channel. A user's session has the user's number. */
class World {
  readonly #view = new OrganizationView(organizationId(1));
  readonly #whispers = new Whispers(this.#view, new WhisperTargetIds(0));
  readonly #wanted = new Map<WhisperTargetId, readonly [speaker: UserId, audience: WhisperAudience]>();
  readonly #users = [...USERS];
  #rules: Rules;

  constructor(first: Rules) {
    this.#rules = first;
    this.#takeRules();
    for (const each of USERS) this.#view.putSession(sessionOf(each));
  }

  set(speaker: UserId | undefined, wanted: WhisperAudience): WhisperTargetId {
    const viewed = this.#view.sessions.get(sessionId(speaker ?? 1));
    if (viewed === undefined || speaker === undefined) throw new Error('the speaker is not there');
    // What would be refused is set while it is allowed.
    const rulesBefore = this.#rules;
    this.#rules = { ...rulesBefore, acl: CHANNELS.map(() => []), atLarge: ROLES.map(() => 5) };
    this.#takeRules();
    const isNobody = wanted.userIds.length + wanted.places.length === 0;
    const id = this.#whispers.set(viewed, null, isNobody ? { userIds: [userId(1)], places: [] } : wanted);
    this.#wanted.set(id, [speaker, isNobody ? { userIds: [userId(1)], places: [] } : wanted]);
    this.#rules = rulesBefore;
    this.#takeRules();
    return id;
  }

  learn(users: readonly UserId[]): void {
    this.#users.push(...users);
    for (const each of users) this.#view.putSession(sessionOf(each));
    this.#takeRules();
  }

  /** Returns the targets that the step concerns. */
  take(each: Step): readonly WhisperTargetId[] {
    if (each.type === 'rules') {
      this.#rules = each.rules;
      this.#takeRules();
      return [...this.#whispers.all];
    }
    const id = sessionId(each.user);
    const before = this.#view.sessions.get(id);
    switch (each.type) {
      case 'join':
        this.#view.addMember(each.channel, id);
        return [...this.#whispers.concernedByStep(each.channel, before?.session.userId)];
      case 'leave':
        this.#view.removeMember(each.channel, id);
        return [...this.#whispers.concernedByStep(each.channel, before?.session.userId)];
      case 'come':
        this.#view.putSession(before?.session ?? sessionOf(each.user));
        break;
      case 'mute':
        if (before !== undefined) this.#view.putSession({ ...before.session, selfMuted: true });
        break;
      case 'go': {
        const concerned = before === undefined ? [] : [...this.#whispers.concernedBy(before)];
        this.#view.removeSession(id);
        for (const target of this.#whispers.removeAllOf(id)) this.#wanted.delete(target);
        return concerned;
      }
    }
    const after = this.#view.sessions.get(id);
    return after === undefined ? [] : [...this.#whispers.concernedBy(after)];
  }

  all(): ReadonlyMap<WhisperTargetId, readonly SessionId[]> {
    return new Map([...this.#whispers.all].map((id) => [id, this.holders(id)]));
  }

  holders(id: WhisperTargetId): readonly SessionId[] {
    return [...this.#whispers.holders(id)].sort((left, right) => left - right);
  }

  /** The rules once more, as slow as they like. */
  expected(): ReadonlyMap<WhisperTargetId, readonly SessionId[]> {
    const facts = this.#view.facts;
    if (facts === null) throw new Error('not loaded');
    const whispersIn = (speaker: UserId, at: ChannelId) => holds(facts.permissionsIn(at, speaker), Permission.WHISPER);
    const isBelow = (at: ChannelId | null, top: ChannelId): boolean =>
      at !== null && (at === top || isBelow(PARENTS.get(at) ?? null, top));
    const expected = new Map<WhisperTargetId, readonly SessionId[]>();
    for (const [id, [speaker, { userIds, places }]] of this.#wanted) {
      const reached = [...this.#view.sessions.values()].filter(({ session, channelIds }) => {
        if (session.userId === speaker) return true;
        const byName =
          userIds.includes(session.userId) &&
          (channelIds.length === 0
            ? holds(facts.permissionsAtLarge(speaker), Permission.WHISPER)
            : channelIds.some((at) => whispersIn(speaker, at)));
        const byPlace = places.some(
          (wanted) =>
            (wanted.roleId === null || this.#rolesOf(session.userId).includes(wanted.roleId)) &&
            channelIds.some(
              (at) =>
                whispersIn(speaker, at) &&
                (wanted.channelId === null ||
                  at === wanted.channelId ||
                  (wanted.subtree && isBelow(at, wanted.channelId))),
            ),
        );
        return byName || byPlace;
      });
      expected.set(
        id,
        reached.map(({ session }) => session.id).sort((left, right) => left - right),
      );
    }
    return expected;
  }

  #rolesOf(of: UserId): readonly RoleId[] {
    return this.#rules.rolesOf[of - 1] ?? ROLES;
  }

  #takeRules(): void {
    const { atLarge, acl } = this.#rules;
    const entries = (list: readonly PermissionMask[]) => new Map(ROLES.map((id, index) => [id, list[index] ?? 0]));
    const nodes = new Map(
      [...PARENTS].map(([id, parentId], index) => {
        const list = acl[index] ?? [];
        return [id, { parentId, acl: list.length === 0 ? new Map<RoleId, PermissionMask>() : entries(list) }];
      }),
    );
    const subjects = new Map(
      this.#users.map((id) => [id, { userId: id, platformAdmin: false, roleIds: this.#rolesOf(id) }]),
    );
    const channels = [...PARENTS].map(([id, parentId]) =>
      Object.assign(new Channel(), { id, parentId, name: `${id}` }),
    );
    const loaded = { policy: { ownerId: null, roles: entries(atLarge), channels: nodes }, subjects };
    this.#view.facts = new OrganizationFacts(
      { name: 'Demo', tag: 'demo', recordingAllowed: true },
      channels,
      loaded,
      () => 50,
    );
    this.#whispers.takeFacts();
  }
}

function sessionOf(of: UserId): Session {
  return {
    id: sessionId(of),
    userId: of,
    organizationId: organizationId(1),
    username: `user ${of}`,
    door: 'voice',
    clientName: '',
    connectedAt: new Date(0),
    remoteAddress: null,
    credential: { tokenVersion: 0, loginId: null, apiKey: null },
    selfMuted: false,
    selfDeafened: false,
    recording: false,
    listeningChannelIds: [],
    muted: false,
    deafened: false,
    prioritySpeaker: false,
  };
}

function isSame(left: readonly SessionId[] | undefined, right: readonly SessionId[]): boolean {
  return left?.join() === right.join();
}
