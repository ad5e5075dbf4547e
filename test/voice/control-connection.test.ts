import { once } from 'node:events';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { AppError } from '../../src/errors.js';
import { type ConnectionHandler, ControlConnection, type RequestBody } from '../../src/voice/control-connection.js';
import { encodeServerMessage, type ServerBody } from '../../src/voice/control-frames.js';
import { eventually } from '../support/eventually.js';
import { loginBody, RawControl } from './raw-control.js';
import { selfSigned } from './self-signed.js';

const MEGABYTE = 1_048_576;

let server: Server;
let port = 0;
const logged: string[] = [];
const opened: { connection: ControlConnection; handler: TestHandler }[] = [];
beforeAll(async () => {
  server = createServer(await selfSigned());
  const logger = pino({ level: 'info' }, { write: (line: string) => logged.push(line) });
  server.on('secureConnection', (socket: TLSSocket) => {
    const handler = new TestHandler();
    const options = { id: 'v1', idleTimeoutMs: 60_000, logger, nowMs: () => performance.now() };
    opened.push({ connection: new ControlConnection(socket, options, () => handler), handler });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  port = address.port;
});
afterAll(() => {
  server.close();
});
afterEach(() => {
  logged.length = 0;
});

/** Answers as the test says, and remembers what it was asked. */
class TestHandler implements ConnectionHandler {
  readonly asked: string[] = [];
  readonly endings: string[] = [];
  answer: (body: RequestBody) => Promise<ServerBody> = async () => ({ case: 'done', value: {} });

  async login(): Promise<(messageId: number) => Uint8Array> {
    return (messageId) => encodeServerMessage(messageId, { case: 'welcome', value: {} });
  }

  resume(_: unknown, messageId: number): Uint8Array {
    return encodeServerMessage(messageId, { case: 'welcome', value: {} });
  }

  async request(body: RequestBody): Promise<ServerBody> {
    this.asked.push(body.case);
    return this.answer(body);
  }

  tunneled(): void {
    throw new TypeError('the handler has a bug');
  }

  ended(reason: string, isLost: boolean): void {
    this.endings.push(isLost ? `${reason}, lost` : reason);
  }
}

describe('a control connection', () => {
  it('answers one request after the other, and takes no more than it can remember', async () => {
    const { raw, handler } = await loggedIn();
    let release: (body: ServerBody) => void = () => undefined;
    handler.answer = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    for (let count = 0; count < 100; count += 1) raw.send({ case: 'leave', value: { channelId: 1 } });
    await eventually(() => handler.asked.length === 1);
    handler.answer = async () => ({ case: 'done', value: {} });
    expect(raw.cases).toEqual(['welcome']);
    release({ case: 'done', value: {} });
    await eventually(() => raw.cases.length === 101);
    expect(raw.received.slice(1).map(({ requestId }) => requestId)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 2),
    );
    await raw.close();
  });

  it('tells a refusal and a fault with the time to wait, and goes on', async () => {
    const { raw, handler } = await loggedIn();
    handler.answer = async () => {
      throw new AppError('RATE_LIMITED', 'Too fast.', { retryAfterMs: 12.3 });
    };
    expect(await raw.request({ case: 'leave', value: {} })).toMatchObject({
      case: 'refused',
      value: { code: 16, message: 'Too fast.', retryAfterMs: 13 },
    });
    handler.answer = async () => {
      throw new AppError('UNAVAILABLE', 'The database is away.');
    };
    expect(await raw.request({ case: 'leave', value: {} })).toMatchObject({ value: { code: 2, retryAfterMs: 1000 } });
    handler.answer = async () => ({ case: 'done', value: {} });
    expect((await raw.request({ case: 'leave', value: {} })).case).toBe('done');
    await raw.close();
  });

  it('ends with INTERNAL on a bug, which is logged with the id of the request and told to nobody', async () => {
    const { raw, handler } = await loggedIn();
    handler.answer = async () => {
      throw new TypeError('a secret of the server');
    };
    raw.send({ case: 'leave', value: { channelId: 1 } });
    expect(await raw.lastWords()).toBe('INTERNAL');
    expect(raw.received.at(-1)?.body).toMatchObject({ value: { message: expect.stringContaining('v1-2') } });
    expect(JSON.stringify(raw.received.at(-1)?.body)).not.toContain('secret');
    expect(logged.join()).toContain('"request_id":"v1-2"');
    expect(logged.join()).toContain('a secret of the server');
    expect(handler.endings).toEqual(['disconnected']);
  });

  it('ends with INTERNAL on a bug in the way of voice too', async () => {
    const { raw, handler } = await loggedIn();
    raw.send({ case: 'tunneledVoice', value: { packet: Buffer.alloc(60) } }, 0);
    expect(await raw.lastWords()).toBe('INTERNAL');
    expect(handler.endings).toEqual(['disconnected']);
  });

  it('drops the oldest voice for a client that reads too slowly, which then hears the latest, in order', async () => {
    const { raw, connection, handler } = await loggedIn();
    raw.socket.pause();
    let sent = 0;
    const say = () => {
      sent += 1;
      const voice = Buffer.alloc(1188);
      voice.writeUInt32BE(sent);
      connection.sendVoice(voice);
    };
    while (connection.droppedVoice < 200) {
      // The buffers of both systems hold some megabytes.
      if (sent > 100_000) throw new Error('nothing was dropped');
      for (let burst = 0; burst < 100; burst += 1) say();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { droppedVoice } = connection;
    raw.socket.resume();
    const numbers = () =>
      raw.received.flatMap(({ body }) =>
        body.case === 'tunneledVoice' ? [Buffer.from(body.value.packet).readUInt32BE(0)] : [],
      );
    await eventually(() => numbers().at(-1) === sent);
    const heard = numbers();
    expect(heard.length).toBe(sent - droppedVoice);
    expect(heard).toEqual([...heard].sort((left, right) => left - right));
    // What is missing was older than the last 64 KiB.
    const gaps = heard.filter((number, index) => index > 0 && number !== (heard[index - 1] ?? 0) + 1);
    expect(sent - (gaps.at(-1) ?? 0)).toBeLessThanOrEqual(65_536 / 1188);
    say();
    await eventually(() => numbers().at(-1) === sent);
    expect([connection.droppedVoice, handler.endings]).toEqual([droppedVoice, []]);
    await raw.close();
  });

  it('drops voice for a client that does not read, and ends when other words wait too long too', async () => {
    const { raw, connection, handler } = await loggedIn();
    raw.socket.pause();
    const voice = Buffer.alloc(1188);
    for (let sent = 0; connection.droppedVoice < 100; sent += 1) {
      // The buffers of both systems hold some megabytes.
      if (sent > 100_000) throw new Error('nothing was dropped');
      connection.sendVoice(voice);
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(handler.endings).toEqual([]);
    const words = encodeServerMessage(0, { case: 'channelState', value: { description: 'x'.repeat(60_000) } });
    let bytes = 0;
    while (handler.endings.length === 0 && bytes < 3 * MEGABYTE) {
      connection.send(words);
      bytes += words.length;
    }
    expect(handler.endings).toEqual(['timed_out, lost']);
    expect(bytes).toBeGreaterThan(MEGABYTE / 2);
    expect(bytes).toBeLessThan(1.2 * MEGABYTE);
    await raw.close();
  });

  it('says why it ends before it ends, also when the client goes on talking', async () => {
    const { raw, connection, handler } = await loggedIn();
    const talking = setInterval(() => raw.send({ case: 'ping', value: {} }), 1);
    connection.end('KICKED', 'Goodbye.', 'kicked');
    connection.end('INTERNAL', 'Not this.', 'disconnected');
    expect(await raw.lastWords()).toBe('KICKED');
    clearInterval(talking);
    expect(handler.endings).toEqual(['kicked']);
  });

  it('ends once when the client is gone, and tells whether it wanted to go', async () => {
    for (const [leave, ending] of [
      [(raw: RawControl) => raw.close(), 'disconnected'],
      [(raw: RawControl) => raw.cut(), 'disconnected, lost'],
      [async (raw: RawControl) => raw.socket.end(), 'disconnected, lost'],
    ] as const) {
      const { raw, handler } = await loggedIn();
      await leave(raw);
      await eventually(() => handler.endings.length === 1 && raw.isClosed);
      expect(handler.endings).toEqual([ending]);
    }
  });

  it('ends at once when the client logs out, whatever it has asked for before', async () => {
    const { raw, handler } = await loggedIn();
    handler.answer = () => new Promise(() => undefined);
    raw.send({ case: 'leave', value: { channelId: 1 } });
    const logout = raw.send({ case: 'logout', value: {} });
    expect(await raw.answerTo(logout)).toMatchObject({ case: 'done' });
    await eventually(() => raw.isClosed);
    expect(raw.cases).toEqual(['welcome', 'done']);
    expect(handler.endings).toEqual(['disconnected']);
  });
});

async function loggedIn() {
  const before = opened.length;
  const raw = await RawControl.open(port);
  const { connection, handler } = await eventually(() => opened[before]);
  await raw.request(loginBody('demo', 'alice', 'secret'));
  return { raw, connection, handler };
}
