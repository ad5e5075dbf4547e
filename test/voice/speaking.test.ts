import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DomainEvent } from '../../src/events/domain-event.js';
import type { ChannelId } from '../../src/ids.js';
import { SpeakingWatch } from '../../src/live/speaking-watch.js';
import { eventually } from '../support/eventually.js';
import { SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

let world: VoiceWorld;
let lobby: ChannelId;
let speaking: SpeakingWatch;
beforeAll(async () => {
  world = await VoiceWorld.open();
  ({ lobby } = await world.organization('demo', 'alice', 'bob'));
  const { relay, sessions, services } = world;
  speaking = new SpeakingWatch({
    relays: [relay],
    sessions,
    events: services.test.events,
    nowMs: () => performance.now(),
  });
});
afterAll(async () => {
  speaking.stop();
  await world.close();
});

it('who speaks through the relay is told as long as they do', async () => {
  const told: DomainEvent[] = [];
  world.services.test.events.subscribe((event) => {
    if (event.type === 'speaking_changed') told.push(event);
  });
  const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
  await Promise.all([alice.join(lobby), bob.join(lobby)]);
  const talk = new SteadyTalk(alice, lobby);
  await eventually(() => told.length === 1);
  talk.stop();
  await eventually(() => told.length === 2);
  const { sessionId } = alice.identity;
  expect(told).toMatchObject([
    { channelId: lobby, sessionId, isSpeaking: true },
    { channelId: lobby, sessionId, isSpeaking: false },
  ]);
});
