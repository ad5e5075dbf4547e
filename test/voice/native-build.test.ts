import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadNativeAddon } from '../../src/voice/native-addon.js';
import { buildableBackends } from './buildable-backends.js';

describe('the build of the addon', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-addon-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function build(path: string | undefined): { status: number | null; lines: string[]; addon: string } {
    const { status, stdout } = spawnSync(process.execPath, ['native/build.mjs', folder], {
      encoding: 'utf8',
      env: { PATH: path },
    });
    return { status, lines: stdout.trim().split('\n'), addon: join(folder, 'udp-batch.node') };
  }

  it('succeeds without a compiler, and says in one line that there is none', () => {
    const { status, lines, addon } = build('/nowhere');
    expect(status).toBe(0);
    expect(lines).toEqual([expect.stringMatching(/^The UDP addon is not built \(.+\): voice uses Node's own UDP\.$/)]);
    expect(existsSync(addon)).toBe(false);
    expect(() => loadNativeAddon(addon)).toThrow(/udp-batch\.node/);
  });

  it('makes what can be loaded, or says why not', () => {
    const { status, lines, addon } = build(process.env.PATH);
    const isExpected = buildableBackends().includes('native');
    expect(status).toBe(0);
    expect(lines).toHaveLength(1);
    expect({ isBuilt: existsSync(addon), line: lines[0] }).toEqual({
      isBuilt: isExpected,
      line: isExpected ? 'The UDP addon is built.' : expect.stringMatching(/is not built/),
    });
    if (isExpected) expect(loadNativeAddon(addon).interfaceVersion).toBeGreaterThan(0);
  });
});
