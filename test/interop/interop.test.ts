import { execFile } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { eventually } from '../support/eventually.js';
import { PythonClient } from './python-client.js';
import { pythonInterpreter } from './python-interpreter.js';

const ORGANIZATION = 'demo';
const CHANNEL = 'Campfire';
const VAULT_PASSWORD = 'open sesame';
const PASSWORD = 'a password of somebody';
/** The discard port: nobody answers there. */
const DEAD_UDP_PORT = 9;
const PACKET_MS = 20;
const FRAMES_PER_PACKET = 2;
const SETUP_TIMEOUT_MS = 600_000;

let interpreter: string;
let server: DemoServer;
beforeAll(async () => {
  interpreter = await pythonInterpreter();
  server = await DemoServer.start();
  const api = new DemoApi(server.httpUrl);
  await api.login('admin', server.adminPassword);
  const organizationId = await api.createOrganization('Demo', ORGANIZATION);
  const roleId = await api.createSpeakerRole(organizationId, 'speaker', ['WHISPER']);
  for (const name of ['alice', 'bob', 'carol']) await api.createUser(organizationId, name, PASSWORD, roleId);
  await api.createChannel(organizationId, CHANNEL);
  await api.createChannel(organizationId, 'Vault', VAULT_PASSWORD);
}, SETUP_TIMEOUT_MS);
afterAll(async () => {
  await server?.stop();
});

const pythonClients: PythonClient[] = [];
const voiceClients: VoiceClient[] = [];
afterEach(async () => {
  for (const client of pythonClients.splice(0)) await client.kill();
  for (const client of voiceClients.splice(0)) await client.close();
});

