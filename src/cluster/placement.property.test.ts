import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { organizationId } from '../ids.js';
import { placedNode } from './placement.js';

const organizations = Array.from({ length: 400 }, (_, index) => organizationId(index + 1));
const arbitraryNodes = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 })
  .map((names) => names.map((name) => ({ id: `id of ${name}`, name })));

describe('placement', () => {
  it('does not depend on the order in which nodes are known, nor on their ids', () => {
    fc.assert(
      fc.property(arbitraryNodes, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (nodes, number) => {
        const organization = organizationId(number);
        const others = nodes.map(({ name }) => ({ id: `another ${name}`, name })).reverse();
        expect(placedNode(organization, others)?.name).toBe(placedNode(organization, nodes)?.name);
      }),
    );
  });

  it('moves to a node that comes only what it takes, and from one that goes only what it had', () => {
    fc.assert(
      fc.property(arbitraryNodes, fc.string({ minLength: 13, maxLength: 16 }), (nodes, name) => {
        const newcomer = { id: 'newcomer', name };
        for (const organization of organizations) {
          const before = placedNode(organization, nodes);
          const after = placedNode(organization, [...nodes, newcomer]);
          expect([before?.name, name]).toContain(after?.name);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('gives each of n nodes its share', () => {
    fc.assert(
      fc.property(arbitraryNodes, (nodes) => {
        const counts = new Map(nodes.map(({ name }) => [name, 0]));
        for (const organization of organizations) {
          const name = placedNode(organization, nodes)?.name ?? '';
          counts.set(name, (counts.get(name) ?? 0) + 1);
        }
        const share = organizations.length / nodes.length;
        // Six standard deviations of a fair draw.
        const slack = 6 * Math.sqrt(share * (1 - 1 / nodes.length));
        for (const count of counts.values()) expect(Math.abs(count - share)).toBeLessThanOrEqual(slack);
      }),
      { numRuns: 50 },
    );
  });

  it('is nowhere where there is no node', () => {
    expect(placedNode(organizationId(1), [])).toBeUndefined();
  });
});
