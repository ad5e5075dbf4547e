import { createSecretKey } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelVisitOptions } from '../../src/client/channel-visit.js';
import { toCommandError } from '../../src/client/command-error.js';
import { CommandOutput } from '../../src/client/command-output.js';
import { listen } from '../../src/client/listen-command.js';
import { OggOpusWriter, readOggOpus } from '../../src/client/ogg-opus.js';
import { say } from '../../src/client/say-command.js';
import { talk } from '../../src/client/talk-command.js';
import { sealVoice } from '../../src/client/voice-packet.js';
import { type ClientMessage, ErrorCode } from '../../src/protocol/generated/control_pb.js';
import { eventually } from '../support/eventually.js';
import { CHANNEL_KEY, CLIENT_KEY, type Script, type ScriptedConnection, ScriptedServer } from './scripted-server.js';

const CHANNEL_ID = 42;
const SESSION_TAG_BYTES = 12;
const TOC_20_MS = 0xf8;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-commands-'));
});
afterAll(() => rm(folder, { recursive: true }));

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

describe('parley listen', () => {
  it('writes one file for the first speaker and one beside it for each other, and names them in the summary', async () => {
    const { server, events, output, said, options } = await prepared();
    const interrupt = new AbortController();
    const out = join(folder, 'heard.opus');
    const listening = listen({ out, durationMs: undefined }, options, output, interrupt.signal);
    await eventually(() => said().includes('"event":"joined"'));
    for (const [id, username] of [
      [8, 'bob'],
      [9, 'Zoë/../x'],
    ] as const) {
      events().send({ case: 'sessionState', value: { sessionId: id, userId: id, username, channelIds: [CHANNEL_ID] } });
    }
    await eventually(() => said().includes('Zoë'));
    for (let index = 0; index < 5; index++) server.sendDatagram(spoken(8, index, index === 4));
    for (let index = 0; index < 3; index++) server.sendDatagram(spoken(9, index, index === 2));
    await eventually(() => said().split('"event":"silent"').length === 3);
    interrupt.abort();
    expect(await listening).toBe(0);
    expect((await readdir(folder)).filter((name) => name.startsWith('heard'))).toEqual([
      'heard.Zoë____x.opus',
      'heard.opus',
    ]);
    expect((await readOggOpus(out)).packets.map((packet) => [...packet])).toEqual([0, 1, 2, 3, 4].map(opusOf));
    expect(said()).toContain('"event":"speaking","username":"bob"');
    expect(said()).toMatch(/"event":"summary".*"username":"bob".*"packets":5,"missingMs":0/);
  });

  it('keeps what was heard when the connection is lost, and says why', async () => {
    const { server, events, output, said, options } = await prepared();
    const out = join(folder, 'until-the-end.opus');
    const listening = listen({ out, durationMs: undefined }, options, output, new AbortController().signal);
    await eventually(() => said().includes('"event":"joined"'));
    server.sendDatagram(spoken(8, 0, false));
    await eventually(() => said().includes('"event":"speaking"'));
    events().send({ case: 'disconnect', value: { code: ErrorCode.KICKED, message: 'Enough.' } });
    await expect(listening).rejects.toMatchObject({ code: 'KICKED' });
    expect((await readOggOpus(out)).packets).toHaveLength(1);
  });

  it('writes no file when nobody speaks, and ends by itself after its time', async () => {
    const { output, said, options } = await prepared();
    const out = join(folder, 'silence.opus');
    expect(await listen({ out, durationMs: 50 }, options, output, new AbortController().signal)).toBe(0);
    expect(await readdir(folder)).not.toContain('silence.opus');
    expect(said()).toContain('"files":[]');
  });

  it('finds out before it connects that the file cannot be written', async () => {
    const { server, output, options } = await prepared();
    const out = join(folder, 'no', 'heard.opus');
    const outcome = listen({ out, durationMs: 50 }, options, output, new AbortController().signal);
    await expect(outcome).rejects.toMatchObject({ exitCode: 2 });
    expect(server.bytesReceived).toBe(0);
  });
});

