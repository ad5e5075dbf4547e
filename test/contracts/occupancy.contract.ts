import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChannelId, channelId, type SessionId, sessionId, userId } from '../../src/ids.js';
import type { Member, Occupancy } from '../../src/occupancy/occupancy.js';

/** Where occupancies are made. */
export interface OccupancyWorld {
  /** An empty one. */
  create(): Promise<Occupancy>;
  stop(): Promise<void>;
}

/** A session, each of a user of its own. */
export const of = (id: SessionId): Member => ({ id, userId: userId(id % 2 ** 31 || 1) });

/** What every occupancy does. */
export function describeOccupancy(name: string, open: () => Promise<OccupancyWorld>): void {
  describe(`the occupancy ${name}`, () => {
    let world: OccupancyWorld;
    beforeAll(async () => {
      world = await open();
    });
    afterAll(() => world.stop());
    const create = () => world.create();
    const [lobby, tower] = [channelId(1), channelId(2)];
    const [alice, bob, carol] = [sessionId(4_000_000_000), sessionId(2), sessionId(3)];

    it('lets sessions in, in the order of joining, and each into many channels', async () => {
      const occupancy = await create();
      expect(await occupancy.join(lobby, of(bob), 10)).toBe('joined');
      expect(await occupancy.join(lobby, of(alice), 10)).toBe('joined');
      expect(await occupancy.join(tower, of(alice), 10)).toBe('joined');
      expect(await occupancy.members(lobby)).toEqual([bob, alice]);
      expect(await occupancy.channelsOf(alice)).toEqual([lobby, tower]);
      expect(await occupancy.channelsOf(carol)).toEqual([]);
    });

    it('says that a session is already there, also where the channel is full', async () => {
      const occupancy = await create();
      await occupancy.join(lobby, of(alice), 1);
      expect(await occupancy.join(lobby, of(alice), 1)).toBe('already');
      expect(await occupancy.join(lobby, of(alice), 0)).toBe('already');
      expect(await occupancy.members(lobby)).toEqual([alice]);
    });

    it('lets nobody in beyond the capacity, and somebody again when a place is free', async () => {
      const occupancy = await create();
      await occupancy.join(lobby, of(alice), 2);
      await occupancy.join(lobby, of(bob), 2);
      expect(await occupancy.join(lobby, of(carol), 2)).toBe('full');
      expect(await occupancy.leave(lobby, alice)).toBe(true);
      expect(await occupancy.join(lobby, of(carol), 2)).toBe('joined');
      expect(await occupancy.members(lobby)).toEqual([bob, carol]);
    });

    it('of a thousand who come at once lets in exactly as many as fit', async () => {
      const occupancy = await create();
      const all = Array.from({ length: 1000 }, (_, index) => sessionId(index + 1));
      const outcomes = await Promise.all(all.map((id) => occupancy.join(lobby, of(id), 50)));
      expect(outcomes.filter((outcome) => outcome === 'joined')).toHaveLength(50);
      expect(outcomes.filter((outcome) => outcome === 'full')).toHaveLength(950);
      expect(await occupancy.members(lobby)).toHaveLength(50);
    });

    it('keeps those who are in when the capacity is lowered', async () => {
      const occupancy = await create();
      await occupancy.join(lobby, of(alice), 2);
      await occupancy.join(lobby, of(bob), 2);
      expect(await occupancy.join(lobby, of(carol), 1)).toBe('full');
      expect(await occupancy.members(lobby)).toEqual([alice, bob]);
    });

    it('does not mind leaving a channel that was not joined', async () => {
      const occupancy = await create();
      await occupancy.join(lobby, of(alice), 10);
      expect(await occupancy.leave(tower, alice)).toBe(false);
      expect(await occupancy.leave(lobby, bob)).toBe(false);
      expect(await occupancy.members(lobby)).toEqual([alice]);
    });

    it('takes a session out of all channels and says of which', async () => {
      const occupancy = await create();
      await occupancy.join(tower, of(alice), 10);
      await occupancy.join(lobby, of(alice), 10);
      await occupancy.join(lobby, of(bob), 10);
      expect(await occupancy.leaveAll(alice)).toEqual([tower, lobby]);
      expect(await occupancy.leaveAll(alice)).toEqual([]);
      expect(await occupancy.channelsOf(alice)).toEqual([]);
      expect(await occupancy.members(lobby)).toEqual([bob]);
    });

    it('counts, empty channels too', async () => {
      const occupancy = await create();
      await occupancy.join(lobby, of(alice), 10);
      await occupancy.join(lobby, of(bob), 10);
      const counts = await occupancy.counts([lobby, tower]);
      expect([...counts]).toEqual([
        [lobby, 2],
        [tower, 0],
      ]);
    });

    it('gives lists that do not change afterwards', async () => {
      const occupancy = await create();
      await occupancy.join(lobby, of(alice), 10);
      const members: readonly SessionId[] = await occupancy.members(lobby);
      const channels: readonly ChannelId[] = await occupancy.channelsOf(alice);
      await occupancy.leaveAll(alice);
      expect([members, channels]).toEqual([[alice], [lobby]]);
    });
  });
}
