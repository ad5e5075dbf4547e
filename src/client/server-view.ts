import { isDeepStrictEqual } from 'node:util';
import type { SessionState } from '../protocol/generated/control_pb.js';
import type { ServerBody } from './control-stream.js';

/** What the user may do in a channel. */
export interface ChannelPermissions {
  readonly join: boolean;
  readonly speak: boolean;
  readonly whisper: boolean;
  readonly manage: boolean;
}

/** A channel of the organization. */
export interface Channel {
  readonly id: number;
  /** Undefined for a channel at the root. */
  readonly parentId: number | undefined;
  readonly name: string;
  readonly description: string;
  readonly hasPassword: boolean;
  /** How many sessions fit in. */
  readonly maxUsers: number;
  /** The order among siblings, smallest first; equal ones are ordered by id. */
  readonly position: number;
  readonly permissions: ChannelPermissions;
}

/** A connected session of the organization. */
export interface Session {
  readonly id: number;
  readonly userId: number;
  readonly username: string;
  readonly channelIds: readonly number[];
  readonly selfMuted: boolean;
  readonly selfDeafened: boolean;
  /** The channels that it hears without being in them. */
  readonly listeningChannelIds: readonly number[];
  /** It says that it records what it hears. */
  readonly recording: boolean;
  /** A moderator has muted it. */
  readonly muted: boolean;
  /** A moderator has deafened it. */
  readonly deafened: boolean;
  /** A moderator wants it to be heard above others: make those quieter while it speaks. */
  readonly prioritySpeaker: boolean;
}

/** What has changed in the view. */
export type ViewChange =
  | { readonly type: 'channel'; readonly channel: Channel }
  | { readonly type: 'channel_removed'; readonly channelId: number }
  | { readonly type: 'session'; readonly session: Session; readonly former: Session | undefined }
  | { readonly type: 'session_removed'; readonly session: Session; readonly reason: string; readonly message: string };

/** The channels and sessions of the organization as the server's events tell them. Pure. */
export class ServerView {
  readonly #channels = new Map<number, Channel>();
  readonly #sessions = new Map<number, Session>();
  /** What was known before the state is told again, and was not told again yet. */
  readonly #stale = { channels: new Set<number>(), sessions: new Set<number>() };

  get channels(): ReadonlyMap<number, Channel> {
    return this.#channels;
  }

  get sessions(): ReadonlyMap<number, Session> {
    return this.#sessions;
  }

  /** The whole state is told again from now on: what is the same is no change. */
  restart(): void {
    for (const id of this.#channels.keys()) this.#stale.channels.add(id);
    for (const id of this.#sessions.keys()) this.#stale.sessions.add(id);
  }

  /** The whole state has been told: what was not is gone. */
  settle(): ViewChange[] {
    const gone: ViewChange[] = [];
    for (const channelId of this.#stale.channels) {
      if (this.#channels.delete(channelId)) gone.push({ type: 'channel_removed', channelId });
    }
    for (const id of this.#stale.sessions) {
      const session = this.#sessions.get(id);
      if (session === undefined) continue;
      this.#sessions.delete(id);
      gone.push({ type: 'session_removed', session, reason: 'disconnected', message: '' });
    }
    this.#stale.channels.clear();
    this.#stale.sessions.clear();
    return gone;
  }

  /** Takes an event in. Returns undefined where it is about something else, or about what is not known, or tells again what is known. */
  apply(body: ServerBody): ViewChange | undefined {
    switch (body.case) {
      case 'channelState': {
        const { id, parentId, permissions, name, description, hasPassword, maxUsers, position } = body.value;
        const channel: Channel = {
          id,
          parentId: parentId === 0 ? undefined : parentId,
          name,
          description,
          hasPassword,
          maxUsers,
          position,
          permissions: toPermissions(permissions),
        };
        const known = this.#channels.get(id);
        this.#channels.set(id, channel);
        const isOld = this.#stale.channels.delete(id) && isDeepStrictEqual(known, channel);
        return isOld ? undefined : { type: 'channel', channel };
      }
      case 'channelRemoved':
        return this.#channels.delete(body.value.id) ? { type: 'channel_removed', channelId: body.value.id } : undefined;
      case 'sessionState': {
        const session = toSession(body.value);
        const { id } = session;
        const former = this.#sessions.get(id);
        this.#sessions.set(id, session);
        const isOld = this.#stale.sessions.delete(id) && isDeepStrictEqual(former, session);
        return isOld ? undefined : { type: 'session', session, former };
      }
      case 'sessionRemoved': {
        const session = this.#sessions.get(body.value.sessionId);
        if (session === undefined) return undefined;
        this.#sessions.delete(session.id);
        return { type: 'session_removed', session, reason: body.value.reason, message: body.value.message };
      }
      default:
        return undefined;
    }
  }
}

function toSession(state: SessionState): Session {
  const { sessionId, userId, username, selfMuted, selfDeafened, recording, muted, deafened, prioritySpeaker } = state;
  return {
    id: sessionId,
    userId,
    username,
    channelIds: [...state.channelIds],
    listeningChannelIds: [...state.listeningChannelIds],
    selfMuted,
    selfDeafened,
    recording,
    muted,
    deafened,
    prioritySpeaker,
  };
}

function toPermissions(mask: number): ChannelPermissions {
  return { join: (mask & 1) !== 0, speak: (mask & 2) !== 0, whisper: (mask & 4) !== 0, manage: (mask & 8) !== 0 };
}
