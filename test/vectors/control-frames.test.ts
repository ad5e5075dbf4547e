import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { controlVectors } from '../../scripts/control-vectors.js';
import { encodeFrame, FrameSplitter } from '../../src/client/frame-splitter.js';
import {
  ClientMessageSchema,
  type ServerMessage,
  ServerMessageSchema,
} from '../../src/protocol/generated/control_pb.js';
import {
  decodeClientMessage,
  encodeServerMessage,
  FrameReader,
  MAX_FRAME_BYTES,
  MAX_LOGIN_FRAME_BYTES,
  type ServerBody,
} from '../../src/voice/control-frames.js';

interface FrameVector {
  readonly name: string;
  readonly from: 'client' | 'server';
  readonly request_id: number;
  readonly frame: string;
  readonly [body: string]: unknown;
}

interface Vectors {
  readonly frames: readonly FrameVector[];
  readonly other_frames: readonly FrameVector[];
  readonly refused_by_server: readonly {
    readonly name: string;
    readonly bytes: string;
    readonly before_login: boolean;
    readonly after_login: boolean;
    readonly code: string;
  }[];
}

const file = join(dirname(fileURLToPath(import.meta.url)), 'control-frames.json');
const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'));
const frames = [...vectors.frames, ...vectors.other_frames];
const ofClient = frames.filter(({ from }) => from === 'client');
const ofServer = frames.filter(({ from }) => from === 'server');

describe('the vectors of control frames', () => {
  it('are of the document: the file is what its generator makes', () => {
    expect(vectors).toEqual(JSON.parse(JSON.stringify(controlVectors())));
  });
});

describe('the server and the vectors', () => {
  it.each(ofClient)('reads: $name', ({ frame, ...vector }) => {
    const reader = new FrameReader(MAX_LOGIN_FRAME_BYTES);
    reader.push(bytes(frame));
    const message = decodeClientMessage(reader.next() ?? new Uint8Array());
    expect(plainMessage(message)).toEqual(expectedOf(vector));
  });

  it.each(ofServer)('writes: $name', ({ frame }) => {
    const { requestId, body } = decodeAsClient(frame);
    expect(hex(encodeServerMessage(requestId, body as ServerBody))).toBe(frame);
  });

  it.each(vectors.refused_by_server)('refuses $name', ({ bytes: sent, before_login, after_login, code }) => {
    for (const [isRefused, limit] of [
      [before_login, MAX_LOGIN_FRAME_BYTES],
      [after_login, MAX_FRAME_BYTES],
    ] as const) {
      const reader = new FrameReader(limit);
      reader.push(bytes(sent));
      const read = () => {
        const frame = reader.next();
        return frame === undefined ? undefined : decodeClientMessage(frame);
      };
      if (isRefused) expect(read).toThrow(expect.objectContaining({ code }));
      else expect(read()).toBeUndefined();
    }
  });
});

describe('the client and the vectors', () => {
  it.each(ofServer)('reads: $name', ({ frame, ...vector }) => {
    expect(plainMessage(decodeAsClient(frame))).toEqual(expectedOf(vector));
  });

  it.each(ofClient)('writes: $name', ({ frame }) => {
    const { requestId, body } = fromBinary(ClientMessageSchema, bytes(frame).subarray(4));
    const message = create(ClientMessageSchema, { requestId, body });
    expect(hex(encodeFrame(toBinary(ClientMessageSchema, message)))).toBe(frame);
  });
});

function decodeAsClient(frame: string): ServerMessage {
  const [message = new Uint8Array()] = new FrameSplitter().push(bytes(frame));
  return fromBinary(ServerMessageSchema, message);
}

/** What a vector says, beside its bytes. */
function expectedOf({ name, from, ...message }: Omit<FrameVector, 'frame'>): Record<string, unknown> {
  expect([name, from]).not.toContain('');
  return { ...message };
}

/** A message in the words of the file: snake_case, bytes and 64-bit integers hexadecimal, nothing that holds 0, nothing or false. */
function plainMessage(message: object): Record<string, unknown> {
  const { request_id = 0, ...fields } = plainFields(message);
  return { request_id, ...fields };
}

function plainFields(message: object): Record<string, unknown> {
  const entries = Object.entries(message).flatMap(([name, value]): [string, unknown][] => {
    if (name.startsWith('$') || isEmpty(value)) return [];
    if (isOneof(value)) return value.case === undefined ? [] : [[snakeCase(value.case), plainValue(value.value)]];
    return [[snakeCase(name), plainValue(value)]];
  });
  return Object.fromEntries(entries);
}

function plainValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return hex(value);
  if (typeof value === 'bigint') return value.toString(16).padStart(16, '0');
  if (Array.isArray(value)) return value.map(plainValue);
  return typeof value === 'object' && value !== null ? plainFields(value) : value;
}

function isOneof(value: unknown): value is { readonly case: string | undefined; readonly value: unknown } {
  return typeof value === 'object' && value !== null && 'case' in value;
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === 0 ||
    value === '' ||
    value === false ||
    (Array.isArray(value) && value.length === 0)
  );
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}

function hex(content: Uint8Array): string {
  return Buffer.from(content).toString('hex');
}
