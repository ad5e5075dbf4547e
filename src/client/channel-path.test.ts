import { describe, expect, it } from '@jest/globals';
import { channelPath, findChannels } from './channel-path.js';
import type { Channel } from './server-view.js';

const channels = new Map(
  [
    channel(1, undefined, 'Lobby'),
    channel(2, undefined, 'Games'),
    channel(3, 2, 'Squad'),
    channel(4, 1, 'Squad'),
    channel(5, 3, 'Command'),
    channel(6, undefined, 'Games/Squad'),
  ].map((each) => [each.id, each]),
);
const idsOf = (text: string) => findChannels(channels, text).map(({ id }) => id);

describe('finding a channel', () => {
  it('goes by the path from the root', () => {
    expect(idsOf('Games/Squad/Command')).toEqual([5]);
    expect(idsOf('Lobby')).toEqual([1]);
  });

  it('goes by the name where no path fits, and finds all of that name', () => {
    expect(idsOf('Command')).toEqual([5]);
    expect(idsOf('Squad')).toEqual([3, 4]);
  });

  it('does not hide that a name with a slash looks like a path', () => {
    expect(idsOf('Games/Squad')).toEqual([3, 6]);
  });

  it('finds nothing for another case or an unknown name', () => {
    expect(idsOf('lobby')).toEqual([]);
    expect(idsOf('')).toEqual([]);
  });
});

describe('the path of a channel', () => {
  it('ends where a parent is not known, and in a circle', () => {
    const [orphan, left, right] = [channel(1, 99, 'Orphan'), channel(2, 3, 'Left'), channel(3, 2, 'Right')];
    const odd = new Map([orphan, left, right].map((each) => [each.id, each]));
    expect(channelPath(odd, orphan)).toBe('Orphan');
    expect(channelPath(odd, left)).toBe('Right/Left');
  });
});

function channel(id: number, parentId: number | undefined, name: string): Channel {
  const permissions = { join: true, speak: true, whisper: true, manage: false };
  return { id, parentId, name, description: '', hasPassword: false, maxUsers: 50, position: 0, permissions };
}
