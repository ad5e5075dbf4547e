import { describe, expect, it } from '@jest/globals';
import { sessionId } from '../../src/ids.js';
import { ClientMessageSchema } from '../../src/protocol/generated/control_pb.js';
import { decodeClientMessage, FrameReader, MAX_FRAME_BYTES } from '../../src/voice/control-frames.js';
import { RelayRunner } from '../../src/voice/relay-runner.js';
import type { AnswerKind } from './control-model.js';
import { type ControlOperation, runControl } from './control-target.js';
import { FuzzRandom } from './fuzz-random.js';
import { FUZZ_TARGETS } from './fuzz-targets.js';
import { keptCases } from './kept-cases.js';
import { messageOf } from './random-message.js';
import { RecordingBackend } from './recording-backend.js';

const FIRST_SEED = 1;
const LENGTH_BYTES = 4;
const LONGEST_DATAGRAM_BYTES = 65_507;
const BODIES = ClientMessageSchema.oneofs.flatMap(({ fields }) => fields);

describe.each(FUZZ_TARGETS)('fuzzing $name', (target) => {
  it(`finds nothing in ${target.testEpisodes} episodes`, async () => {
    let units = 0;
    for (let episode = 0; episode < target.testEpisodes; episode++) units += await target.episode(FIRST_SEED + episode);
    expect(units).toBeGreaterThanOrEqual(target.testEpisodes);
  });

  it('finds nothing in what was found before', async () => {
    for (const { name, text } of keptCases(target.name)) {
      await target.replay(text).catch((cause) => {
        throw new Error(`${name}: ${cause}`, { cause });
      });
    }
  });
});

describe('a datagram', () => {
  it('of every length that there is goes through the relay, is counted, and is answered by nothing', () => {
    const backend = new RecordingBackend();
    const options = { maxBitrate: 64_000, nowMs: () => 0, randomToken: () => 1n, post: () => undefined };
    const runner = new RelayRunner({ ...options, defer: (task) => task() });
    runner.use(backend);
    const key = new Uint8Array(16);
    runner.onMessage({
      type: 'update',
      update: { type: 'add_session', sessionId: sessionId(1), clientKey: key, serverKey: key },
    });
    const noise = new FuzzRandom(FIRST_SEED).bytes(LONGEST_DATAGRAM_BYTES + 1);
    noise.set([0x50, 0, 0, 0, 0, 42, 0, 0, 0, 1], 0);
    const source = { kind: 'udp', address: '192.0.2.1', port: 4000 } as const;
    for (let length = 0; length <= LONGEST_DATAGRAM_BYTES; length++) {
      runner.onBatch();
      runner.onPacket(noise.subarray(0, length), length, source);
    }
    expect(backend.takeSent()).toEqual([]);
    const { packetsIn, drops } = runner.counters().totals;
    expect(packetsIn).toBe(LONGEST_DATAGRAM_BYTES + 1);
    expect(drops).toMatchObject({
      too_short: 44,
      wrong_length: 4,
      bad_session_tag: 1153,
      too_long: LONGEST_DATAGRAM_BYTES - 1200,
    });
  });
});

describe('a control frame', () => {
  it('of every length that there is is read as one', () => {
    const reader = new FrameReader(MAX_FRAME_BYTES);
    const bytes = Buffer.alloc(LENGTH_BYTES + MAX_FRAME_BYTES);
    const wrong: number[] = [];
    for (let length = 1; length <= MAX_FRAME_BYTES; length++) {
      bytes.writeUInt32BE(length);
      // A message that fills the frame: one field that nobody knows, its number 100, its length in three bytes.
      const rest = length - 5;
      if (rest > 0) bytes.set([0xa2, 0x06, (rest % 128) | 0x80, ((rest >> 7) % 128) | 0x80, rest >> 14], LENGTH_BYTES);
      reader.push(bytes.subarray(0, LENGTH_BYTES + length));
      const frame = reader.next();
      if (frame?.length !== length || reader.bufferedBytes > 0) wrong.push(length);
      else if (rest > 0) decodeClientMessage(frame);
    }
    expect(wrong).toEqual([]);
  });

  it.each(BODIES.map(({ name }) => name))('with %s is answered in every state as the document says', async (name) => {
    const body = BODIES.find((each) => each.name === name);
    if (body === undefined) throw new Error(`there is no ${name}`);
    for (const requestId of [0, 5]) {
      for (const before of states()) {
        const random = new FuzzRandom(FIRST_SEED);
        const operations = [
          ...before,
          bytesOf(messageOf(ClientMessageSchema, body, requestId, random)),
          answered('ok'),
          answered('ok'),
        ];
        expect(await runControl({ resumeAnswer: 'ok', operations })).toBeGreaterThan(0);
      }
    }
  });
});

/** What brings a connection into each of its states. */
function states(): readonly (readonly ControlOperation[])[] {
  const opening = BODIES.find(({ name }) => name === 'login');
  const ping = BODIES.find(({ name }) => name === 'ping');
  if (opening === undefined || ping === undefined) throw new Error('there is no login');
  const random = new FuzzRandom(FIRST_SEED);
  const login = bytesOf(messageOf(ClientMessageSchema, opening, 1, random));
  const waiting = Array.from({ length: 18 }, (_, index) =>
    bytesOf(messageOf(ClientMessageSchema, ping, index + 2, random)),
  );
  const open = [login, answered('ok')];
  return [[], [login], open, [...open, ...waiting], [...open, { type: 'end_by_server' }], [login, answered('refusal')]];
}

function answered(how: AnswerKind): ControlOperation {
  return { type: 'answer', how };
}

function bytesOf(message: Uint8Array): ControlOperation {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return { type: 'bytes', bytes: Buffer.concat([length, message]) };
}
