import type { Channel } from './server-view.js';

type Channels = ReadonlyMap<number, Channel>;

/** The channels that a person may have meant: those of this path (`Games/Squad 1`), or else of this name anywhere. */
export function findChannels(channels: Channels, text: string): readonly Channel[] {
  const all = [...channels.values()];
  const byPath = all.filter((channel) => channelPath(channels, channel) === text);
  return byPath.length > 0 ? byPath : all.filter(({ name }) => name === text);
}

/** The names from the root to the channel, joined by `/`. */
export function channelPath(channels: Channels, channel: Channel): string {
  const names: string[] = [];
  const seen = new Set<number>();
  for (let at: Channel | undefined = channel; at !== undefined && !seen.has(at.id); ) {
    names.unshift(at.name);
    seen.add(at.id);
    at = at.parentId === undefined ? undefined : channels.get(at.parentId);
  }
  return names.join('/');
}
