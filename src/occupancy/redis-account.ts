import { type ChannelId, channelId, type SessionId, sessionId, type UserId, userId } from '../ids.js';
import type { RedisLink } from '../redis/redis-link.js';
import type { Member } from './occupancy.js';

/** What Redis says of a session. */
export interface StoredSession {
  /** The node that it is leased to, or null where there is no entry. */
  readonly node: string | null;
  /** The session that its user has, or null. */
  readonly sessionOfUser: SessionId | null;
  readonly channelIds: ReadonlySet<ChannelId>;
  /** The same for other tools: those of its user. */
  readonly userChannelIds: ReadonlySet<ChannelId>;
}

/** Who is in a channel by Redis. */
export interface StoredChannel {
  readonly sessionIds: ReadonlySet<SessionId>;
  /** The same for other tools. */
  readonly userIds: ReadonlySet<UserId>;
}

/** All that Redis says, read anew each time: nothing of it comes from what a node remembers. */
export class RedisAccount {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** The sessions that the node is said to have. Rejects where Redis is away. */
  async sessionsOfNode(node: string): Promise<ReadonlySet<SessionId>> {
    return toIds(await this.#link.commands.smembers(`parley:node_sessions:${node}`), sessionId);
  }

  /** Rejects where Redis is away. */
  async sessionsOf(members: readonly Member[]): Promise<ReadonlyMap<SessionId, StoredSession>> {
    const { commands } = this.#link;
    const found = members.map(async ({ id, userId: user }) => {
      const [node, current, channelIds, userChannelIds] = await Promise.all([
        commands.hget(`parley:entry:${id}`, 'node'),
        commands.hget(`session:${user}`, 'session_id'),
        commands.zrange(`parley:session_channels:${id}`, 0, -1),
        commands.smembers(`user_channels:${user}`),
      ]);
      const stored: StoredSession = {
        node,
        sessionOfUser: current === null ? null : sessionId(Number(current)),
        channelIds: toIds(channelIds, channelId),
        userChannelIds: toIds(userChannelIds, channelId),
      };
      return [id, stored] as const;
    });
    return new Map(await Promise.all(found));
  }

  /** Rejects where Redis is away. */
  async channelsOf(ids: readonly ChannelId[]): Promise<ReadonlyMap<ChannelId, StoredChannel>> {
    const { commands } = this.#link;
    const found = ids.map(async (id) => {
      const [sessionIds, userIds] = await Promise.all([
        commands.zrange(`parley:channel:${id}`, 0, -1),
        commands.smembers(`channel_members:${id}`),
      ]);
      return [id, { sessionIds: toIds(sessionIds, sessionId), userIds: toIds(userIds, userId) }] as const;
    });
    return new Map(await Promise.all(found));
  }
}

function toIds<Id>(texts: readonly string[], toId: (value: number) => Id): ReadonlySet<Id> {
  return new Set(texts.map((text) => toId(Number(text))));
}
