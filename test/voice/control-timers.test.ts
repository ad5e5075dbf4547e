import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { SteadyTalk } from './steady-talk.js';
import { VoiceWorld, type VoiceWorldOptions } from './voice-world.js';

let world: VoiceWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(options: VoiceWorldOptions): Promise<VoiceWorld> {
  world = await VoiceWorld.open(options);
  return world;
}

describe('a session from which nothing comes', () => {
  it('is ended, and others are told why', async () => {
    const at = await open({ idleTimeoutMs: 300, resumeTimeoutMs: 300 });
    const { lobby } = await at.organization('demo', 'alice', 'bob');
    const bob = await at.raw();
    await bob.login('demo', 'bob', PASSWORD);
    const awake = setInterval(() => bob.send({ case: 'ping', value: {} }), 50);
    const alice = await at.connect('demo', 'alice', { reconnectForMs: 0 });
    await alice.join(lobby);
    const gone = once(alice, 'disconnect');
    // Voice by UDP does not count: it says nothing about the connection.
    const talk = new SteadyTalk(alice, lobby);
    gone.finally(() => talk.stop());
    expect(await gone).toEqual([expect.objectContaining({ code: 'TIMED_OUT' })]);
    const told = await eventually(() => bob.received.find(({ body }) => body.case === 'sessionRemoved')?.body);
    expect(told).toMatchObject({ value: { sessionId: alice.identity.sessionId, reason: 'timed_out' } });
    expect(bob.isClosed).toBe(false);
    clearInterval(awake);
  });
});

describe('a server that shuts down', () => {
  it('says goodbye to everybody and is gone, also where somebody does not listen', async () => {
    const at = await open({});
    await at.organization('demo', 'alice', 'bob');
    const alice = await at.connect('demo', 'alice', { reconnectForMs: 0 });
    const deaf = await at.raw();
    await deaf.login('demo', 'bob', PASSWORD);
    deaf.socket.pause();
    const halfOpen = await at.raw();
    const gone = once(alice, 'disconnect');
    await at.door.close();
    expect(await gone).toEqual([expect.objectContaining({ code: 'SHUTTING_DOWN' })]);
    await eventually(() => halfOpen.isClosed);
    expect(at.registry.size).toBe(0);
    await at.door.close();
  });
});
