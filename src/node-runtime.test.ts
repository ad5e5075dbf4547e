import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { isRecentNode, NODE_FLAGS } from './node-runtime.js';

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

  it('is started by npm start with the flags of every other start', async () => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(scripts.start).toBe(`exec node ${NODE_FLAGS.join(' ')} dist/src/main.js`);
  });
});
