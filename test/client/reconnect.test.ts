import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandOutput } from '../../src/client/command-output.js';
import { listen } from '../../src/client/listen-command.js';
import type { VoiceClient, VoiceClientOptions } from '../../src/client/voice-client.js';
import { type ChannelId, sessionId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { eventually } from '../support/eventually.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { PASSWORD } from '../support/test-services.js';
import { FRAME_MS, framesHeard, gapsIn, SteadyTalk } from '../voice/steady-talk.js';
import { VoiceWorld } from '../voice/voice-world.js';
import { TcpForwarder } from './tcp-forwarder.js';

const ENOUGH_FRAMES = 30;
/** The discard port: nobody answers there. */
const DEAD_UDP_PORT = 9;

let world: VoiceWorld;
let organization: Organization;
let lobby: ChannelId;
let forwarder: TcpForwarder;
beforeAll(async () => {
  world = await VoiceWorld.open();
  ({ organization, lobby } = await world.organization('demo', 'alice', 'bob', 'carol'));
  forwarder = await TcpForwarder.start(world.door.port);
});
const talks: SteadyTalk[] = [];
afterEach(async () => {
  for (const talk of talks.splice(0)) talk.stop();
  forwarder.mend();
  await world.disconnectAll();
});
afterAll(async () => {
  await world.close();
  await forwarder.close();
});

describe('a client whose control connection is cut', () => {
  it('talks and hears on without a gap, comes back to the same session, and others see nothing', async () => {
    const alice = await overForwarder();
    const bob = await inLobby('bob');
    const [byAlice, byBob] = [framesHeard(alice, bob), framesHeard(bob, alice)];
    const [ofAlice, ofBob] = [talkOf(alice), talkOf(bob)];
    await eventually(() => byAlice.length >= ENOUGH_FRAMES && byBob.length >= ENOUGH_FRAMES);
    const { identity } = alice;
    const seen: unknown[] = [];
    bob.on('session', (session) => seen.push(session));
    bob.on('session_removed', (session) => seen.push(session));
    const said = ofAlice.lastFrame;

    forwarder.cut();
    const [reason] = await once(alice, 'reconnecting');
    expect(reason).toMatchObject({ code: 'DISCONNECTED' });
    await expect(alice.leave(lobby)).rejects.toMatchObject({ code: 'DISCONNECTED' });
    await eventually(() => ofAlice.lastFrame > said + 3000 / FRAME_MS);
    const returned = once(alice, 'reconnected');
    forwarder.mend();
    expect(await returned).toEqual([true]);
    expect(alice.identity).toEqual(identity);
    expect(alice.sessions.get(identity.sessionId)?.channelIds).toEqual([lobby]);

    const [aliceSaid, bobSaid] = [ofAlice.lastFrame, ofBob.lastFrame];
    await eventually(() => Math.max(...byBob) > aliceSaid && Math.max(...byAlice) > bobSaid);
    expect([gapsIn(byAlice), gapsIn(byBob)]).toEqual([[], []]);
    expect(seen).toEqual([]);
    expect(alice.pathMode).toBe('udp');
    await alice.leave(lobby);
  });

  it('tells what has changed meanwhile, and goes on under the new key', async () => {
    const { channels, system } = world.services;
    const alice = await overForwarder();
    const bob = await inLobby('bob');
    const carol = await inLobby('carol');
    await eventually(() => alice.sessions.get(carol.identity.sessionId)?.channelIds.length === 1);
    const events: string[] = [];
    alice.on('session', ({ username }) => events.push(`session ${username}`));
    alice.on('session_removed', ({ username }) => events.push(`removed ${username}`));
    alice.on('channel', ({ name }) => events.push(`channel ${name}`));
    forwarder.cut();
    await once(alice, 'reconnecting');
    await carol.close();
    const tower = await channels.create(system, organization.id, { name: 'Tower' });
    await bob.sendText({ channelId: lobby }, 'Where is she?');
    const texts: string[] = [];
    alice.on('text', ({ text }) => texts.push(text));
    const returned = once(alice, 'reconnected');
    forwarder.mend();
    expect(await returned).toEqual([true]);
    expect(events).toEqual(['channel Tower', 'removed carol']);
    await eventually(() => texts.length === 1);
    const [byAlice, byBob] = [framesHeard(alice, bob), framesHeard(bob, alice)];
    talkOf(alice);
    talkOf(bob);
    await eventually(() => byAlice.length >= ENOUGH_FRAMES && byBob.length >= ENOUGH_FRAMES);
    await channels.delete(system, tower.id, { recursive: false });
    await eventually(() => events.length === 2 && alice.channels.size === 1);
  });

  it('is told that it was taken out of a channel meanwhile', async () => {
    const alice = await overForwarder();
    forwarder.cut();
    await once(alice, 'reconnecting');
    const { occupancy, services } = world;
    await occupancy.takeOut(services.system, sessionId(alice.identity.sessionId), lobby, { reason: 'moved' });
    const left = once(alice, 'channel_left');
    forwarder.mend();
    expect(await left).toEqual([lobby, 'disconnected']);
    expect(() => alice.sendVoice(lobby, 1, Uint8Array.of(0xf8), false)).toThrow(
      expect.objectContaining({ code: 'NOT_JOINED' }),
    );
  });

  it('comes back through the tunnel too', async () => {
    const alice = await overForwarder({ udpPort: DEAD_UDP_PORT });
    const bob = await inLobby('bob');
    const heard = framesHeard(bob, alice);
    const talk = talkOf(alice);
    await eventually(() => heard.length >= ENOUGH_FRAMES);
    forwarder.cut();
    await once(alice, 'reconnecting');
    const returned = once(alice, 'reconnected');
    forwarder.mend();
    await returned;
    const said = talk.lastFrame;
    await eventually(() => Math.max(...heard) > said + ENOUGH_FRAMES);
    expect(alice.statistics.notSent).toBeGreaterThan(0);
  });

  it('logs in again where the server does not know its session any more', async () => {
    const alice = await overForwarder();
    const bob = await inLobby('bob');
    const former = alice.identity;
    forwarder.cut();
    await once(alice, 'reconnecting');
    await world.sessions.close(world.services.system, sessionId(former.sessionId), 'disconnected');
    const returned = once(alice, 'reconnected');
    forwarder.mend();
    expect(await returned).toEqual([false]);
    expect(alice.identity).toMatchObject({ userId: former.userId, username: 'alice' });
    expect(alice.identity.sessionId).not.toBe(former.sessionId);
    expect(alice.sessions.has(former.sessionId)).toBe(false);
    expect(() => alice.sendVoice(lobby, 1, Uint8Array.of(0xf8), false)).toThrow(
      expect.objectContaining({ code: 'NOT_JOINED' }),
    );
    await alice.join(lobby);
    const heard = framesHeard(bob, alice);
    talkOf(alice);
    await eventually(() => heard.length >= ENOUGH_FRAMES && alice.pathMode === 'udp');
  });

  it('does not log in again where it was kicked meanwhile', async () => {
    const alice = await overForwarder();
    forwarder.cut();
    await once(alice, 'reconnecting');
    await world.sessions.close(world.services.system, sessionId(alice.identity.sessionId), 'kicked');
    const gone = once(alice, 'disconnect');
    forwarder.mend();
    expect(await gone).toEqual([expect.objectContaining({ code: 'KICKED' })]);
    expect(world.registry.size).toBe(0);
  });

  it('gives up when its time is over', async () => {
    const alice = await overForwarder({ reconnectForMs: 1000 });
    const before = forwarder.connections;
    const gone = once(alice, 'disconnect');
    forwarder.cut();
    expect(await gone).toEqual([expect.objectContaining({ code: 'CANNOT_CONNECT' })]);
    expect(forwarder.connections).toBeGreaterThan(before);
    await expect(alice.join(lobby)).rejects.toMatchObject({ code: 'CANNOT_CONNECT' });
    await endOf(alice);
  });

  it('can be closed while it tries', async () => {
    const alice = await overForwarder();
    forwarder.cut();
    await once(alice, 'reconnecting');
    await alice.close();
    forwarder.mend();
    await expect(alice.join(lobby)).rejects.toMatchObject({ code: 'DISCONNECTED' });
    await endOf(alice);
  });
});

describe('a command whose control connection is cut', () => {
  it('says so, comes back, and into its channel where the session is another one', async () => {
    await using folder = await TemporaryFolder.make();
    let said = '';
    const stream = new PassThrough().setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    const options = {
      ...{ host: '127.0.0.1', port: forwarder.port, insecure: true, clientName: 'test' },
      ...{ credentials: { organizationTag: 'demo', username: 'alice', password: PASSWORD } },
      ...{ channel: 'Lobby', channelPassword: undefined },
    };
    const interrupt = new AbortController();
    const output = new CommandOutput(stream, { json: false });
    const where = { out: folder.pathOf('heard.opus'), durationMs: undefined };
    const listening = listen(where, options, output, interrupt.signal);
    await eventually(() => said.includes('Joined Lobby.'));
    forwarder.cut();
    await eventually(() => said.includes('Trying to come back.'));
    forwarder.mend();
    await eventually(() => said.includes('Back again.\n'));
    forwarder.cut();
    await eventually(() => said.split('Trying to come back.').length === 3);
    const [session] = world.registry.ofOrganization(organization.id);
    if (session === undefined) throw new Error('the session does not wait');
    await world.sessions.close(world.services.system, session.id, 'disconnected');
    forwarder.mend();
    await eventually(() => said.split('Joined Lobby.').length === 3);
    expect(said).toContain('Back again, in a new session.\n');
    interrupt.abort();
    expect(await listening).toBe(0);
    await eventually(() => world.registry.size === 0);
  });
});

/** Ends a session that nobody comes back to. */
async function endOf(client: VoiceClient): Promise<void> {
  await world.sessions.close(world.services.system, sessionId(client.identity.sessionId), 'disconnected');
}

/** Alice in the lobby, whose control connection goes through the forwarder. */
async function overForwarder(options: Partial<VoiceClientOptions> = {}): Promise<VoiceClient> {
  const alice = await world.connect('demo', 'alice', { port: forwarder.port, ...options });
  await alice.join(lobby);
  return alice;
}

async function inLobby(name: string): Promise<VoiceClient> {
  const client = await world.connect('demo', name);
  await client.join(lobby);
  return client;
}

function talkOf(client: VoiceClient): SteadyTalk {
  const talk = new SteadyTalk(client, lobby);
  talks.push(talk);
  return talk;
}
