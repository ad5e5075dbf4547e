import { AppError } from '../../src/errors.js';
import { type MumbleFrame, MumbleFrameReader } from '../../src/mumble/mumble-frame-reader.js';
import { decodeMessage, encodeFrame, FRAME_HEADER_BYTES } from '../../src/mumble/mumble-messages.js';
import {
  MumbleAclSchema,
  MumbleAuthenticateSchema,
  MumbleChannelStateSchema,
  MumbleUserStateSchema,
  MumbleVoiceTargetSchema,
} from '../../src/protocol/generated/mumble_pb.js';
import { requireEqual } from './expectation.js';
import { inChunks } from './frames-target.js';
import type { FuzzRandom } from './fuzz-random.js';
import { fuzzTarget, withoutParts } from './fuzz-target.js';
import { mutate } from './mutate.js';
import { randomMessage } from './random-message.js';

const FRAMES_PER_EPISODE = 200;
const HIGHEST_TYPE = 26;
const MESSAGES = [
  [2, MumbleAuthenticateSchema],
  [7, MumbleChannelStateSchema],
  [9, MumbleUserStateSchema],
  [13, MumbleAclSchema],
  [19, MumbleVoiceTargetSchema],
] as const;

interface MumbleFramesCase {
  readonly maxBodyBytes: number;
  /** What the connection brings, as the network cuts it. */
  readonly chunks: readonly Uint8Array[];
}

/** Bytes of the control connections of Mumble's clients: they are cut into frames whatever the chunks, and read as messages or refused. */
export const mumbleFramesTarget = fuzzTarget<MumbleFramesCase>({
  name: 'mumble-frames',
  unit: 'frames',
  testEpisodes: 30,
  generate(random) {
    const frames = Array.from({ length: FRAMES_PER_EPISODE }, () => randomFrame(random));
    return { maxBodyBytes: random.pick([8192, 65_536]), chunks: inChunks(Buffer.concat(frames), random) };
  },
  run({ maxBodyBytes, chunks }) {
    const expected = framesOf(Buffer.concat(chunks), maxBodyBytes);
    const reader = new MumbleFrameReader();
    reader.maxBodyBytes = maxBodyBytes;
    const frames: MumbleFrame[] = [];
    let refusal: string | null = null;
    try {
      for (const chunk of chunks) {
        reader.push(Buffer.from(chunk));
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
      }
    } catch (error) {
      refusal = codeOf(error);
    }
    requireEqual({ frames: frames.map(asText), refusal }, expected, 'frames');
    for (const { type, body } of frames) read(type, body);
    return frames.length;
  },
  *smaller(fuzzCase) {
    for (const chunks of withoutParts(fuzzCase.chunks)) yield { ...fuzzCase, chunks };
  },
});

function randomFrame(random: FuzzRandom): Uint8Array {
  const [type, schema] = random.pick(MESSAGES);
  const message = random.chance(0.9) ? randomMessage(schema, random) : random.bytes(random.length(9000));
  const body = random.chance(0.7) ? message : mutate(message, random);
  const frame = encodeFrame(random.chance(0.9) ? type : random.below(HIGHEST_TYPE + 10), body);
  // A wrong length ends the stream, so it is rare.
  if (random.chance(0.002)) Buffer.from(frame.buffer, frame.byteOffset).writeUInt32BE(random.edge(), 2);
  return frame;
}

function framesOf(
  bytes: Buffer,
  maxBodyBytes: number,
): { readonly frames: readonly string[]; readonly refusal: string | null } {
  const frames: string[] = [];
  for (let offset = 0; offset + FRAME_HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32BE(offset + 2);
    if (length > maxBodyBytes) return { frames, refusal: 'TOO_LARGE' };
    const start = offset + FRAME_HEADER_BYTES;
    if (start + length > bytes.length) break;
    frames.push(asText({ type: bytes.readUInt16BE(offset), body: bytes.subarray(start, start + length) }));
    offset = start + length;
  }
  return { frames, refusal: null };
}

function asText({ type, body }: MumbleFrame): string {
  return `${type} ${Buffer.from(body).toString('hex')}`;
}

function read(type: number, body: Uint8Array): void {
  try {
    decodeMessage(type, body);
  } catch (error) {
    requireEqual(codeOf(error), 'MALFORMED', 'the refusal of a message');
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AppError) return error.code;
  throw error;
}