describe('parley talk', () => {
  it('speaks the packets of the file, the last one with the end of talk, and sums up', async () => {
    const { heard, output, said, options } = await prepared();
    const file = await fileOf(
      'short.opus',
      Array.from({ length: 5 }, (_, index) => opusOf(index)),
    );
    expect(await talk(file, options, output, new AbortController().signal)).toBe(0);
    expect(heard().map(({ sealedBytes }) => sealedBytes)).toEqual([3, 3, 3, 3, 3]);
    expect(said()).toContain(
      '"event":"summary","packets":5,"sentByUdp":5,"sentByTunnel":0,"notSent":0,"durationMs":100',
    );
  });

  it('stops when the server takes it out of the channel', async () => {
    const { events, output, said, options } = await prepared();
    const file = await fileOf(
      'long.opus',
      Array.from({ length: 500 }, (_, index) => opusOf(index)),
    );
    const talking = talk(file, options, output, new AbortController().signal);
    await eventually(() => said().includes('"event":"talking"'));
    events().send({ case: 'channelLeft', value: { channelId: CHANNEL_ID, reason: 'permission_lost' } });
    await expect(talking).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('permission_lost') });
  });

  it('ends its talk at Ctrl-C', async () => {
    const { heard, output, said, options } = await prepared();
    const interrupt = new AbortController();
    const file = await fileOf(
      'interrupted.opus',
      Array.from({ length: 500 }, (_, index) => opusOf(index)),
    );
    const talking = talk(file, options, output, interrupt.signal);
    await eventually(() => heard().length > 3);
    interrupt.abort();
    expect(await talking).toBe(130);
    expect(heard().at(-1)).toEqual({ sealedBytes: 0 });
    expect(said()).toContain('"event":"summary"');
  });

  it.each([
    ['packets of 5 ms', [[17 << 3, 1]], 2, 'opusenc --framesize 20'],
    ['packets that no datagram holds', [[TOC_20_MS, ...Array(1200).fill(1)]], 2, 'at most 1152 bytes'],
    [
      'more bits per second than the server takes',
      Array(50).fill([TOC_20_MS, ...Array(400).fill(1)]),
      1,
      '179600 bit/s',
    ],
  ])('refuses a file with %s', async (what, packets, exitCode, words) => {
    const { output, options } = await prepared();
    const file = await fileOf(`${what}.opus`, packets);
    const outcome = talk(file, options, output, new AbortController().signal).catch((error: unknown) => {
      throw toCommandError(error);
    });
    await expect(outcome).rejects.toMatchObject({ exitCode, message: expect.stringContaining(words) });
  });

  it('names the channels when there is none of that name', async () => {
    const { output, options } = await prepared();
    const file = await fileOf('unknown-channel.opus', [opusOf(1)]);
    const outcome = talk(file, { ...options, channel: 'Lounge' }, output, new AbortController().signal);
    await expect(outcome).rejects.toMatchObject({
      exitCode: 1,
      message: 'There is no channel "Lounge". The channels are: Lobby.',
    });
  });

  it('does not speak where it may not', async () => {
    const { events, output, said, options } = await prepared((connection) => {
      connection.send({ case: 'channelState', value: { id: CHANNEL_ID, name: 'Lobby', permissions: 1, maxUsers: 50 } });
    });
    const file = await fileOf('not-a-speaker.opus', [opusOf(1)]);
    const outcome = talk(file, options, output, new AbortController().signal);
    await expect(outcome).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('SPEAK') });
    expect(said()).not.toContain('"event":"talking"');
    expect(events()).toBeDefined();
  });
});

describe('parley say', () => {
  it('writes a text to the channel, and says so', async () => {
    const { asked, output, said, options } = await prepared();
    expect(await say('Hello!', options, output)).toBe(0);
    expect(asked.map((body) => body.case)).toEqual(['login', 'join', 'sendText', 'logout']);
    expect(asked[2]).toMatchObject({
      case: 'sendText',
      value: { receiver: { case: 'channelId', value: CHANNEL_ID }, text: 'Hello!' },
    });
    expect(said()).toContain('"event":"said"');
  });
});