describe('the client in Python, written from the document', () => {
  it('makes and reads the bytes of the test vectors', async () => {
    const script = 'test/interop/check_vectors.py';
    const { stdout } = await promisify(execFile)(interpreter, ['-B', '-E', '-s', script]).catch((error) => error);
    const { checks, differences } = JSON.parse(stdout);
    expect(differences).toEqual([]);
    expect(checks).toBeGreaterThan(100);
  });

  it.each([
    ['udp', 'udp', false, undefined],
    ['tunnel', 'udp', true, undefined],
    ['udp', 'tunnel', false, DEAD_UDP_PORT],
    ['tunnel', 'tunnel', true, DEAD_UDP_PORT],
  ] as const)(
    'talks with the library byte for byte, by %s on its side and by %s on the other',
    async (ownWay, otherWay, blocked, udpPort) => {
      const bob = await startPython('bob', { blocked });
      const alice = await startLibrary('alice', udpPort);
      await bob.event('path', { way: ownWay });
      expect(alice.pathMode).toBe(otherWay);
      await joinBoth(bob, alice);

      const heard = recordVoice(alice);
      const fromPython = packetsOf(1);
      bob.tell({ do: 'talk', channel: CHANNEL, packets: hexOf(fromPython), frame_number: 1000 });
      await eventually(() => heard.length >= fromPython.length);
      expect(heard).toEqual(expectedVoice(fromPython, 1000));
      const { by_udp: byUdp, by_tunnel: byTunnel } = await bob.event('talked');
      expect({ byUdp, byTunnel }).toEqual({
        byUdp: ownWay === 'udp' ? fromPython.length : 0,
        byTunnel: ownWay === 'udp' ? 0 : fromPython.length,
      });

      const fromLibrary = packetsOf(2);
      await talk(alice, fromLibrary, 7);
      await eventually(() => bob.events('voice').length >= fromLibrary.length);
      expect(bob.events('voice').map(toHeard)).toEqual(expectedVoice(fromLibrary, 7));
      for (const voice of bob.events('voice')) {
        expect(voice).toMatchObject({ username: 'alice', channel: CHANNEL, way: ownWay });
      }
    },
  );

  it('goes on talking and hearing over a change of the channel key', async () => {
    const bob = await startPython('bob');
    const alice = await startLibrary('alice');
    const carol = await startLibrary('carol');
    await bob.event('path', { way: 'udp' });
    await joinBoth(bob, alice);
    await carol.join(channelIdOf(carol));
    const heard = recordVoice(alice);
    const packets = packetsOf(3);
    bob.tell({ do: 'talk', channel: CHANNEL, packets: hexOf(packets) });
    const talking = talk(alice, packets, 0);
    await eventually(() => heard.length > packets.length / 4);
    const before = bob.events('key').length;
    await carol.leave(channelIdOf(carol));
    await eventually(() => bob.events('key').length > before);
    await talking;
    await bob.event('talked');
    await eventually(() => heard.length >= packets.length && bob.events('voice').length >= packets.length);
    expect(heard).toEqual(expectedVoice(packets, 0));
    expect(bob.events('voice').map(toHeard)).toEqual(expectedVoice(packets, 0));
  });

  it('takes to the tunnel in mid-sentence when UDP stops passing, and returns when it passes again', async () => {
    const bob = await startPython('bob');
    const alice = await startLibrary('alice');
    await bob.event('path', { way: 'udp' });
    await joinBoth(bob, alice);
    bob.tell({ do: 'block_udp', blocked: true });
    await bob.event('path', { way: 'tunnel' });
    // From here on the server knows that UDP does not pass.
    await bob.event('tunnel_pong');
    const packets = packetsOf(4);
    const heard = recordVoice(alice);
    bob.tell({ do: 'talk', channel: CHANNEL, packets: hexOf(packets), frame_number: 0 });
    await talk(alice, packets, 0);
    await eventually(() => heard.length >= packets.length && bob.events('voice').length >= packets.length);
    expect(heard).toEqual(expectedVoice(packets, 0));
    expect(bob.events('voice').map(({ way }) => way)).toEqual(packets.map(() => 'tunnel'));

    const waysBefore = bob.events('path').length;
    bob.tell({ do: 'block_udp', blocked: false });
    await eventually(() => bob.events('path').length > waysBefore);
    expect(bob.events('path').at(-1)).toMatchObject({ way: 'udp' });
    await talk(alice, packets, 5000);
    await eventually(() => bob.events('voice').length >= 2 * packets.length);
    expect(bob.events('voice').at(-1)).toMatchObject({ way: 'udp' });
  });

  it('is not heard while it has muted itself, and sees and is seen', async () => {
    const bob = await startPython('bob');
    const alice = await startLibrary('alice');
    await joinBoth(bob, alice);
    await bob.event('session', { username: 'alice' });
    const heard = recordVoice(alice);
    bob.tell({ do: 'set_self_state', muted: true, deafened: false });
    await bob.event('self_state');
    bob.tell({ do: 'talk', channel: CHANNEL, packets: hexOf(packetsOf(5)) });
    await bob.event('talked');
    await eventually(() =>
      [...alice.sessions.values()].some(({ username, selfMuted }) => username === 'bob' && selfMuted),
    );
    expect(heard).toEqual([]);
    await alice.leave(channelIdOf(alice));
    await bob.event('key', { epoch: 1 });
    bob.tell({ do: 'leave', channel: CHANNEL });
    await bob.event('left');
    bob.tell({ do: 'talk', channel: CHANNEL, packets: ['fc'] });
    await bob.event('refused', { command: 'talk', code: 'NOT_JOINED' });
  });

  it('whispers and writes, and is whispered and written to', async () => {
    const bob = await startPython('bob');
    const alice = await startLibrary('alice');
    await bob.event('session', { username: 'alice' });
    await bob.event('path', { way: 'udp' });
    const heard = recordVoice(alice);
    const packets = packetsOf(6);
    bob.tell({ do: 'whisper', users: ['alice'], packets: hexOf(packets) });
    await bob.event('talked');
    await eventually(() => heard.length >= packets.length);
    expect(heard).toEqual(expectedVoice(packets, 0));

    const target = await alice.whispers.set({ userIds: [userIdOf(alice, 'bob')] });
    await bob.event('key', { channel_id: target });
    await talk(alice, packets, 0, target);
    await eventually(() => bob.events('voice').length >= packets.length);
    expect(bob.events('voice').map(toHeard)).toEqual(expectedVoice(packets, 0));
    expect(bob.events('voice').at(-1)).toMatchObject({ username: 'alice', channel: null });

    const texts: string[] = [];
    alice.on('text', ({ username, text }) => texts.push(`${username}: ${text}`));
    bob.tell({ do: 'text', user: 'alice', text: 'Grüß dich 👋' });
    await bob.event('text_sent');
    await eventually(() => texts.length > 0);
    expect(texts).toEqual(['bob: Grüß dich 👋']);
    await alice.sendText({ userId: userIdOf(alice, 'bob') }, 'Hallo!');
    expect(await bob.event('text')).toMatchObject({ username: 'alice', channel_id: 0, text: 'Hallo!' });
  });

  it('listens to a channel without being in it', async () => {
    const bob = await startPython('bob');
    const alice = await startLibrary('alice');
    await bob.event('path', { way: 'udp' });
    await alice.join(channelIdOf(alice));
    bob.tell({ do: 'listen', channel: CHANNEL });
    await bob.event('listening');
    const packets = packetsOf(7);
    await talk(alice, packets, 0);
    await eventually(() => bob.events('voice').length >= packets.length);
    expect(bob.events('voice').map(toHeard)).toEqual(expectedVoice(packets, 0));
  });

  it('is told why it is refused', async () => {
    const bob = await startPython('bob');
    bob.tell({ do: 'join', channel: 'Vault' });
    await bob.event('refused', { code: 'PASSWORD_REQUIRED', retry_after_ms: 0 });
    bob.tell({ do: 'join', channel: 'Vault', password: 'open barley' });
    await bob.event('refused', { code: 'WRONG_PASSWORD' });
    bob.tell({ do: 'join', channel: 'Vault', password: VAULT_PASSWORD });
    await bob.event('joined');
    bob.tell({ do: 'leave', channel: CHANNEL });
    await bob.event('refused', { code: 'NOT_JOINED' });
    const again = await startPython('bob');
    await bob.event('ended', { code: 'REPLACED' });
    expect(await bob.exitCode()).toBe(1);
    again.tell({ do: 'close' });
    expect(await again.exitCode()).toBe(0);

    const stranger = newPython();
    stranger.tell({ ...loginOf('bob'), password: 'not that one' });
    await stranger.event('refused', { command: 'login', code: 'INVALID_CREDENTIALS' });
    expect(await stranger.exitCode()).toBe(1);
  });

  it('sends nothing to a server with another certificate', async () => {
    const bob = newPython();
    bob.tell({ ...loginOf('bob'), fingerprint: 'AB:'.repeat(31).concat('AB') });
    await bob.event('ended', { code: null, message: 'the certificate has another fingerprint' });
    expect(await bob.exitCode()).toBe(1);
  });
});

