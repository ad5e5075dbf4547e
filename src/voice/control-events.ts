import type { LeaveReason } from '../events/domain-event.js';
import type { ChannelId, SessionId, UserId, WhisperTargetId } from '../ids.js';
import { NO_PERMISSIONS, type PermissionMask } from '../permissions/bits.js';
import { encodeServerMessage, type ServerBody } from './control-frames.js';
import { type ChannelFacts, isSameChannel, type OrganizationFacts } from './organization-facts.js';
import type { OrganizationView, ViewedSession } from './organization-view.js';

/** How many messages are kept for a client that is away. */
const MAX_MISSED = 64;
const SYNCHRONIZED: ServerBody = { case: 'synchronized', value: {} };

/** The connection of a client, as far as events are concerned. */
export interface ControlClient {
  /** True for a client whose door tells it the states of channels and sessions by itself, from the view: it is sent only what is its own. */
  readonly readsView?: boolean;
  /** Sends whole frames, in the order of the calls. Never throws; a client that is gone gets nothing. */
  send(frames: Uint8Array): void;
}

/** A client and what it has been told. */
interface Receiver {
  readonly client: ControlClient;
  readonly userId: UserId;
  facts: OrganizationFacts;
  /** The version of the view that it was told at its login. */
  readonly sinceVersion: number;
}

interface SessionChange {
  readonly frame: Uint8Array;
  readonly version: number;
  /** False where those who were there before have never heard of the session. */
  readonly concernsAll: boolean;
}

interface Ending {
  readonly reason: LeaveReason;
  /** What a moderator said about it; may be empty. */
  readonly message: string;
  readonly version: number;
}

/**
 * Tells the clients of one organization what has changed: each difference once, to each client its own permissions. A
 * client that comes is told the present state, and from then on what differs from it.
 */
export class ControlEvents {
  readonly #receivers = new Map<SessionId, Receiver>();
  /** What is kept for sessions whose clients are away. */
  readonly #missed = new Map<SessionId, Uint8Array[]>();
  /** The versions of the sessions that all have been told of. */
  readonly #told = new Map<SessionId, number>();
  readonly #endings = new Map<SessionId, Ending>();
  readonly #frames = new StateFrames();
  #toldVersion = 0;

  get receiverCount(): number {
    return this.#receivers.size;
  }

  /** True where all others know of the session. */
  isTold(sessionId: SessionId): boolean {
    return this.#told.has(sessionId);
  }

