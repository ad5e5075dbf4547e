import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '../../src/errors.js';
import type { LeaveReason } from '../../src/events/domain-event.js';
import { MAX_FRAME_BYTES, MAX_LOGIN_FRAME_BYTES } from '../../src/voice/control-frames.js';
import { repositoryRoot } from '../architecture/source-files.js';

const document = readFileSync(join(repositoryRoot, 'docs/NETWORK_PROTOCOL.md'), 'utf8');

/** Whether others are told of it; `left` is what everybody sees in the list of channels. */
const TOLD: Readonly<Record<LeaveReason, boolean>> = {
  left: false,
  moved: true,
  disconnected: true,
  timed_out: true,
  kicked: true,
  banned: true,
  recording_forbidden: true,
  replaced: true,
  permission_lost: true,
  channel_deleted: true,
  user_deleted: true,
  organization_deleted: true,
  credentials_changed: true,
  shutting_down: true,
};

describe('docs/NETWORK_PROTOCOL.md', () => {
  it('numbers the errors as the table of errors does', () => {
    const rows = [...document.matchAll(/^\| (\d+) \| `([A-Z_]+)` \|/gm)].map(([, number, code]) => [
      code,
      Number(number),
    ]);
    const codes = new Map<string, number>(Object.entries(ERROR_CODES).map(([code, { voice }]) => [code, voice]));
    expect(rows.length).toBeGreaterThan(20);
    expect(rows).toEqual(rows.map(([code]) => [code, codes.get(String(code))]));
  });

  it('explains every reason that is told', () => {
    const section = document.slice(document.indexOf('### Reasons'), document.indexOf('### Timers'));
    const explained = Object.keys(TOLD).filter((reason) => section.includes(`\`${reason}\``));
    expect(explained).toEqual(Object.entries(TOLD).flatMap(([reason, isTold]) => (isTold ? [reason] : [])));
  });

  it('has the lengths of frames', () => {
    expect(document).toContain(`| longest of a client before \`Welcome\` | ${MAX_LOGIN_FRAME_BYTES} |`);
    expect(document).toContain(`| longest of a server | ${MAX_FRAME_BYTES} |`);
  });
});
