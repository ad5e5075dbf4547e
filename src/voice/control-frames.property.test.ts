import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ClientMessageSchema } from '../protocol/generated/control_pb.js';
import {
  decodeClientMessage,
  encodeServerMessage,
  FrameReader,
  MAX_FRAME_BYTES,
  MAX_LOGIN_FRAME_BYTES,
} from './control-frames.js';

describe('the frame reader', () => {
  it('gives the same frames however the bytes are cut', () => {
    const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 64 })), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(framed));
        const reader = new FrameReader(MAX_FRAME_BYTES);
        const received: Buffer[] = [];
        for (let offset = 0, turn = 0; offset < stream.length; turn += 1) {
          const end = offset + (cuts[turn % Math.max(1, cuts.length)] ?? 7);
          reader.push(stream.subarray(offset, end));
          received.push(...framesOf(reader));
          offset = end;
        }
        expect(received).toEqual(sent.map((message) => Buffer.from(message)));
        expect(reader.bufferedBytes).toBe(0);
      }),
    );
  });

  it('keeps what is not taken, and gives it later', () => {
    const reader = new FrameReader(MAX_FRAME_BYTES);
    reader.push(Buffer.concat([framed(Buffer.of(1)), framed(Buffer.of(2, 3))]));
    expect(Buffer.from(reader.next() ?? [])).toEqual(Buffer.of(1));
    expect(reader.bufferedBytes).toBe(6);
    expect(framesOf(reader)).toEqual([Buffer.of(2, 3)]);
  });

  it('refuses a length over the limit before its bytes have come', () => {
    const reader = new FrameReader(MAX_LOGIN_FRAME_BYTES);
    reader.push(Buffer.from([0, 0, 0x10, 1]));
    expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  });

  it('accepts the longest frame, and a longer one once the limit is raised', () => {
    const reader = new FrameReader(MAX_LOGIN_FRAME_BYTES);
    reader.push(framed(Buffer.alloc(MAX_LOGIN_FRAME_BYTES)));
    expect(reader.next()).toHaveLength(MAX_LOGIN_FRAME_BYTES);
    reader.maxFrameBytes = MAX_FRAME_BYTES;
    reader.push(framed(Buffer.alloc(MAX_FRAME_BYTES)));
    expect(reader.next()).toHaveLength(MAX_FRAME_BYTES);
    reader.push(Buffer.from([0, 1, 0, 1]));
    expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  });

  it('refuses the length 0', () => {
    const reader = new FrameReader(MAX_FRAME_BYTES);
    reader.push(Buffer.alloc(4));
    expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
  });

  it('throws nothing but refusals, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const reader = new FrameReader(MAX_LOGIN_FRAME_BYTES);
        reader.push(bytes);
        try {
          for (const frame of framesOf(reader)) decodeClientMessage(frame);
        } catch (error) {
          expect(error).toMatchObject({ name: 'AppError', kind: 'refusal' });
        }
      }),
    );
  });
});

describe('messages', () => {
  it('are read from the bytes of a frame', () => {
    const message = create(ClientMessageSchema, { requestId: 7, body: { case: 'leave', value: { channelId: 42 } } });
    const read = decodeClientMessage(toBinary(ClientMessageSchema, message));
    expect(read).toMatchObject({ requestId: 7, body: { case: 'leave', value: { channelId: 42 } } });
  });

  it('are MALFORMED where they are none', () => {
    expect(() => decodeClientMessage(Buffer.of(0xff, 0xff))).toThrow(expect.objectContaining({ code: 'MALFORMED' }));
  });

  it('are written with their length', () => {
    expect(Buffer.from(encodeServerMessage(1, { case: 'done', value: {} })).toString('hex')).toBe('0000000408011200');
  });
});

function framed(message: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(message.length);
  return Buffer.concat([length, message]);
}

function framesOf(reader: FrameReader): Buffer[] {
  const frames: Buffer[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(Buffer.from(frame));
  return frames;
}
