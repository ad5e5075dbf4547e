import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { ChannelId } from '../../src/ids.js';
import { ClientMessageSchema } from '../../src/protocol/generated/control_pb.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { type ClientBody, frameOf, loginBody, type RawControl } from './raw-control.js';
import { framesHeard, gapsIn, SteadyTalk } from './steady-talk.js';
import { VoiceWorld } from './voice-world.js';

let world: VoiceWorld;
let lobby: ChannelId;
let talk: SteadyTalk;
let heard: readonly number[];
let people: readonly VoiceClient[];
beforeAll(async () => {
  world = await VoiceWorld.open({ handshakeTimeoutMs: 1500 });
  ({ lobby } = await world.organization('demo', 'alice', 'bob', 'mallory'));
  const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
  people = [alice, bob];
  for (const client of people) await client.join(lobby);
  heard = framesHeard(bob, alice);
  talk = new SteadyTalk(alice, lobby);
});
afterAll(async () => {
  talk.stop();
  await world.close();
});

const raws: RawControl[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(raws.splice(0).map((raw) => raw.close()));
  await eventually(() => world.registry.size === people.length && world.door.counters().newcomers === 0);
  // Whatever one connection does, two who talk hear no gap.
  const said = talk.lastFrame;
  await eventually(() => Math.max(...heard) > said);
  expect(gapsIn(heard)).toEqual([]);
  expect(world.complaints).toEqual([]);
});

describe('a connection that does not log in', () => {
  it('and does not even speak TLS is closed', async () => {
    const { failedHandshakes } = world.door.counters();
    const socket = await tcp();
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    await eventually(() => world.door.counters().failedHandshakes === failedHandshakes + 1);
  });

  it('and says nothing is closed when its time is over', async () => {
    const socket = await tcp();
    await once(socket, 'close');
    const raw = await connectRaw();
    expect(await raw.lastWords()).toBe('TIMED_OUT');
  });

  it('but sends its login byte by byte is closed when its time is over', async () => {
    const raw = await connectRaw();
    const frame = frameOfMessage(1, loginBody('demo', 'mallory', PASSWORD));
    let sent = 0;
    const timer = setInterval(() => {
      raw.sendBytes(frame.subarray(sent, sent + 1));
      sent += 1;
    }, 50);
    expect(await raw.lastWords()).toBe('TIMED_OUT');
    clearInterval(timer);
  });

  it('is one of a bounded number, of whom the oldest has to go', async () => {
    const first = await tcp();
    const gone = once(first, 'close');
    for (let count = 0; count < 256; count += 1) tcpWithoutWaiting();
    await gone;
    expect(world.door.counters().newcomers).toBeLessThanOrEqual(256);
    expect((await (await connectRaw()).login('demo', 'mallory', PASSWORD)).case).toBe('welcome');
  });

  it('and goes in the middle of a frame leaves nothing behind', async () => {
    const raw = await connectRaw();
    raw.sendBytes(frameOfMessage(1, loginBody('demo', 'mallory', PASSWORD)).subarray(0, 20));
    await raw.close();
  });

  it('because it is gone while its login is judged leaves nothing behind', async () => {
    for (let count = 0; count < 5; count += 1) {
      const raw = await connectRaw();
      raw.send(loginBody('demo', 'mallory', PASSWORD));
      await new Promise((resolve) => setTimeout(resolve, 5 * count));
      await raw.close();
    }
  });
});

describe('before the login', () => {
  it.each<readonly [what: string, bytes: () => string | Uint8Array, code: string]>([
    ['a frame of 0 bytes', () => '00000000', 'MALFORMED'],
    ['bytes that are no message', () => '00000004ffffffff', 'MALFORMED'],
    ['random bytes', () => '9f3a77c1d2e4b5a6978812', 'TOO_LARGE'],
    ['a length over 4096', () => '00001001', 'TOO_LARGE'],
    ['a message that is not known', () => frameOf(Buffer.from('0801fa0100', 'hex')), 'UNEXPECTED_MESSAGE'],
    ['an empty message', () => frameOf(Buffer.from('0801', 'hex')), 'UNEXPECTED_MESSAGE'],
    ['a join', () => frameOfMessage(1, { case: 'join', value: { channelId: lobby } }), 'UNEXPECTED_MESSAGE'],
    ['a ping', () => frameOfMessage(1, { case: 'ping', value: {} }), 'UNEXPECTED_MESSAGE'],
    [
      'voice',
      () => frameOfMessage(0, { case: 'tunneledVoice', value: { packet: Buffer.alloc(60) } }),
      'UNEXPECTED_MESSAGE',
    ],
    ['a login with the id 0', () => frameOfMessage(0, loginBody('demo', 'mallory', PASSWORD)), 'MALFORMED'],
    [
      'voice behind the login, before it is answered',
      () =>
        Buffer.concat([
          frameOfMessage(1, loginBody('demo', 'mallory', PASSWORD)),
          frameOfMessage(0, { case: 'tunneledVoice', value: { packet: Buffer.alloc(60) } }),
        ]),
      'UNEXPECTED_MESSAGE',
    ],
  ])('%s ends the connection', async (_, bytes, code) => {
    const raw = await connectRaw();
    raw.sendBytes(bytes());
    expect(await raw.lastWords()).toBe(code);
    expect(raw.cases).toEqual(['disconnect']);
  });

  it('requests that are sent with the login are answered after it, in order', async () => {
    const raw = await connectRaw();
    const bodies: ClientBody[] = [
      loginBody('demo', 'mallory', PASSWORD),
      { case: 'ping', value: { timestamp: 5n } },
      { case: 'join', value: { channelId: lobby } },
      { case: 'leave', value: { channelId: lobby } },
      { case: 'ping', value: { timestamp: 6n } },
    ];
    raw.sendBytes(Buffer.concat(bodies.map((body, index) => frameOfMessage(index + 7, body))));
    await eventually(() => raw.received.filter(({ requestId }) => requestId !== 0).length === 5);
    const answers = raw.received.filter(({ requestId }) => requestId !== 0);
    expect(answers.map(({ requestId, body }) => [requestId, body.case])).toEqual([
      [7, 'welcome'],
      [8, 'pong'],
      [9, 'done'],
      [10, 'done'],
      [11, 'pong'],
    ]);
  });
});

