import { createHash } from 'node:crypto';
import type { OrganizationId } from '../ids.js';

/** A node as far as placement is concerned. */
export interface PlaceableNode {
  /** Another one after each start. */
  readonly id: string;
  /** The same after each start: what placement goes by. */
  readonly name: string;
}

/**
 * The node of an organization, by rendezvous hashing: each node draws a number for the organization, and the highest
 * wins. All who know the same nodes come to the same answer without asking anybody; a node that comes takes its share
 * from all others, and one that goes leaves its share to all others: nothing else moves. Undefined where there is no node.
 */
export function placedNode<Node extends PlaceableNode>(
  organizationId: OrganizationId,
  nodes: readonly Node[],
): Node | undefined {
  let best: Node | undefined;
  let bestWeight = -1n;
  for (const node of nodes) {
    const weight = weightOf(organizationId, node.name);
    if (best === undefined || weight > bestWeight || (weight === bestWeight && node.id < best.id)) {
      best = node;
      bestWeight = weight;
    }
  }
  return best;
}

function weightOf(organizationId: OrganizationId, name: string): bigint {
  return createHash('sha256').update(`${organizationId} ${name}`).digest().readBigUInt64BE();
}
