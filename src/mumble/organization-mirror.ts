import { createHash } from 'node:crypto';
import type { LeaveReason } from '../events/domain-event.js';
import type { ChannelId, SessionId, UserId } from '../ids.js';
import { holds, Permission } from '../permissions/bits.js';
import type { Session } from '../sessions/session.js';
import { type ChannelFacts, isSameChannel, type OrganizationFacts } from '../voice/organization-facts.js';
import type { OrganizationView, ViewedSession } from '../voice/organization-view.js';
import { htmlText } from './html-text.js';
import { encodeMessage, type MumbleInit } from './mumble-messages.js';
import { rootBits } from './mumble-permissions.js';

/** The channel that stands for the organization. */
export const ROOT_ID = 0;
/** Descriptions and comments of so many bytes are told by their hash, and as a whole to whoever asks. */
const HASHED_BYTES = 128;

/** Somebody at the Mumble door. */
export interface MirrorClient {
  readonly sessionId: SessionId;
  readonly userId: UserId;
  /** Sends whole frames; never throws. */
  send(frames: Uint8Array): void;
  /** Something of its own session has changed. */
  onChanged(): void;
}

/** A client and what it has been told. */
interface Receiver {
  readonly client: MirrorClient;
  facts: OrganizationFacts;
}

/** What clients were told of a session. */
interface ToldUser {
  readonly viewed: ViewedSession;
  readonly channelId: number;
  readonly isSuppressed: boolean;
}

interface Ending {
  readonly reason: LeaveReason;
  /** What a moderator said about it; may be empty. */
  readonly message: string;
}

/** An organization as Mumble clients see it: root and channels, and each session in one place. Each difference is told once, and is the same for all but what depends on their rights. */
export class OrganizationMirror {
  readonly #receivers = new Map<SessionId, Receiver>();
  readonly #told = new Map<SessionId, ToldUser>();
  /** The whole state of each session as it was told, for those who come: made when somebody does, once for all of them. */
  readonly #wholeFrames = new Map<SessionId, Uint8Array>();
  readonly #channelFrames = new ChannelFrames();
  /** What clients were told last of the organization; null before the first. */
  #facts: OrganizationFacts | null = null;
  readonly #endings = new Map<SessionId, Ending>();
  readonly #comments = new Map<SessionId, string>();

  get isEmpty(): boolean {
    return this.#receivers.size === 0;
  }

  /** Where the session was last told to be: a channel, or the root. */
  channelOf(sessionId: SessionId): number {
    return this.#told.get(sessionId)?.channelId ?? ROOT_ID;
  }

  commentOf(sessionId: SessionId): string | undefined {
    return this.#comments.get(sessionId);
  }

