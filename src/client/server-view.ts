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
  /** A moderator has muted it. */
  readonly muted: boolean;
  /** A moderator has deafened it. */
  readonly deafened: boolean;
}

/** What has changed in the view. */
export type ViewChange =
  | { readonly type: 'channel'; readonly channel: Channel }
  | { readonly type: 'channel_removed'; readonly channelId: number }
  | { readonly type: 'session'; readonly session: Session; readonly former: Session | undefined }
  | { readonly type: 'session_removed'; readonly session: Session; readonly reason: string };

/** The channels and sessions of the organization as the server's events tell them. Pure. */
export class ServerView {
  readonly #channels = new Map<number, Channel>();
  readonly #sessions = new Map<number, Session>();

  get channels(): ReadonlyMap<number, Channel> {
    return this.#channels;
  }

  get sessions(): ReadonlyMap<number, Session> {
    return this.#sessions;
  }

  /** Takes an event in. Returns undefined where it is about something else, or about what is not known. */
  apply(body: ServerBody): ViewChange | undefined {
    switch (body.case) {
      case 'channelState': {
        const { id, parentId, permissions, name, description, hasPassword, maxUsers } = body.value;
        const channel: Channel = {
          id,
          parentId: parentId === 0 ? undefined : parentId,
          name,
          description,
          hasPassword,
          maxUsers,
          permissions: toPermissions(permissions),
        };
        this.#channels.set(id, channel);
        return { type: 'channel', channel };
      }
      case 'channelRemoved':
        return this.#channels.delete(body.value.id) ? { type: 'channel_removed', channelId: body.value.id } : undefined;
      case 'sessionState': {
        const { sessionId: id, userId, username, selfMuted, selfDeafened, muted, deafened } = body.value;
        const former = this.#sessions.get(id);
        const channelIds = [...body.value.channelIds];
        const session: Session = { id, userId, username, channelIds, selfMuted, selfDeafened, muted, deafened };
        this.#sessions.set(id, session);
        return { type: 'session', session, former };
      }
      case 'sessionRemoved': {
        const session = this.#sessions.get(body.value.sessionId);
        if (session === undefined) return undefined;
        this.#sessions.delete(session.id);
        return { type: 'session_removed', session, reason: body.value.reason };
      }
      default:
        return undefined;
    }
  }
}

function toPermissions(mask: number): ChannelPermissions {
  return { join: (mask & 1) !== 0, speak: (mask & 2) !== 0, whisper: (mask & 4) !== 0, manage: (mask & 8) !== 0 };
}