async function startPython(username: string, { blocked = false } = {}): Promise<PythonClient> {
  const client = newPython();
  client.tell({ ...loginOf(username), ...(blocked ? { block_udp: true } : {}) });
  await client.event('welcome', { username });
  return client;
}

function newPython(): PythonClient {
  const client = new PythonClient(interpreter);
  pythonClients.push(client);
  return client;
}

function loginOf(username: string) {
  const { host, controlPort: port, certificateFingerprint: fingerprint } = server;
  return { do: 'login', host, port, fingerprint, organization: ORGANIZATION, username, password: PASSWORD };
}

async function startLibrary(username: string, udpPort?: number): Promise<VoiceClient> {
  const client = await VoiceClient.connect({
    host: server.host,
    port: server.controlPort,
    fingerprint: server.certificateFingerprint,
    credentials: { organizationTag: ORGANIZATION, username, password: PASSWORD },
    clientName: 'interop test',
    udpPort,
  });
  voiceClients.push(client);
  return client;
}

async function joinBoth(python: PythonClient, library: VoiceClient): Promise<void> {
  python.tell({ do: 'join', channel: CHANNEL });
  await python.event('joined');
  await library.join(channelIdOf(library));
}

/** Speaks in real time, 20 ms each. */
async function talk(
  client: VoiceClient,
  packets: readonly Buffer[],
  firstFrame: number,
  target = channelIdOf(client),
): Promise<void> {
  const startMs = performance.now();
  for (const [index, opus] of packets.entries()) {
    await sleep(Math.max(0, startMs + index * PACKET_MS - performance.now()));
    const endOfTalk = index === packets.length - 1;
    client.sendVoice(target, firstFrame + index * FRAMES_PER_PACKET, opus, endOfTalk);
  }
}

interface HeardVoice {
  readonly frameNumber: unknown;
  readonly endOfTalk: unknown;
  readonly opus: unknown;
}

function recordVoice(client: VoiceClient): HeardVoice[] {
  const heard: HeardVoice[] = [];
  client.on('voice', ({ frameNumber, endOfTalk, opus }) => {
    heard.push({ frameNumber, endOfTalk, opus: Buffer.from(opus).toString('hex') });
  });
  return heard;
}

function toHeard(event: Readonly<Record<string, unknown>>): HeardVoice {
  return { frameNumber: event.frame_number, endOfTalk: event.end_of_talk, opus: event.opus };
}

function expectedVoice(packets: readonly Buffer[], firstFrame: number): HeardVoice[] {
  return packets.map((opus, index) => ({
    frameNumber: firstFrame + index * FRAMES_PER_PACKET,
    endOfTalk: index === packets.length - 1,
    opus: opus.toString('hex'),
  }));
}

/** A second of packets that look like Opus (20 ms, CELT), all different, of 1 to 200 bytes and one of the greatest length. */
function packetsOf(seed: number): Buffer[] {
  return Array.from({ length: 50 }, (_, index) => {
    const length = index === 25 ? 1152 : 1 + ((index * 37 + seed * 11) % 200);
    const content = Buffer.alloc(length, 0xfc);
    for (let at = 1; at < length; at++) content[at] = (at * seed * 7 + index * 13) % 256;
    return content;
  });
}

function hexOf(packets: readonly Buffer[]): string[] {
  return packets.map((packet) => packet.toString('hex'));
}

function userIdOf(client: VoiceClient, username: string): number {
  const session = [...client.sessions.values()].find((each) => each.username === username);
  if (session === undefined) throw new Error(`${client.identity.username} does not see ${username}.`);
  return session.userId;
}

function channelIdOf(client: VoiceClient): number {
  const channel = [...client.channels.values()].find(({ name }) => name === CHANNEL);
  if (channel === undefined) throw new Error(`${client.identity.username} does not see the channel ${CHANNEL}.`);
  return channel.id;
}