describe('after the login', () => {
  it.each<readonly [what: string, bytes: () => string | Uint8Array, code: string]>([
    ['a length over 65536', () => '00010001', 'TOO_LARGE'],
    ['a frame of 0 bytes', () => '00000000', 'MALFORMED'],
    ['bytes that are no message', () => '00000002ffff', 'MALFORMED'],
    ['a request with the id 0', () => frameOfMessage(0, { case: 'ping', value: {} }), 'MALFORMED'],
    [
      'the login once more, byte for byte',
      () => frameOfMessage(1, loginBody('demo', 'mallory', PASSWORD)),
      'UNEXPECTED_MESSAGE',
    ],
  ])('%s ends the connection', async (_, bytes, code) => {
    const raw = await loggedIn();
    raw.sendBytes(bytes());
    expect(await raw.lastWords()).toBe(code);
  });

  it('a request that is sent again is answered again, and does no harm', async () => {
    const raw = await loggedIn();
    const join = frameOfMessage(50, { case: 'join', value: { channelId: lobby } });
    for (let count = 0; count < 3; count += 1) raw.sendBytes(join);
    await eventually(() => raw.received.filter(({ requestId }) => requestId === 50).length === 3);
    expect(raw.cases.filter((kind) => kind === 'channelKey')).toHaveLength(1);
  });

  it('garbage in the tunnel is dropped and counted, whatever its length', async () => {
    const raw = await loggedIn();
    const before = (await world.relay.counters()).totals.drops;
    for (const length of [0, 1, 43, 60, 1200, 1201, 60_000]) {
      raw.send({ case: 'tunneledVoice', value: { packet: Buffer.alloc(length, 0x50) } }, 0);
    }
    expect((await raw.request({ case: 'ping', value: {} })).case).toBe('pong');
    await eventually(async () => {
      const { too_short, too_long, unknown_session } = (await world.relay.counters()).totals.drops;
      return (
        too_short === before.too_short + 3 &&
        too_long === before.too_long + 2 &&
        unknown_session === before.unknown_session + 2
      );
    });
  });

  it('a flood of requests is answered in order, and read no faster than that', async () => {
    const raw = await loggedIn();
    const count = 2500;
    const frames = Array.from({ length: count }, (_, index) =>
      frameOfMessage(1000 + index, { case: 'ping', value: { timestamp: BigInt(index) } }),
    );
    raw.sendBytes(Buffer.concat(frames));
    await eventually(() => raw.received.filter(({ body }) => body.case === 'pong').length === count);
    const ids = raw.received.filter(({ body }) => body.case === 'pong').map(({ requestId }) => requestId);
    expect(ids).toEqual(Array.from({ length: count }, (_, index) => 1000 + index));
  });
});

async function connectRaw(): Promise<RawControl> {
  const raw = await world.raw();
  raws.push(raw);
  return raw;
}

async function loggedIn(): Promise<RawControl> {
  const raw = await connectRaw();
  await raw.login('demo', 'mallory', PASSWORD);
  return raw;
}

async function tcp(): Promise<Socket> {
  const socket = tcpWithoutWaiting();
  await once(socket, 'connect');
  return socket;
}

function tcpWithoutWaiting(): Socket {
  const socket = connect(world.door.port, '127.0.0.1');
  socket.on('error', () => undefined);
  // What is not read hides the end.
  socket.resume();
  sockets.push(socket);
  return socket;
}

function frameOfMessage(requestId: number, body: ClientBody): Buffer {
  return frameOf(toBinary(ClientMessageSchema, create(ClientMessageSchema, { requestId, body })));
}