  /**
   * Adds a client and returns the frames of all channels, of all sessions as the others were told of them, and of its own
   * as it is: what is newer comes to all with the next update. The view must have been loaded, and know its session.
   */
  enter(view: OrganizationView, client: MirrorClient): Uint8Array {
    const facts = loaded(view);
    const own = view.sessions.get(client.sessionId);
    const isUpToDate = this.#facts !== null && changedChannels(this.#facts, facts).length === 0;
    if (!isUpToDate || this.#receivers.size === 0 || own === undefined) this.update(view);
    this.#receivers.set(client.sessionId, { client, facts });
    const channels = Array.from(facts.channels.values(), (channel) =>
      this.#channelFrames.of(facts, channel, client.userId),
    );
    const others = Array.from(this.#told.values(), (told) => this.#wholeFrame(told));
    const self = own === undefined || this.#told.has(client.sessionId) ? [] : [this.#encodeWhole(toldUser(own, facts))];
    return Buffer.concat([rootFrame(facts), ...channels, ...self, ...others]);
  }

  leave(sessionId: SessionId): void {
    this.#receivers.delete(sessionId);
  }

  /** A session has ended: why is told with the next update. */
  noteEnding(sessionId: SessionId, ending: Ending): void {
    if (this.#told.has(sessionId)) this.#endings.set(sessionId, ending);
  }

  /** What a session says about itself; nobody keeps it longer than the session. */
  setComment(sessionId: SessionId, comment: string): void {
    if (comment === '') this.#comments.delete(sessionId);
    else this.#comments.set(sessionId, comment);
    this.#wholeFrames.delete(sessionId);
    this.#broadcast(encodeMessage('userState', { session: sessionId, ...commentFields(comment) }));
  }

  /** Tells all clients what has changed in the view. */
  update(view: OrganizationView): void {
    const facts = loaded(view);
    const changed = this.#facts === null ? [] : changedChannels(this.#facts, facts);
    for (const receiver of this.#receivers.values()) this.#tellChangedChannels(receiver, facts, changed);
    const frames: Uint8Array[] = [];
    for (const sessionId of [...this.#told.keys()]) {
      if (!view.sessions.has(sessionId)) frames.push(this.#removeUser(sessionId));
    }
    for (const viewed of view.sessions.values()) frames.push(...this.#changesOf(viewed, facts));
    // One write for each client, whatever has happened.
    if (frames.length > 0) this.#broadcast(Buffer.concat(frames));
    for (const receiver of this.#receivers.values()) {
      tellRemovedChannels(receiver, facts);
      receiver.facts = facts;
    }
    this.#channelFrames.keepOnly(facts);
    this.#facts = facts;
  }

  /** The frames that tell of what has changed of a session. */
  #changesOf(viewed: ViewedSession, facts: OrganizationFacts): Uint8Array[] {
    const { id } = viewed.session;
    const former = this.#told.get(id);
    const told = toldUser(viewed, facts);
    if (former?.viewed === viewed && former.channelId === told.channelId && former.isSuppressed === told.isSuppressed) {
      return [];
    }
    this.#told.set(id, told);
    this.#wholeFrames.delete(id);
    this.#receivers.get(id)?.client.onChanged();
    if (former === undefined) return [this.#wholeFrame(told)];
    const state = difference(former, told);
    return state === undefined ? [] : [encodeMessage('userState', state)];
  }

  #removeUser(sessionId: SessionId): Uint8Array {
    const ending = this.#endings.get(sessionId);
    this.#told.delete(sessionId);
    this.#wholeFrames.delete(sessionId);
    this.#endings.delete(sessionId);
    this.#comments.delete(sessionId);
    const isPutOut = ending?.reason === 'kicked' || ending?.reason === 'banned';
    const why = isPutOut ? { reason: ending.message, ban: ending.reason === 'banned' } : {};
    return encodeMessage('userRemove', { session: sessionId, ...why });
  }

  #tellChangedChannels(
    { client, facts: former }: Receiver,
    facts: OrganizationFacts,
    changed: readonly ChannelFacts[],
  ): void {
    if (former === facts) return;
    const { userId } = client;
    if (former.name !== facts.name) client.send(rootFrame(facts));
    const hasSameRights = former.permissionsOf(userId)?.key === facts.permissionsOf(userId)?.key;
    // Whether a client may enter depends on its rights and on the channel alone.
    for (const channel of hasSameRights ? changed : facts.channels.values()) {
      const before = former.channels.get(channel.id);
      const isSame =
        before !== undefined &&
        isSameChannel(before, channel) &&
        mayEnter(former, before, userId) === mayEnter(facts, channel, userId);
      if (!isSame) client.send(this.#channelFrames.of(facts, channel, userId));
    }
    if (hasSameRights && former.permissionsAtLarge(userId) === facts.permissionsAtLarge(userId)) return;
    const permissions = rootBits(facts.permissionsAtLarge(userId));
    client.send(encodeMessage('permissionQuery', { channelId: ROOT_ID, permissions, flush: true }));
  }

  #wholeFrame(told: ToldUser): Uint8Array {
    const { id } = told.viewed.session;
    const known = this.#wholeFrames.get(id);
    if (known !== undefined) return known;
    const frame = this.#encodeWhole(told);
    this.#wholeFrames.set(id, frame);
    return frame;
  }

  #encodeWhole(told: ToldUser): Uint8Array {
    return encodeMessage('userState', this.#wholeState(told));
  }

  #wholeState(told: ToldUser): MumbleInit<'userState'> {
    const { session } = told.viewed;
    const comment = this.#comments.get(session.id);
    return {
      session: session.id,
      name: session.username,
      userId: session.userId,
      channelId: told.channelId,
      ...flags(told),
      listeningChannelAdd: [...session.listeningChannelIds],
      ...(comment !== undefined && commentFields(comment)),
    };
  }

  #broadcast(frame: Uint8Array): void {
    for (const { client } of this.#receivers.values()) client.send(frame);
  }
}

/** Who is in several channels is shown in the one that they joined last; who is in none, in the root. */
export function shownChannel({ channelIds }: ViewedSession, facts: OrganizationFacts): number {
  const id = channelIds.at(-1);
  return id !== undefined && facts.channels.has(id) ? id : ROOT_ID;
}

/** The whole description of a channel, as a Mumble client shows it. */
export function descriptionFrame({ id, description }: ChannelFacts): Uint8Array {
  return encodeMessage('channelState', { channelId: id, description: htmlText(description) });
}

function toldUser(viewed: ViewedSession, facts: OrganizationFacts): ToldUser {
  const channelId = shownChannel(viewed, facts);
  const mask = channelId === ROOT_ID ? 0 : facts.permissionsIn(channelId as ChannelId, viewed.session.userId);
  return { viewed, channelId, isSuppressed: !holds(mask, Permission.SPEAK) };
}

function flags({ viewed: { session }, isSuppressed }: ToldUser) {
  return {
    mute: session.muted,
    deaf: session.deafened,
    suppress: isSuppressed,
    selfMute: session.selfMuted,
    selfDeaf: session.selfDeafened,
    prioritySpeaker: session.prioritySpeaker,
    recording: session.recording,
  };
}

/** What the second has that the first has not, or undefined where clients would be told nothing. */
function difference(former: ToldUser, told: ToldUser): MumbleInit<'userState'> | undefined {
  const { session } = told.viewed;
  const before = former.viewed.session;
  const formerFlags = new Map<string, boolean>(Object.entries(flags(former)));
  const changed = Object.entries(flags(told)).filter(([name, value]) => formerFlags.get(name) !== value);
  const added = without(session.listeningChannelIds, before.listeningChannelIds);
  const removed = without(before.listeningChannelIds, session.listeningChannelIds);
  const isMoved = former.channelId !== told.channelId;
  const isRenamed = before.username !== session.username;
  if (changed.length + added.length + removed.length === 0 && !isMoved && !isRenamed) return undefined;
  return {
    session: session.id,
    ...Object.fromEntries(changed),
    ...(isRenamed && { name: session.username }),
    ...(isMoved && { channelId: told.channelId }),
    listeningChannelAdd: added,
    listeningChannelRemove: removed,
  };
}

function without(all: Session['listeningChannelIds'], others: Session['listeningChannelIds']): ChannelId[] {
  return all.filter((id) => !others.includes(id));
}

/** Children before parents. */
function tellRemovedChannels({ client, facts: former }: Receiver, facts: OrganizationFacts): void {
  if (former === facts) return;
  const gone = [...former.channels.keys()].filter((id) => !facts.channels.has(id)).reverse();
  for (const channelId of gone) client.send(encodeMessage('channelRemove', { channelId }));
}

function rootFrame({ name }: OrganizationFacts): Uint8Array {
  return encodeMessage('channelState', {
    channelId: ROOT_ID,
    name,
    position: 0,
    isEnterRestricted: false,
    canEnter: true,
  });
}

/** Channels that are new or not the same as before. */
function changedChannels(former: OrganizationFacts, facts: OrganizationFacts): ChannelFacts[] {
  if (former === facts) return [];
  return [...facts.channels.values()].filter((channel) => {
    const before = former.channels.get(channel.id);
    return before === undefined || !isSameChannel(before, channel);
  });
}

/** The frames of channels: each is the same for all who may enter, and for all who may not. */
class ChannelFrames {
  readonly #known = new Map<ChannelId, { readonly channel: ChannelFacts; readonly frames: Map<boolean, Uint8Array> }>();

  of(facts: OrganizationFacts, channel: ChannelFacts, userId: UserId): Uint8Array {
    const canEnter = mayEnter(facts, channel, userId);
    let known = this.#known.get(channel.id);
    if (known === undefined || !isSameChannel(known.channel, channel)) {
      known = { channel, frames: new Map() };
      this.#known.set(channel.id, known);
    }
    const frame = known.frames.get(canEnter) ?? channelFrame(channel, canEnter);
    known.frames.set(canEnter, frame);
    return frame;
  }

  /** Forgets channels that there are no more. */
  keepOnly({ channels }: OrganizationFacts): void {
    if (this.#known.size <= channels.size) return;
    for (const id of this.#known.keys()) if (!channels.has(id)) this.#known.delete(id);
  }
}

function channelFrame(channel: ChannelFacts, canEnter: boolean): Uint8Array {
  const { id, parentId, name, description, hasPassword, maxUsers, position } = channel;
  return encodeMessage('channelState', {
    channelId: id,
    parent: parentId ?? ROOT_ID,
    name,
    position,
    maxUsers,
    temporary: false,
    isEnterRestricted: hasPassword || !canEnter,
    canEnter,
    ...hashedField('description', 'descriptionHash', htmlText(description)),
  });
}

/** True where the user needs no password for the channel and holds JOIN. */
function mayEnter(facts: OrganizationFacts, { id, hasPassword }: ChannelFacts, userId: UserId): boolean {
  const mask = facts.permissionsIn(id, userId);
  return holds(mask, Permission.JOIN) && (!hasPassword || holds(mask, Permission.MANAGE));
}

function commentFields(comment: string) {
  return hashedField('comment', 'commentHash', comment);
}

/** A short text as it is, a long one as its hash: whoever has it already need not get it again. */
function hashedField(textField: string, hashField: string, text: string) {
  if (Buffer.byteLength(text) < HASHED_BYTES) return { [textField]: text };
  return { [hashField]: createHash('sha1').update(text).digest() };
}

function loaded({ facts }: OrganizationView): OrganizationFacts {
  if (facts === null) throw new Error('the organization has not been loaded');
  return facts;
}
