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
  readonly facts: OrganizationFacts;
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

  /** Adds a client and returns the frames of all channels and sessions, its own too. The view must have been loaded, and know its session. */
  enter(view: OrganizationView, client: MirrorClient): Uint8Array {
    this.update(view);
    const facts = loaded(view);
    this.#receivers.set(client.sessionId, { client, facts });
    const channels = [...facts.channels.values()].map((channel) => channelFrame(facts, channel, client.userId));
    const users = [...this.#told.values()].map((told) => encodeMessage('userState', this.#wholeState(told)));
    return Buffer.concat([rootFrame(facts), ...channels, ...users]);
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
    this.#broadcast(encodeMessage('userState', { session: sessionId, ...commentFields(comment) }));
  }

  /** Tells all clients what has changed in the view. */
  update(view: OrganizationView): void {
    const facts = loaded(view);
    for (const receiver of this.#receivers.values()) tellChangedChannels(receiver, facts);
    for (const sessionId of [...this.#told.keys()]) if (!view.sessions.has(sessionId)) this.#removeUser(sessionId);
    for (const viewed of view.sessions.values()) this.#tellUser(viewed, facts);
    for (const receiver of this.#receivers.values()) {
      tellRemovedChannels(receiver, facts);
      receiver.facts = facts;
    }
  }

  #tellUser(viewed: ViewedSession, facts: OrganizationFacts): void {
    const { id } = viewed.session;
    const former = this.#told.get(id);
    if (former?.viewed === viewed && former.facts === facts) return;
    const told = toldUser(viewed, facts);
    this.#told.set(id, told);
    this.#receivers.get(id)?.client.onChanged();
    const state = former === undefined ? this.#wholeState(told) : difference(former, told);
    if (state !== undefined) this.#broadcast(encodeMessage('userState', state));
  }

  #removeUser(sessionId: SessionId): void {
    const ending = this.#endings.get(sessionId);
    this.#told.delete(sessionId);
    this.#endings.delete(sessionId);
    this.#comments.delete(sessionId);
    const isPutOut = ending?.reason === 'kicked' || ending?.reason === 'banned';
    const why = isPutOut ? { reason: ending.message, ban: ending.reason === 'banned' } : {};
    this.#broadcast(encodeMessage('userRemove', { session: sessionId, ...why }));
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
  return { viewed, facts, channelId, isSuppressed: !holds(mask, Permission.SPEAK) };
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

function tellChangedChannels({ client, facts: former }: Receiver, facts: OrganizationFacts): void {
  if (former === facts) return;
  if (former.name !== facts.name) client.send(rootFrame(facts));
  for (const channel of facts.channels.values()) {
    const before = former.channels.get(channel.id);
    const isSame =
      before !== undefined &&
      isSameChannel(before, channel) &&
      mayEnter(former, before, client.userId) === mayEnter(facts, channel, client.userId);
    if (!isSame) client.send(channelFrame(facts, channel, client.userId));
  }
  const { userId } = client;
  const isSame =
    former.permissionsOf(userId)?.key === facts.permissionsOf(userId)?.key &&
    former.permissionsAtLarge(userId) === facts.permissionsAtLarge(userId);
  if (!isSame) {
    const permissions = rootBits(facts.permissionsAtLarge(userId));
    client.send(encodeMessage('permissionQuery', { channelId: ROOT_ID, permissions, flush: true }));
  }
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

function channelFrame(facts: OrganizationFacts, channel: ChannelFacts, userId: UserId): Uint8Array {
  const { id, parentId, name, description, hasPassword, maxUsers, position } = channel;
  const canEnter = mayEnter(facts, channel, userId);
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
