import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { VoiceClient, type VoiceClientOptions } from '../../src/client/voice-client.js';
import { VoiceClientError } from '../../src/client/voice-client-error.js';
import { sealVoice } from '../../src/client/voice-packet.js';
import { ErrorCode } from '../../src/protocol/generated/control_pb.js';
import { eventually } from '../support/eventually.js';
import {
  CHANNEL_KEY,
  CLIENT_KEY,
  type Script,
  type ScriptedConnection,
  ScriptedServer,
  SESSION_ID,
} from './scripted-server.js';

const SESSION_TAG_BYTES = 12;
const SPEAKER = 9;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('the certificate', () => {
  it('is accepted by its fingerprint, with and without colons, in either case', async () => {
    const server = await serve(welcoming);
    for (const fingerprint of [server.fingerprint, server.fingerprint.replaceAll(':', '').toLowerCase()]) {
      const client = await connect(server, { insecure: false, fingerprint });
      expect(client.identity).toMatchObject({ username: 'alice', sessionId: SESSION_ID });
    }
  });

  it('is refused when its fingerprint is another, and the password is not sent', async () => {
    const server = await serve(welcoming);
    const error = await refusal(connect(server, { insecure: false, fingerprint: 'AB'.repeat(32) }));
    expect(error.code).toBe('CERTIFICATE_REFUSED');
    expect(error.message).toContain(server.fingerprint);
    expect(server.bytesReceived).toBe(0);
  });

  it('is refused when no authority has signed it, and its fingerprint is told', async () => {
    const server = await serve(welcoming);
    const error = await refusal(connect(server, { insecure: false }));
    expect(error.code).toBe('CERTIFICATE_REFUSED');
    expect(error.message).toContain(server.fingerprint);
    expect(server.bytesReceived).toBe(0);
  });
});

describe('connecting', () => {
  it('fails with CANNOT_CONNECT where nobody listens', async () => {
    const server = await serve(welcoming);
    const { port } = server;
    await server.stop();
    closers.pop();
    expect((await refusal(VoiceClient.connect({ ...options, port }))).code).toBe('CANNOT_CONNECT');
  });

  it('gives the code, the message and the waiting time of a refused login', async () => {
    const server = await serve(({ requestId }, connection) => {
      const value = { code: ErrorCode.RATE_LIMITED, message: 'Too many attempts.', retryAfterMs: 1500 };
      connection.send({ case: 'refused', value }, requestId);
    });
    const error = await refusal(connect(server));
    expect(error).toMatchObject({ code: 'RATE_LIMITED', message: 'Too many attempts.', retryAfterMs: 1500 });
    await eventually(() => server.connectionCount === 0);
  });

  it('takes a code that it does not know for INTERNAL', async () => {
    const code: number = 999;
    const server = await serve(({ requestId }, connection) => {
      connection.send({ case: 'refused', value: { code, message: 'Something new.' } }, requestId);
    });
    expect(await refusal(connect(server))).toMatchObject({ code: 'INTERNAL', message: 'Something new.' });
  });

  it.each<readonly [what: string, script: Script, code: string]>([
    ['closes the connection', (_, connection) => connection.end(), 'DISCONNECTED'],
    ['sends a frame of 0 bytes', (_, connection) => connection.sendBytes('00000000'), 'MALFORMED'],
    ['sends a frame that is too long', (_, connection) => connection.sendBytes('00010001'), 'MALFORMED'],
    ['sends bytes that are no message', (_, connection) => connection.sendBytes('00000002ffff'), 'MALFORMED'],
    ['answers by another message', ({ requestId }, at) => at.send({ case: 'done', value: {} }, requestId), 'MALFORMED'],
    ['welcomes without keys', ({ requestId }, at) => at.send({ case: 'welcome', value: {} }, requestId), 'MALFORMED'],
    [
      'says goodbye',
      (_, at) => at.send({ case: 'disconnect', value: { code: ErrorCode.SERVER_FULL, message: 'Full.' } }),
      'SERVER_FULL',
    ],
  ])('fails when the server %s', async (_, script, code) => {
    const server = await serve(script);
    expect((await refusal(connect(server))).code).toBe(code);
    await eventually(() => server.connectionCount === 0);
  });
});

