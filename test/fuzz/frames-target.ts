import { type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FrameSplitter, MAX_FRAME_BYTES as MAX_CLIENT_FRAME_BYTES } from '../../src/client/frame-splitter.js';
import { AppError } from '../../src/errors.js';
import { ClientMessageSchema, ServerMessageSchema } from '../../src/protocol/generated/control_pb.js';
import {
  decodeClientMessage,
  FrameReader,
  MAX_FRAME_BYTES,
  MAX_LOGIN_FRAME_BYTES,
} from '../../src/voice/control-frames.js';
import { equal, requireEqual, requireThat } from './expectation.js';
import type { FuzzRandom } from './fuzz-random.js';
import { fuzzTarget, withoutParts } from './fuzz-target.js';
import { mutate } from './mutate.js';
import { randomMessage } from './random-message.js';

const FRAMES_PER_EPISODE = 200;
const LENGTH_BYTES = 4;

interface FramesCase {
  readonly side: 'server' | 'client';
  readonly maxFrameBytes: number;
  /** What the connection brings, as the network cuts it. */
  readonly chunks: readonly Uint8Array[];
}

/** Bytes of control connections, both ways: they are cut into frames as the document says, whatever the chunks, and read as messages or refused. */
export const framesTarget = fuzzTarget<FramesCase>({
  name: 'frames',
  unit: 'control frames',
  testEpisodes: 30,
  generate(random) {
    const side = random.chance(0.7) ? 'server' : 'client';
    return {
      side,
      maxFrameBytes: side === 'client' ? MAX_CLIENT_FRAME_BYTES : random.pick([MAX_LOGIN_FRAME_BYTES, MAX_FRAME_BYTES]),
      chunks: inChunks(stream(random, side === 'server' ? ClientMessageSchema : ServerMessageSchema), random),
    };
  },
  run: ({ side, maxFrameBytes, chunks }) =>
    side === 'server' ? readAsServer(chunks, maxFrameBytes) : readAsClient(chunks, maxFrameBytes),
  *smaller(fuzzCase) {
    for (const chunks of withoutParts(fuzzCase.chunks)) yield { ...fuzzCase, chunks };
  },
});

function stream(random: FuzzRandom, schema: DescMessage): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let left = FRAMES_PER_EPISODE; left > 0; left--) {
    const message = random.chance(0.97) ? randomMessage(schema, random) : random.bytes(random.length(70_000));
    const content = random.chance(0.8) ? message : mutate(message, random);
    // The length 0 ends the stream, so it is rare.
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(random.chance(0.998) ? Math.max(1, content.length) : random.edge());
    frames.push(length, content.length === 0 && random.chance(0.99) ? random.bytes(1) : content);
  }
  return Buffer.concat(frames);
}

/** Cuts bytes as a network may: a byte at a time, or many frames at once. */
export function inChunks(bytes: Uint8Array, random: FuzzRandom, sizes = [1, 8, 100, 1500, 65_536]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 1 + random.length(random.pick(sizes));
    chunks.push(new Uint8Array(bytes.subarray(offset, end)));
    offset = end;
  }
  return chunks;
}

function readAsServer(chunks: readonly Uint8Array[], maxFrameBytes: number): number {
  const expected = framesOf(Buffer.concat(chunks), maxFrameBytes);
  const reader = new FrameReader(maxFrameBytes);
  const frames: Uint8Array[] = [];
  let refusal: string | null = null;
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
      requireThat(reader.bufferedBytes < LENGTH_BYTES + maxFrameBytes, 'more waits than one frame can have');
    }
  } catch (error) {
    refusal = codeOf(error);
  }
  requireSame(frames, expected.frames);
  requireEqual(refusal, expected.refusal, 'the refusal of a length');
  for (const frame of frames) readMessage(ClientMessageSchema, frame, decodeClientMessage);
  return frames.length;
}

function readAsClient(chunks: readonly Uint8Array[], maxFrameBytes: number): number {
  const expected = framesOf(Buffer.concat(chunks), maxFrameBytes);
  const splitter = new FrameSplitter();
  const frames: Uint8Array[] = [];
  let isRefused = false;
  for (const chunk of chunks) {
    try {
      frames.push(...splitter.push(chunk));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      isRefused = true;
      break;
    }
  }
  // What was whole in the chunk of the wrong length is lost with the connection.
  requireSame(frames, expected.frames.slice(0, isRefused ? frames.length : undefined));
  requireEqual(isRefused, expected.refusal !== null, 'the refusal of a length');
  for (const frame of frames)
    readMessage(ServerMessageSchema, frame, (bytes) => fromBinary(ServerMessageSchema, bytes));
  return frames.length;
}

/** The frames of a stream as the document has them, and the code that ends it. */
function framesOf(
  stream: Buffer,
  maxFrameBytes: number,
): { readonly frames: readonly Uint8Array[]; readonly refusal: string | null } {
  const frames: Uint8Array[] = [];
  for (let offset = 0; offset + LENGTH_BYTES <= stream.length; ) {
    const length = stream.readUInt32BE(offset);
    if (length === 0) return { frames, refusal: 'MALFORMED' };
    if (length > maxFrameBytes) return { frames, refusal: 'TOO_LARGE' };
    offset += LENGTH_BYTES + length;
    if (offset <= stream.length) frames.push(stream.subarray(offset - length, offset));
  }
  return { frames, refusal: null };
}

function requireSame(frames: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  requireThat(frames.length === expected.length, `${frames.length} frames, expected ${expected.length}`);
  for (const [index, frame] of frames.entries())
    requireThat(equal(frame, expected[index] ?? frame.subarray(1)), `frame ${index}`);
}

/** A message that is read is written to bytes that mean the same. */
function readMessage<Schema extends DescMessage>(
  schema: Schema,
  frame: Uint8Array,
  decode: (frame: Uint8Array) => Parameters<typeof toBinary<Schema>>[1],
): void {
  let message: Parameters<typeof toBinary<Schema>>[1];
  try {
    message = decode(frame);
  } catch (error) {
    if (schema.name === 'ClientMessage') requireEqual(codeOf(error), 'MALFORMED', 'the refusal of bytes');
    return;
  }
  const written = toBinary(schema, message);
  requireThat(equal(toBinary(schema, fromBinary(schema, written)), written), 'a message is read in two ways');
}

function codeOf(error: unknown): string {
  if (error instanceof AppError) return error.code;
  throw error;
}
