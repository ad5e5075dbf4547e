import type { ChannelId } from '../ids.js';

/** The place of a channel among others. */
export interface TreeNode {
  readonly id: ChannelId;
  /** Null at the root. */
  readonly parentId: ChannelId | null;
  /** The order among siblings; equal ones are ordered by id. */
  readonly position: number;
}

/** All nodes with parents before children and siblings in their order. A node whose parent is not there stands at the root; nodes in a cycle are left out. */
export function inTreeOrder<Node extends TreeNode>(nodes: readonly Node[]): Node[] {
  const ids = new Set(nodes.map(({ id }) => id));
  const childrenOf = new Map<ChannelId | null, Node[]>();
  for (const node of nodes) {
    const parentId = node.parentId !== null && ids.has(node.parentId) ? node.parentId : null;
    const siblings = childrenOf.get(parentId) ?? [];
    siblings.push(node);
    childrenOf.set(parentId, siblings);
  }
  const ordered: Node[] = [];
  const visit = (parentId: ChannelId | null) => {
    const siblings = childrenOf.get(parentId) ?? [];
    for (const node of siblings.sort((left, right) => left.position - right.position || left.id - right.id)) {
      ordered.push(node);
      visit(node.id);
    }
  };
  visit(null);
  return ordered;
}

/** The channel itself and everything below it. */
export function subtreeOf(nodes: readonly TreeNode[], rootId: ChannelId): ReadonlySet<ChannelId> {
  const found = new Set<ChannelId>([rootId]);
  // A set that grows while it is walked is walked to its end, and holds each id once: cycles do no harm.
  for (const id of found) for (const node of nodes) if (node.parentId === id) found.add(node.id);
  return found;
}

/** How many channels lie between the root and this one, itself included: 1 at the root. */
export function depthOf(nodes: readonly TreeNode[], id: ChannelId): number {
  const parentOf = new Map(nodes.map((node) => [node.id, node.parentId]));
  let depth = 1;
  for (let at = parentOf.get(id) ?? null; at !== null && depth <= nodes.length; at = parentOf.get(at) ?? null)
    depth += 1;
  return depth;
}

/** How many levels the subtree has: 1 for a channel without children. */
export function heightOf(nodes: readonly TreeNode[], rootId: ChannelId): number {
  const base = depthOf(nodes, rootId);
  return Math.max(...[...subtreeOf(nodes, rootId)].map((id) => depthOf(nodes, id) - base + 1));
}
