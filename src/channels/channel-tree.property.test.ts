import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChannelId, channelId } from '../ids.js';
import { depthOf, heightOf, inTreeOrder, subtreeOf, type TreeNode } from './channel-tree.js';

/** A forest: each node's parent is one with a smaller id, or none. Ids are then shuffled among positions in the list. */
const forests = fc
  .array(fc.record({ parent: fc.nat(), root: fc.boolean(), position: fc.integer({ min: -2, max: 2 }) }), {
    minLength: 1,
    maxLength: 40,
  })
  .map((drawn) =>
    drawn.map(({ parent, root, position }, index): TreeNode => {
      const parentId = root || index === 0 ? null : channelId((parent % index) + 1);
      return { id: channelId(index + 1), parentId, position };
    }),
  )
  .chain((nodes) => fc.shuffledSubarray(nodes, { minLength: nodes.length }));

function ancestorsOf(nodes: readonly TreeNode[], id: ChannelId): ChannelId[] {
  const parentId = nodes.find((node) => node.id === id)?.parentId ?? null;
  return parentId === null ? [] : [parentId, ...ancestorsOf(nodes, parentId)];
}

describe('a tree of channels', () => {
  it('is listed whole, with parents before children', () => {
    fc.assert(
      fc.property(forests, (nodes) => {
        const ordered = inTreeOrder(nodes).map(({ id }) => id);
        expect(ordered.toSorted()).toEqual(nodes.map(({ id }) => id).toSorted());
        for (const [index, id] of ordered.entries()) {
          for (const ancestor of ancestorsOf(nodes, id)) expect(ordered.indexOf(ancestor)).toBeLessThan(index);
        }
      }),
    );
  });

  it('is listed with siblings by position, then by id', () => {
    fc.assert(
      fc.property(forests, (nodes) => {
        const ordered = inTreeOrder(nodes);
        for (const parentId of [null, ...nodes.map(({ id }) => id)]) {
          const siblings = ordered.filter((node) => node.parentId === parentId);
          const sorted = siblings.toSorted((left, right) => left.position - right.position || left.id - right.id);
          expect(siblings).toEqual(sorted);
        }
      }),
    );
  });

  it('has in the subtree of a channel exactly those that have it among their ancestors, and itself', () => {
    fc.assert(
      fc.property(forests, (nodes) => {
        const below = nodes.filter(({ id }) => id === 1 || ancestorsOf(nodes, id).includes(channelId(1)));
        expect(subtreeOf(nodes, channelId(1))).toEqual(new Set(below.map(({ id }) => id)));
      }),
    );
  });

  it('is as deep as the ancestors say, and as high as the deepest below', () => {
    fc.assert(
      fc.property(forests, (nodes) => {
        const depths = nodes.map(({ id }) => ancestorsOf(nodes, id).length + 1);
        expect(nodes.map(({ id }) => depthOf(nodes, id))).toEqual(depths);
        const inSubtree = nodes.filter(({ id }) => subtreeOf(nodes, channelId(1)).has(id));
        const deepest = Math.max(...inSubtree.map(({ id }) => depthOf(nodes, id)));
        expect(heightOf(nodes, channelId(1))).toBe(deepest - depthOf(nodes, channelId(1)) + 1);
      }),
    );
  });

  it('ends also where the parents go round in a circle', () => {
    const nodes = [1, 2, 3].map(
      (id): TreeNode => ({ id: channelId(id), parentId: channelId((id % 3) + 1), position: 0 }),
    );
    expect(inTreeOrder(nodes)).toEqual([]);
    expect(subtreeOf(nodes, channelId(1))).toEqual(new Set([1, 2, 3].map(channelId)));
    expect(depthOf(nodes, channelId(1))).toBeGreaterThan(3);
  });
});