describe('a session', () => {
  it('knows the channels and sessions, and tells changes with what was before', async () => {
    const { server, client, events } = await session();
    expect([...client.channels.values()].map(({ name, permissions }) => [name, permissions.speak])).toEqual([
      ['Lobby', true],
    ]);
    const changes: unknown[] = [];
    client.on('session', (now, former) => changes.push([now.username, now.channelIds, former?.channelIds]));
    client.on('session_removed', ({ username }, reason) => changes.push([username, reason]));
    const bob = { sessionId: SPEAKER, userId: 4, username: 'bob' };
    events().send({ case: 'sessionState', value: bob });
    events().send({ case: 'sessionState', value: { ...bob, channelIds: [42] } });
    events().send({ case: 'sessionRemoved', value: { sessionId: SPEAKER, reason: 'kicked' } });
    await eventually(() => changes.length === 3);
    expect(changes).toEqual([
      ['bob', [], undefined],
      ['bob', [42], []],
      ['bob', 'kicked'],
    ]);
    expect([...client.sessions.keys()]).toEqual([SESSION_ID]);
    expect(server.connectionCount).toBe(1);
  });

  it('cannot speak in a channel that it has not joined', async () => {
    const { client } = await session();
    expect(() => client.sendVoice(42, 0, Uint8Array.of(0xf8), false)).toThrow(
      expect.objectContaining({ code: 'NOT_JOINED' }),
    );
  });

  it('hears by UDP what was sealed under the key of the channel, also when the packet overtakes the key', async () => {
    const { server, client, events } = await session();
    expect(client.pathMode).toBe('udp');
    const opus = Uint8Array.of(0xf8, 1, 2, 3);
    server.sendDatagram(forwarded(opus, 1));
    await eventually(() => client.statistics.received.waiting === 1);
    const heard = once(client, 'voice');
    events().send({ case: 'channelKey', value: { targetId: 42, epoch: 5, key: CHANNEL_KEY } });
    server.sendDatagram(forwarded(opus, 1));
    const [voice] = await heard;
    expect(voice).toMatchObject({ sessionId: SPEAKER, channelId: 42, frameNumber: 10, endOfTalk: false, counter: 1 });
    expect([...voice.opus]).toEqual([...opus]);
    await eventually(() => client.statistics.received.duplicate === 1);
  });

  it.each([
    ['a kick', ErrorCode.KICKED, 'KICKED'],
    ['a new login of the same user', ErrorCode.REPLACED, 'REPLACED'],
  ])('ends with the reason of %s', async (_, code, name) => {
    const { client, events } = await session();
    const gone = once(client, 'disconnect');
    events().send({ case: 'disconnect', value: { code, message: 'Goodbye.' } });
    expect(await gone).toEqual([expect.objectContaining({ code: name, message: 'Goodbye.' })]);
    await expect(client.join(42)).rejects.toMatchObject({ code: name });
    expect(() => client.sendVoice(42, 0, Uint8Array.of(0xf8), false)).toThrow('Goodbye.');
  });

  it('ends when a channel key is not a key', async () => {
    const { client, events } = await session();
    const gone = once(client, 'disconnect');
    events().send({ case: 'channelKey', value: { targetId: 42, epoch: 0, key: Buffer.alloc(5) } });
    expect(await gone).toEqual([expect.objectContaining({ code: 'MALFORMED' })]);
  });

  it('answers requests that wait when it is closed, and gives the connection back', async () => {
    const { server, client } = await session();
    const waiting = client.setSelfState({ muted: true, deafened: false });
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'DISCONNECTED' });
    await client.close();
    await outcome;
    await eventually(() => server.connectionCount === 0);
    await client.close();
  });
});

