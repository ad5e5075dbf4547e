import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelId } from '../../src/ids.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { type ClientBody, codeName, type RawControl } from './raw-control.js';
import { VoiceWorld } from './voice-world.js';

const MANY = 150;

let world: VoiceWorld;
let lobby: ChannelId;
beforeAll(async () => {
  world = await VoiceWorld.open();
  ({ lobby } = await world.organization('demo', 'alice', 'bob'));
});
afterEach(() => world.disconnectAll());
afterAll(() => world.close());

describe('a session that asks for too much', () => {
  it('is kept from joining and writing for a moment, and never from leaving, muting and pinging', async () => {
    const raw = await loggedIn();
    const kinds: readonly ClientBody[] = [
      { case: 'join', value: { channelId: lobby } },
      { case: 'leave', value: { channelId: lobby } },
      { case: 'setSelfState', value: { muted: true } },
      { case: 'sendText', value: { receiver: { case: 'channelId', value: lobby }, text: 'x' } },
      { case: 'setSelfState', value: { muted: false } },
      { case: 'ping', value: {} },
    ];
    const sent = Array.from({ length: MANY }, () => kinds.map((body) => [body.case, raw.send(body)] as const)).flat();
    const limited = new Set<string>();
    for (const [kind, requestId] of sent) {
      const answer = await raw.answerTo(requestId);
      if (answer.case === 'refused' && codeName(answer.value.code) === 'RATE_LIMITED') {
        limited.add(kind ?? '');
        expect(answer.value.retryAfterMs).toBeGreaterThan(0);
      }
    }
    expect(limited).toEqual(new Set(['join', 'sendText']));
  });

  it('can go at once', async () => {
    const raw = await loggedIn();
    for (let count = 0; count < MANY; count += 1) raw.send({ case: 'join', value: { channelId: lobby } });
    raw.send({ case: 'logout', value: {} });
    await eventually(() => raw.isClosed && world.registry.size === 0);
    expect(raw.received.at(-1)?.body.case).toBe('done');
  });

  it('is not another one after a resume: what it has used up stays used up', async () => {
    const raw = await loggedIn();
    const text = { case: 'sendText', value: { receiver: { case: 'channelId', value: lobby }, text: 'x' } } as const;
    while (raw.refusals.length === 0) await raw.request(text);
    const welcome = raw.received[0]?.body;
    if (welcome?.case !== 'welcome') throw new Error('not let in');
    const { sessionId, resumeToken: token } = welcome.value;
    const back = await world.raw();
    await back.request({ case: 'resume', value: { protocolVersion: 1, sessionId, token } });
    const answers = await Promise.all(Array.from({ length: 8 }, () => back.request(text)));
    // A new allowance would let ten through, and one comes by itself each second.
    expect(answers.filter((answer) => answer.case === 'refused').length).toBeGreaterThan(3);
  });
});

async function loggedIn(): Promise<RawControl> {
  const raw = await world.raw();
  await raw.login('demo', 'alice', PASSWORD);
  return raw;
}