  /** Adds a client, in place of a former one of its session, and returns the frames of the present state: channels, sessions, these keys, and Synchronized; then what was kept for it. The view must have been loaded, and know the session. */
  enter(view: OrganizationView, sessionId: SessionId, client: ControlClient, keys: readonly ServerBody[]): Uint8Array {
    const facts = loaded(view);
    const { userId } = known(view, sessionId).session;
    this.#receivers.set(sessionId, { client, userId, facts, sinceVersion: view.version });
    const rest = [...keys, SYNCHRONIZED].map((body) => encodeServerMessage(0, body));
    const missed = this.#missed.get(sessionId) ?? [];
    this.#missed.delete(sessionId);
    if (client.readsView === true) return Buffer.concat([...rest, ...missed]);
    const permissions = facts.permissionsOf(userId)?.masks;
    const channels = [...facts.channels.values()].map((channel) =>
      this.#frames.ofChannel(channel, permissions?.get(channel.id) ?? NO_PERMISSIONS),
    );
    const sessions = [...view.sessions.values()].map((each) => this.#frames.ofSession(each));
    return Buffer.concat([...channels, ...sessions, ...rest, ...missed]);
  }

  /** The client of the session is away: it is told nothing until it enters again. */
  pause(sessionId: SessionId): void {
    if (this.#receivers.delete(sessionId)) this.#missed.set(sessionId, []);
  }

  /** The session has ended: it is told nothing any more, and others are told that it is gone. */
  leave(view: OrganizationView, sessionId: SessionId, ending: Pick<Ending, 'reason' | 'message'>): void {
    this.#receivers.delete(sessionId);
    this.#missed.delete(sessionId);
    this.#endings.set(sessionId, { ...ending, version: view.version });
  }

  /** Tells a session that it does not hear a whisper target any more. */
  sendWhisperEnded(sessionId: SessionId, targetId: WhisperTargetId): void {
    this.#sendTo(sessionId, { case: 'whisperEnded', value: { targetId } });
  }

  /** Tells a session that it was taken out of a channel. */
  sendChannelLeft(sessionId: SessionId, channelId: ChannelId, reason: LeaveReason): void {
    this.#sendTo(sessionId, { case: 'channelLeft', value: { channelId, reason } });
  }

  /** Tells sessions something. Whose client is away is not told, and finds it in the state that it is told when it comes back. */
  send(sessionIds: readonly SessionId[], body: ServerBody): void {
    const frame = encodeServerMessage(0, body);
    for (const sessionId of sessionIds) this.#receivers.get(sessionId)?.client.send(frame);
  }

  /** Tells sessions something that is in no state: for a client that is away it is kept, with a few of its kind. */
  sendLasting(sessionIds: readonly SessionId[], frame: Uint8Array): void {
    for (const sessionId of sessionIds) {
      const missed = this.#missed.get(sessionId);
      if (missed === undefined) this.#receivers.get(sessionId)?.client.send(frame);
      else if (missed.length < MAX_MISSED) missed.push(frame);
    }
  }

  /** Tells everybody what has changed since the last time. */
  publish(view: OrganizationView): void {
    const facts = loaded(view);
    const changes = this.#sessionChanges(view);
    const forAll = Buffer.concat(changes.filter(({ concernsAll }) => concernsAll).map(({ frame }) => frame));
    const channelDifferences = new ChannelDifferences(this.#frames);
    for (const receiver of this.#receivers.values()) {
      const { client, sinceVersion } = receiver;
      if (client.readsView === true) continue;
      const channels = channelDifferences.between(receiver.facts, facts, receiver.userId);
      const sessions =
        sinceVersion <= this.#toldVersion
          ? forAll
          : Buffer.concat(changes.filter(({ version }) => version > sinceVersion).map(({ frame }) => frame));
      for (const frames of [channels.changed, sessions, channels.removed]) if (frames.length > 0) client.send(frames);
      receiver.facts = facts;
    }
    this.#toldVersion = view.version;
  }

  /** Takes the changes as told. */
  #sessionChanges(view: OrganizationView): SessionChange[] {
    const changes: SessionChange[] = [];
    for (const [sessionId, { reason, message, version }] of this.#endings) {
      const frame = encodeServerMessage(0, { case: 'sessionRemoved', value: { sessionId, reason, message } });
      changes.push({ frame, version, concernsAll: this.#told.delete(sessionId) });
    }
    this.#endings.clear();
    for (const [sessionId, viewed] of view.sessions) {
      if (this.#told.get(sessionId) === viewed.version) continue;
      this.#told.set(sessionId, viewed.version);
      changes.push({ frame: this.#frames.ofSession(viewed), version: viewed.version, concernsAll: true });
    }
    return changes;
  }

  #sendTo(sessionId: SessionId, body: ServerBody): void {
    this.#receivers.get(sessionId)?.client.send(encodeServerMessage(0, body));
  }
}

/** The frames of states, each made once however many clients are told of it: what they are made from never changes. */
class StateFrames {
  readonly #sessions = new WeakMap<ViewedSession, Uint8Array>();
  readonly #channels = new WeakMap<ChannelFacts, Map<PermissionMask, Uint8Array>>();

  ofSession(viewed: ViewedSession): Uint8Array {
    const frame = this.#sessions.get(viewed) ?? encodeServerMessage(0, sessionState(viewed));
    this.#sessions.set(viewed, frame);
    return frame;
  }

  ofChannel(channel: ChannelFacts, permissions: PermissionMask): Uint8Array {
    const byMask = this.#channels.get(channel) ?? new Map<PermissionMask, Uint8Array>();
    const frame = byMask.get(permissions) ?? encodeServerMessage(0, channelState(channel, permissions));
    this.#channels.set(channel, byMask.set(permissions, frame));
    return frame;
  }
}

/** What has changed of the channels. Most clients have been told the same before and hold the same: each difference is found once. */
class ChannelDifferences {
  readonly #frames: StateFrames;
  readonly #known = new Map<string, { readonly changed: Uint8Array; readonly removed: Uint8Array }>();
  readonly #numbers = new Map<OrganizationFacts, number>();

  constructor(frames: StateFrames) {
    this.#frames = frames;
  }

  /** `changed` holds parents before children, `removed` children before parents. */
  between(
    former: OrganizationFacts,
    present: OrganizationFacts,
    userId: UserId,
  ): { readonly changed: Uint8Array; readonly removed: Uint8Array } {
    if (former === present) return NOTHING;
    const key = `${this.#numberOf(former)} ${former.permissionsOf(userId)?.key} ${present.permissionsOf(userId)?.key}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const changed = [...present.channels.values()].flatMap((channel) => {
      const before = former.channels.get(channel.id);
      const mask = present.permissionsIn(channel.id, userId);
      const isSame =
        before !== undefined && isSameChannel(before, channel) && former.permissionsIn(channel.id, userId) === mask;
      return isSame ? [] : [this.#frames.ofChannel(channel, mask)];
    });
    const gone = [...former.channels.keys()].filter((id) => !present.channels.has(id)).reverse();
    const removed = gone.map((id) => encodeServerMessage(0, { case: 'channelRemoved', value: { id } }));
    const differences = { changed: Buffer.concat(changed), removed: Buffer.concat(removed) };
    this.#known.set(key, differences);
    return differences;
  }

  #numberOf(facts: OrganizationFacts): number {
    const number = this.#numbers.get(facts) ?? this.#numbers.size;
    this.#numbers.set(facts, number);
    return number;
  }
}

const NOTHING = { changed: new Uint8Array(0), removed: new Uint8Array(0) };

function known({ sessions }: OrganizationView, sessionId: SessionId): ViewedSession {
  const viewed = sessions.get(sessionId);
  if (viewed === undefined) throw new Error('the session is not known');
  return viewed;
}

function loaded({ facts }: OrganizationView): OrganizationFacts {
  if (facts === null) throw new Error('the organization has not been loaded');
  return facts;
}

function channelState(channel: ChannelFacts, permissions: PermissionMask): ServerBody {
  return { case: 'channelState', value: { ...channel, parentId: channel.parentId ?? 0, permissions } };
}

function sessionState({ session, channelIds }: ViewedSession): ServerBody {
  const { id, userId, username, selfMuted, selfDeafened, recording, muted, deafened, prioritySpeaker } = session;
  return {
    case: 'sessionState',
    value: {
      sessionId: id,
      userId,
      username,
      channelIds: [...channelIds],
      listeningChannelIds: [...session.listeningChannelIds],
      selfMuted,
      selfDeafened,
      recording,
      muted,
      deafened,
      prioritySpeaker,
    },
  };
}
