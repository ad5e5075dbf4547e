import type { ChannelId } from '../ids.js';
import type { ChannelNode, OrganizationPolicy } from './evaluate.js';

/** A channel of the policy with its id. */
export interface LineageEntry {
  readonly channelId: ChannelId;
  readonly channel: ChannelNode;
}

/** The channel and its ancestors, nearest first: the way that the evaluator walks. It ends where a parent is not known, and before a channel comes twice. Empty for an unknown channel. */
export function lineage({ channels }: OrganizationPolicy, channelId: ChannelId): readonly LineageEntry[] {
  const entries: LineageEntry[] = [];
  const seen = new Set<ChannelId>();
  for (let at: ChannelId | null = channelId; at !== null && !seen.has(at); ) {
    const channel: ChannelNode | undefined = channels.get(at);
    if (channel === undefined) break;
    seen.add(at);
    entries.push({ channelId: at, channel });
    at = channel.parentId;
  }
  return entries;
}
