import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { ChannelId } from '../../src/ids.js';
import { PASSWORD } from '../support/test-services.js';
import { VoiceWorld } from './voice-world.js';

/** Each may join 32 times at once, and 5 times a second after that. */
const CHURNERS = 8;
const ROUNDS = 25;
const WITNESS = 'wendy';

let world: VoiceWorld;
let lobby: ChannelId;
beforeAll(async () => {
  world = await VoiceWorld.open();
  const names = Array.from({ length: CHURNERS }, (_, index) => `user${index}`);
  ({ lobby } = await world.organization('demo', WITNESS, ...names));
});
afterAll(() => world.close());

it('a churn, however many join and leave in a second, costs who stays a key a second, and less than a frame for each step', async () => {
  const witness = await world.raw();
  await witness.login('demo', WITNESS, PASSWORD);
  await witness.request({ case: 'join', value: { channelId: lobby } });
  const churners: VoiceClient[] = [];
  for (let index = 0; index < CHURNERS; index += 1) churners.push(await world.connect('demo', `user${index}`));
  const framesBefore = witness.received.length;
  const beganAtMs = performance.now();
  await Promise.all(churners.map((client) => churn(client)));
  const seconds = (performance.now() - beganAtMs) / 1000;
  // A ping is answered after all that was told before it.
  await witness.request({ case: 'ping', value: {} });
  const frames = witness.received.slice(framesBefore);
  const countOf = (kind: string) => frames.filter(({ body }) => body.case === kind).length;
  const steps = 2 * CHURNERS * ROUNDS;
  // At once with the first who leaves, then when the present key is a second old.
  expect(countOf('channelKey')).toBeGreaterThan(0);
  expect(countOf('channelKey')).toBeLessThanOrEqual(Math.floor(seconds) + 2);
  expect(countOf('sessionState')).toBeLessThanOrEqual(steps);
  expect(frames.length).toBeLessThanOrEqual(steps + Math.floor(seconds) + 3);
});

async function churn(client: VoiceClient): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await client.join(lobby);
    await client.leave(lobby);
  }
}
