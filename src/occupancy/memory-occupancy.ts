import type { ChannelId, SessionId } from '../ids.js';
import type { JoinOutcome, Member, Occupancy } from './occupancy.js';

/** Occupancy of one node, in memory. Each call does its work before it returns, so none can come between. */
export class MemoryOccupancy implements Occupancy {
  readonly #members = new Map<ChannelId, Set<SessionId>>();
  readonly #channels = new Map<SessionId, Set<ChannelId>>();

  async join(channelId: ChannelId, { id: sessionId }: Member, capacity: number): Promise<JoinOutcome> {
    const members = this.#members.get(channelId) ?? new Set<SessionId>();
    if (members.has(sessionId)) return 'already';
    if (members.size >= capacity) return 'full';
    this.#members.set(channelId, members.add(sessionId));
    this.#channels.set(sessionId, (this.#channels.get(sessionId) ?? new Set<ChannelId>()).add(channelId));
    return 'joined';
  }

  async adopt(member: Member, channelId: ChannelId): Promise<void> {
    await this.join(channelId, member, Number.POSITIVE_INFINITY);
  }

  async leave(channelId: ChannelId, sessionId: SessionId): Promise<boolean> {
    return this.#remove(channelId, sessionId);
  }

  async leaveAll(sessionId: SessionId): Promise<readonly ChannelId[]> {
    const channelIds = [...(this.#channels.get(sessionId) ?? [])];
    for (const channelId of channelIds) this.#remove(channelId, sessionId);
    return channelIds;
  }

  async members(channelId: ChannelId): Promise<readonly SessionId[]> {
    return [...(this.#members.get(channelId) ?? [])];
  }

  async channelsOf(sessionId: SessionId): Promise<readonly ChannelId[]> {
    return [...(this.#channels.get(sessionId) ?? [])];
  }

  async counts(channelIds: readonly ChannelId[]): Promise<ReadonlyMap<ChannelId, number>> {
    return new Map(channelIds.map((id) => [id, this.#members.get(id)?.size ?? 0]));
  }

  #remove(channelId: ChannelId, sessionId: SessionId): boolean {
    const members = this.#members.get(channelId);
    const removed = members?.delete(sessionId) ?? false;
    if (members?.size === 0) this.#members.delete(channelId);
    const channels = this.#channels.get(sessionId);
    channels?.delete(channelId);
    if (channels?.size === 0) this.#channels.delete(sessionId);
    return removed;
  }
}