describe('a text that is written meanwhile', () => {
  const from = { sessionId: 8, userId: 8, username: 'bob' };

  it('is shown where it is for the channel or the user', async () => {
    const { events, output, said, options } = await prepared();
    const interrupt = new AbortController();
    const listening = listen(
      { out: join(folder, 'texts.opus'), durationMs: undefined },
      options,
      output,
      interrupt.signal,
    );
    await eventually(() => said().includes('"event":"joined"'));
    events().send({ case: 'textMessage', value: { ...from, channelId: 43, text: 'elsewhere' } });
    events().send({ case: 'textMessage', value: { ...from, channelId: CHANNEL_ID, text: 'here' } });
    events().send({ case: 'textMessage', value: { ...from, text: 'to you' } });
    await eventually(() => said().includes('to you'));
    interrupt.abort();
    await listening;
    const texts = said()
      .split('\n')
      .filter((line) => line.includes('"event":"text"'));
    expect(texts).toEqual([
      '{"event":"text","username":"bob","private":false,"text":"here"}',
      '{"event":"text","username":"bob","private":true,"text":"to you"}',
    ]);
  });

  it('cannot pass for a line of ours, nor make the terminal do anything', async () => {
    const { events, options } = await prepared();
    let shown = '';
    const stream = new PassThrough().setEncoding('utf8').on('data', (chunk: string) => {
      shown += chunk;
    });
    const interrupt = new AbortController();
    const where = { out: join(folder, 'lines.opus'), durationMs: undefined };
    const listening = listen(where, options, new CommandOutput(stream, { json: false }), interrupt.signal);
    await eventually(() => shown.includes('Joined Lobby.'));
    const text = 'Hi.\nalice left.\r\u2028carol left.\u001b[2J';
    events().send({ case: 'textMessage', value: { ...from, channelId: CHANNEL_ID, text } });
    await eventually(() => shown.includes('Hi.'));
    interrupt.abort();
    await listening;
    expect(shown).toContain('bob: Hi.\n    alice left.\n    \n    carol left. [2J\n');
  });
});

describe('the lines for a person', () => {
  it('tell what happens in words', async () => {
    const { options } = await prepared();
    const stream = new PassThrough();
    const file = await fileOf('words.opus', [opusOf(1)]);
    await talk(file, options, new CommandOutput(stream, { json: false }), new AbortController().signal);
    stream.end();
    const [connected, path, ...rest] = (await text(stream)).trim().split('\n');
    expect(connected).toMatch(/^Connected to scripted at 127\.0\.0\.1:\d+ as alice of Demo\.$/);
    expect(path).toMatch(/^Voice goes by UDP \(round trip \d+\.\d ms\)\.$/);
    expect(rest).toEqual([
      'Joined Lobby. Nobody else is there.',
      'Talking for 0.0 s.',
      'Done: 0.0 s; packets: 1 by UDP.',
    ]);
  });
});

/** A server that lets in and answers a join, and what its client said and was told. */
async function prepared(beforeDone: (connection: ScriptedConnection) => void = () => undefined) {
  let connection: ScriptedConnection | undefined;
  const asked: ClientMessage['body'][] = [];
  const script: Script = ({ requestId, body }, at, self) => {
    connection = at;
    asked.push(body);
    if (body.case === 'login') self.welcome(at, requestId);
    if (body.case === 'sendText') at.send({ case: 'done', value: {} }, requestId);
    if (body.case !== 'join') return;
    at.send({ case: 'channelKey', value: { targetId: CHANNEL_ID, epoch: 5, key: CHANNEL_KEY } });
    beforeDone(at);
    at.send({ case: 'done', value: {} }, requestId);
  };
  const server = await ScriptedServer.start(script);
  servers.push(server);
  let said = '';
  const stream = new PassThrough().setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const options: ChannelVisitOptions = {
    host: '127.0.0.1',
    port: server.port,
    insecure: true,
    credentials: { accessToken: 'token' },
    clientName: 'test',
    channel: 'Lobby',
    channelPassword: undefined,
  };
  return {
    server,
    options,
    asked,
    output: new CommandOutput(stream, { json: true }),
    said: () => said,
    events: () => {
      if (connection === undefined) throw new Error('nobody has connected');
      return connection;
    },
    heard: () => server.voiceReceived.map(({ length }) => ({ sealedBytes: length - 16 - 4 - 16 - SESSION_TAG_BYTES })),
  };
}

function opusOf(index: number): number[] {
  return [TOC_20_MS, index % 256, 7];
}

function spoken(sessionId: number, index: number, endOfTalk: boolean): Uint8Array {
  const opus = Uint8Array.from(opusOf(index));
  const voice = {
    sessionId,
    counter: index + 1,
    targetId: CHANNEL_ID,
    epoch: 5,
    frameNumber: 2 * index,
    endOfTalk,
    opus,
  };
  return sealVoice(voice, createSecretKey(CHANNEL_KEY), createSecretKey(CLIENT_KEY)).subarray(0, -SESSION_TAG_BYTES);
}

async function fileOf(name: string, packets: readonly (readonly number[])[]): Promise<string> {
  const path = join(folder, name);
  const writer = await OggOpusWriter.create(path, 1);
  for (const packet of packets) await writer.add(Uint8Array.from(packet));
  await writer.finish();
  return path;
}
