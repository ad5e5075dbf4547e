import { AppError, notFound } from '../errors.js';
import type { ChannelId, RoleId, SessionId, UserId, WhisperTargetId } from '../ids.js';
import { holds, Permission } from '../permissions/bits.js';
import type { RouteUpdate } from '../relay/relay-update.js';
import type { OrganizationFacts } from './organization-facts.js';
import { isHeard, isHearing, type OrganizationView, type ViewedSession } from './organization-view.js';
import type { WhisperTargetIds } from './whisper-target-ids.js';

/** How many whisper targets a session has at most. */
export const MAX_WHISPER_TARGETS = 16;
/** How many sessions a whisper target reaches at most. */
export const MAX_WHISPER_RECEIVERS = 256;
/** How many whisper targets an organization has at most: all of them are looked at when rights change. */
const MAX_TARGETS_OF_ORGANIZATION = 1024;

/** To whom a session whispers. */
export interface WhisperAudience {
  /** Wherever they are. */
  readonly userIds: readonly UserId[];
  /** Whoever is there. */
  readonly places: readonly WhisperPlace[];
}

export interface WhisperPlace {
  /** Null for all channels of the organization. */
  readonly channelId: ChannelId | null;
  /** With all channels below it. */
  readonly subtree: boolean;
  /** Only who holds this role; null for everybody. */
  readonly roleId: RoleId | null;
}

/** Whom a channel's members have to be to hear a target. */
interface Reach {
  everybody: boolean;
  readonly roleIds: Set<RoleId>;
}

interface WhisperTarget {
  readonly speakerId: SessionId;
  readonly speakerUserId: UserId;
  readonly audience: WhisperAudience;
  /** The channels whose members hear it: those that the audience names and where the speaker holds WHISPER. */
  readonly reach: ReadonlyMap<ChannelId, Reach>;
  /** Its speaker and who heard it, when that was last asked. */
  holders: Set<SessionId>;
}

/** The whisper targets of an organization, and who hears each of them now: docs/decisions/0005-whispers.md has the rules. */
export class Whispers {
  readonly #view: OrganizationView;
  readonly #ids: WhisperTargetIds;
  readonly #targets = new Map<WhisperTargetId, WhisperTarget>();
  readonly #bySpeaker = new Map<SessionId, Set<WhisperTargetId>>();
  readonly #byChannel = new Map<ChannelId, Set<WhisperTargetId>>();
  readonly #byUser = new Map<UserId, Set<WhisperTargetId>>();

  constructor(view: OrganizationView, ids: WhisperTargetIds) {
    this.#view = view;
    this.#ids = ids;
  }

  get all(): Iterable<WhisperTargetId> {
    return this.#targets.keys();
  }

  has(id: WhisperTargetId): boolean {
    return this.#targets.has(id);
  }

  speakerOf(id: WhisperTargetId): SessionId | undefined {
    return this.#targets.get(id)?.speakerId;
  }

  /**
   * Gives the session a new target, or one of its own another audience. Throws NOT_FOUND for a target, channel or role
   * that there is not, PERMISSION_DENIED where the speaker holds WHISPER nowhere in the audience, and QUOTA_EXCEEDED.
   */
  set({ session }: ViewedSession, id: WhisperTargetId | null, audience: WhisperAudience): WhisperTargetId {
    const own = this.#bySpeaker.get(session.id) ?? new Set<WhisperTargetId>();
    if (id !== null && !own.has(id)) throw notFound('whisper target');
    this.#requireKnown(audience);
    this.#requireWhisper(session.userId, audience);
    if (id === null) this.#requireRoom(own.size);
    const former = id === null ? undefined : this.#targets.get(id);
    const target = this.#make(session.id, session.userId, audience, former?.holders ?? new Set());
    const count = this.#audible(target).size;
    if (count > MAX_WHISPER_RECEIVERS) {
      const reached = `These are ${count}; one whisper reaches ${MAX_WHISPER_RECEIVERS}.`;
      throw tooMany(reached, 'whisper_receivers', MAX_WHISPER_RECEIVERS);
    }
    const chosen = id ?? this.#ids.take();
    if (former !== undefined) this.#unlink(chosen, former);
    this.#link(chosen, target);
    this.#bySpeaker.set(session.id, own.add(chosen));
    return chosen;
  }

