import { describe, expect, it } from '@jest/globals';
import { isRecentNode } from './node-runtime.js';

describe('the Node that runs Parley', () => {
  it.each([
    ['18.20.8', false],
    ['20.20.2', false],
    ['22.9.0', false],
    ['22.16.9', false],
    ['22.17.0', true],
    ['24.0.0', true],
    ['24.21.0', true],
    ['100.0.0', true],
  ])('of version %s is recent enough: %s', (version, isRecent) => {
    expect(isRecentNode(version)).toBe(isRecent);
  });
});