describe('where UDP is not answered', () => {
  it('sends voice through the control connection, and returns to UDP when that is answered', async () => {
    const tunneled: string[] = [];
    const server = await serve((message, connection, self) => {
      welcoming(message, connection, self);
      if (message.body.case === 'join') {
        connection.send({ case: 'channelKey', value: { targetId: 42, epoch: 5, key: CHANNEL_KEY } });
        connection.send({ case: 'done', value: {} }, message.requestId);
      }
      if (message.body.case === 'tunneledVoice') tunneled.push(Buffer.from(message.body.value.packet).toString('hex'));
    });
    server.pathToken = undefined;
    const client = await connect(server);
    expect(client.pathMode).toBe('tunnel');
    await client.join(42);
    client.sendVoice(42, 10, Uint8Array.of(0xf8, 1), false);
    const voice = { sessionId: SESSION_ID, counter: 0, targetId: 42, epoch: 5, frameNumber: 10, endOfTalk: false };
    await eventually(() => tunneled.some((packet) => packet.startsWith('50')));
    const packet = Buffer.from(tunneled.find((each) => each.startsWith('50')) ?? '', 'hex');
    const counter = packet.readUIntBE(10, 6);
    const expected = sealVoice({ ...voice, counter, opus: Uint8Array.of(0xf8, 1) }, key(CHANNEL_KEY), key(CLIENT_KEY));
    expect(packet.toString('hex')).toBe(Buffer.from(expected).toString('hex'));
    expect(client.statistics).toMatchObject({ sentByTunnel: 1, sentByUdp: 0 });

    const back = once(client, 'path');
    server.pathToken = 0x99n;
    expect(await back).toEqual(['udp']);
    client.sendVoice(42, 12, Uint8Array.of(0xf8, 1), true);
    expect(client.statistics).toMatchObject({ sentByTunnel: 1, sentByUdp: 1 });
  });

  it('hears through the control connection', async () => {
    const { client, events } = await session();
    const heard = once(client, 'voice');
    events().send({ case: 'channelKey', value: { targetId: 42, epoch: 5, key: CHANNEL_KEY } });
    events().send({ case: 'tunneledVoice', value: { packet: forwarded(Uint8Array.of(0xf8, 9), 3) } });
    expect(await heard).toEqual([expect.objectContaining({ sessionId: SPEAKER, counter: 3 })]);
  });
});

const options: Omit<VoiceClientOptions, 'port'> = {
  host: '127.0.0.1',
  insecure: true,
  credentials: { organizationTag: 'demo', username: 'alice', password: 'not a secret' },
  clientName: 'test',
};

const welcoming: Script = ({ requestId, body }, connection, server) => {
  if (body.case === 'login') server.welcome(connection, requestId);
};

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await ScriptedServer.start(script);
  closers.push(() => server.stop());
  return server;
}

async function connect({ port }: ScriptedServer, change: Partial<VoiceClientOptions> = {}): Promise<VoiceClient> {
  const client = await VoiceClient.connect({ ...options, port, ...change });
  closers.push(() => client.close());
  return client;
}

/** A client that has logged in, and the server's end to send events from. */
async function session() {
  let connection: ScriptedConnection | undefined;
  const server = await serve((message, at, self) => {
    connection = at;
    welcoming(message, at, self);
  });
  const client = await connect(server);
  const events = () => {
    if (connection === undefined) throw new Error('nobody has connected');
    return connection;
  };
  return { server, client, events };
}

async function refusal(attempt: Promise<VoiceClient>): Promise<VoiceClientError> {
  const outcome = await attempt.catch((error: unknown) => error);
  if (!(outcome instanceof VoiceClientError)) throw new Error(`not refused: ${String(outcome)}`);
  return outcome;
}

function forwarded(opus: Uint8Array, counter: number): Uint8Array {
  const voice = { sessionId: SPEAKER, counter, targetId: 42, epoch: 5, frameNumber: 10, endOfTalk: false, opus };
  return sealVoice(voice, key(CHANNEL_KEY), key(CLIENT_KEY)).subarray(0, -SESSION_TAG_BYTES);
}

function key(bytes: Buffer) {
  return createSecretKey(bytes);
}