  /** Throws NOT_FOUND where the session has no such target. */
  remove(speakerId: SessionId, id: WhisperTargetId): void {
    const target = this.#targets.get(id);
    if (target?.speakerId !== speakerId) throw notFound('whisper target');
    this.#unlink(id, target);
    this.#targets.delete(id);
    this.#ids.release(id);
    const own = this.#bySpeaker.get(speakerId);
    own?.delete(id);
    if (own?.size === 0) this.#bySpeaker.delete(speakerId);
  }

  /** Removes all targets of a session and returns them. */
  removeAllOf(speakerId: SessionId): readonly WhisperTargetId[] {
    const own = [...(this.#bySpeaker.get(speakerId) ?? [])];
    for (const id of own) this.remove(speakerId, id);
    return own;
  }

  /** The targets that a session may come to hear or not, or speak to, when something of it changes. */
  concernedBy({ session, channelIds }: ViewedSession): ReadonlySet<WhisperTargetId> {
    return new Set([
      ...(this.#bySpeaker.get(session.id) ?? []),
      ...(this.#byUser.get(session.userId) ?? []),
      ...channelIds.flatMap((id) => [...(this.#byChannel.get(id) ?? [])]),
    ]);
  }

  /** The targets that are concerned by the coming and going of a user in a channel. */
  concernedByStep(channelId: ChannelId, userId: UserId | undefined): ReadonlySet<WhisperTargetId> {
    const ofUser = userId === undefined ? undefined : this.#byUser.get(userId);
    return new Set([...(this.#byChannel.get(channelId) ?? []), ...(ofUser ?? [])]);
  }

  /** The rules of the organization have changed. */
  takeFacts(): void {
    for (const [id, target] of this.#targets) {
      this.#unlink(id, target);
      this.#link(id, this.#make(target.speakerId, target.speakerUserId, target.audience, target.holders));
    }
  }

  /** Its speaker and whoever may hear it, deafened or not; nobody where it is gone. Beyond {@link MAX_WHISPER_RECEIVERS} those who have come last do not hear it. */
  holders(id: WhisperTargetId): ReadonlySet<SessionId> {
    const target = this.#targets.get(id);
    if (target === undefined) return new Set();
    const audible = this.#audible(target);
    target.holders = audible.size > MAX_WHISPER_RECEIVERS ? withoutLast(audible, target.holders) : audible;
    return target.holders.add(target.speakerId);
  }

  /** Who of the holders hears the target, and whether its speaker may speak. */
  route(id: WhisperTargetId, holders: ReadonlySet<SessionId>, epoch: number): RouteUpdate {
    const { sessions } = this.#view;
    const speakerId = this.speakerOf(id);
    const listeners: SessionId[] = [];
    const speakers: SessionId[] = [];
    for (const each of holders) {
      const session = sessions.get(each)?.session;
      if (session === undefined) continue;
      if (each !== speakerId) {
        if (isHearing(session)) listeners.push(each);
      } else if (isHeard(session)) speakers.push(each);
    }
    return { target: id, epoch, listeners, speakers };
  }

  /** All who would hear the target if there were no limit. */
  #audible({ speakerId, speakerUserId, audience, reach }: WhisperTarget): Set<SessionId> {
    const found = new Set<SessionId>();
    for (const [channelId, { everybody, roleIds }] of reach) {
      for (const { id, userId } of this.#view.members(channelId)) {
        if (everybody || this.#holdsAny(userId, roleIds)) found.add(id);
      }
    }
    for (const userId of audience.userIds) {
      const viewed = this.#view.sessionOf(userId);
      if (viewed !== undefined && this.#mayWhisperTo(speakerUserId, viewed)) found.add(viewed.session.id);
    }
    found.delete(speakerId);
    return found;
  }

  /** WHISPER in a channel that the receiver is in; for a receiver who is nowhere, where no ACL governs. */
  #mayWhisperTo(speakerUserId: UserId, { channelIds }: ViewedSession): boolean {
    const facts = this.#facts;
    const masks =
      channelIds.length === 0
        ? [facts.permissionsAtLarge(speakerUserId)]
        : channelIds.map((id) => facts.permissionsIn(id, speakerUserId));
    return masks.some((mask) => holds(mask, Permission.WHISPER));
  }

  #holdsAny(userId: UserId, roleIds: ReadonlySet<RoleId>): boolean {
    for (const roleId of roleIds) if (this.#facts.holdsRole(userId, roleId)) return true;
    return false;
  }

  #make(
    speakerId: SessionId,
    speakerUserId: UserId,
    audience: WhisperAudience,
    holders: Set<SessionId>,
  ): WhisperTarget {
    const reach = new Map<ChannelId, Reach>();
    for (const place of audience.places) {
      for (const channelId of this.#covered(place)) {
        if (!holds(this.#facts.permissionsIn(channelId, speakerUserId), Permission.WHISPER)) continue;
        const known = reach.get(channelId) ?? { everybody: false, roleIds: new Set() };
        if (place.roleId === null) known.everybody = true;
        else known.roleIds.add(place.roleId);
        reach.set(channelId, known);
      }
    }
    return { speakerId, speakerUserId, audience, reach, holders };
  }

  #covered({ channelId, subtree }: WhisperPlace): Iterable<ChannelId> {
    if (channelId === null) return this.#facts.channels.keys();
    return subtree ? this.#facts.subtree(channelId) : [channelId];
  }

  #requireKnown({ places }: WhisperAudience): void {
    for (const { channelId, roleId } of places) {
      if (channelId !== null && !this.#facts.channels.has(channelId)) throw notFound('channel');
      if (roleId !== null && !this.#facts.hasRole(roleId)) throw notFound('role');
    }
  }

  /** Users may be anywhere: who whispers to them needs WHISPER somewhere. */
  #requireWhisper(userId: UserId, { userIds, places }: WhisperAudience): void {
    const facts = this.#facts;
    const covered =
      userIds.length > 0 ? [...facts.channels.keys()] : places.flatMap((place) => [...this.#covered(place)]);
    const masks = covered.map((id) => facts.permissionsIn(id, userId));
    if (userIds.length > 0) masks.push(facts.permissionsAtLarge(userId));
    if (masks.some((mask) => holds(mask, Permission.WHISPER))) return;
    throw new AppError('PERMISSION_DENIED', 'You lack WHISPER there.', { params: { permission: 'WHISPER' } });
  }

  #requireRoom(own: number): void {
    if (own >= MAX_WHISPER_TARGETS) {
      throw tooMany(
        `You have ${own} whisper targets, which is all that you may.`,
        'whisper_targets',
        MAX_WHISPER_TARGETS,
      );
    }
    if (this.#targets.size < MAX_TARGETS_OF_ORGANIZATION) return;
    const full = 'The organization has as many whisper targets as it may.';
    throw tooMany(full, 'whisper_targets_of_organization', MAX_TARGETS_OF_ORGANIZATION);
  }

  #link(id: WhisperTargetId, target: WhisperTarget): void {
    this.#targets.set(id, target);
    for (const channelId of target.reach.keys()) addTo(this.#byChannel, channelId, id);
    for (const userId of target.audience.userIds) addTo(this.#byUser, userId, id);
  }

  #unlink(id: WhisperTargetId, { reach, audience }: WhisperTarget): void {
    for (const channelId of reach.keys()) removeFrom(this.#byChannel, channelId, id);
    for (const userId of audience.userIds) removeFrom(this.#byUser, userId, id);
  }

  get #facts(): OrganizationFacts {
    const { facts } = this.#view;
    if (facts === null) throw new Error('the organization has not been loaded');
    return facts;
  }
}

/** As many as a whisper reaches: first those who have heard it before. */
function withoutLast(audible: ReadonlySet<SessionId>, before: ReadonlySet<SessionId>): Set<SessionId> {
  const staying = [...audible].filter((id) => before.has(id));
  const coming = [...audible].filter((id) => !before.has(id));
  return new Set([...staying, ...coming].slice(0, MAX_WHISPER_RECEIVERS));
}

function tooMany(message: string, quota: string, max: number): AppError {
  return new AppError('QUOTA_EXCEEDED', message, { params: { quota, max } });
}

function addTo<Key>(index: Map<Key, Set<WhisperTargetId>>, key: Key, id: WhisperTargetId): void {
  index.set(key, (index.get(key) ?? new Set<WhisperTargetId>()).add(id));
}

function removeFrom<Key>(index: Map<Key, Set<WhisperTargetId>>, key: Key, id: WhisperTargetId): void {
  const ids = index.get(key);
  ids?.delete(id);
  if (ids?.size === 0) index.delete(key);
}
