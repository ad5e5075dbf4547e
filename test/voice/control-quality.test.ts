import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { type ChannelId, sessionId } from '../../src/ids.js';
import { systemContext } from '../../src/request-context.js';
import { VoiceQualityService } from '../../src/sessions/voice-quality.service.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

const DEAD_UDP_PORT = 9;
const PACKETS = 50;

let world: VoiceWorld;
let lobby: ChannelId;

beforeAll(async () => {
  world = await VoiceWorld.open();
  ({ lobby } = await world.organization('demo', 'alice', 'bob'));
});

afterEach(() => world.disconnectAll());
afterAll(() => world.close());

it('a client tells what it has received, and is told how voice goes, in both directions', async () => {
  const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
  for (const client of [alice, bob]) await client.join(lobby);
  let heard = 0;
  bob.on('voice', () => {
    heard += 1;
  });
  const talk = new SteadyTalk(alice, lobby);
  await eventually(() => heard >= PACKETS);
  talk.stop();
  await eventually(() => heard === alice.statistics.sentByUdp);
  const [up, down] = [await alice.measureQuality(), await bob.measureQuality()];
  expect(up).toMatchObject({ lostUp: 0, lostDown: 0, serverRoundTripMs: expect.any(Number) });
  expect(up?.sentUp).toBeGreaterThanOrEqual(PACKETS);
  expect(down).toMatchObject({ lostUp: 0, lostDown: 0, jitterDownMs: expect.any(Number) });
  expect(down?.sentDown).toBeGreaterThanOrEqual(PACKETS);
  expect(down?.roundTripMs).toBeGreaterThan(0);

  const service = new VoiceQualityService(world.sessions, world.relay);
  const ids = [alice, bob].map(({ identity }) => sessionId(identity.sessionId));
  const known = await service.ofMany(systemContext('test'), ids);
  expect([...known.keys()]).toEqual(ids);
  expect(known.get(sessionId(bob.identity.sessionId))?.down).toMatchObject({ expected: down?.sentDown, lost: 0 });
});

it('a client in the tunnel is told too', async () => {
  const alice = await world.connect('demo', 'alice', { udpPort: DEAD_UDP_PORT });
  expect(await alice.measureQuality()).toMatchObject({ lostUp: expect.any(Number), lostDown: 0 });
});

it('a session that has sent no packet is answered without', async () => {
  const raw = await world.raw();
  await raw.login('demo', 'alice', PASSWORD);
  const voice = { pongCounter: 1n, packetsReceived: 5n };
  const answer = await raw.request({ case: 'ping', value: { timestamp: 5n, voice } });
  expect(answer).toMatchObject({ case: 'pong', value: { timestamp: 5n } });
  expect(Object(answer.value).voice).toBeUndefined();
});

it.each([
  ['a counter that no packet has', { pongCounter: 2n ** 48n }],
  ['more packets than can be', { packetsReceived: 2n ** 64n - 1n }],
  ['a jitter of more than a minute', { jitterUs: 60_000_001 }],
  ['a round trip of more than a minute', { roundTripUs: 2 ** 32 - 1 }],
])('a report with %s is refused, and the connection goes on', async (_, voice) => {
  const raw = await world.raw();
  await raw.login('demo', 'alice', PASSWORD);
  expect(await raw.request({ case: 'ping', value: { timestamp: 5n, voice } })).toMatchObject({
    case: 'refused',
    value: { code: 3 },
  });
  expect((await raw.request({ case: 'ping', value: { timestamp: 6n } })).case).toBe('pong');
});
