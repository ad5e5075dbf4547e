/** Frames of the control protocol: a length of four bytes, big-endian, and that many bytes of one message. */
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { AppError } from '../errors.js';
import {
  type ClientMessage,
  ClientMessageSchema,
  type ServerMessage,
  ServerMessageSchema,
} from '../protocol/generated/control_pb.js';

/** The longest frame, in bytes, without its length. */
export const MAX_FRAME_BYTES = 65_536;
/** The longest frame before the login has succeeded: nobody unknown makes the server remember much. */
export const MAX_LOGIN_FRAME_BYTES = 4096;

const LENGTH_BYTES = 4;

/** One of the messages that a server sends. */
export type ServerBody = NonNullable<MessageInitShape<typeof ServerMessageSchema>['body']>;

/**
 * Cuts the bytes of a connection into frames, however the chunks fall. It holds no more than what was pushed and not
 * yet taken: who pushes must stop while {@link next} has more to give.
 */
export class FrameReader {
  /** The longest frame that is accepted from now on, in bytes, without its length. */
  maxFrameBytes: number;
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  #wanted = LENGTH_BYTES;

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /** How many bytes wait to be taken. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /** Takes the next frame, or returns undefined until more is pushed. Throws MALFORMED for the length 0 and TOO_LARGE for one over the limit: the stream is lost then. */
  next(): Uint8Array | undefined {
    // Joining only what completes a frame keeps a frame that trickles in from being copied with each chunk.
    if (this.#buffered < this.#wanted) return undefined;
    const bytes = this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    this.#requireLength(length);
    this.#wanted = LENGTH_BYTES + length;
    const isWhole = this.#buffered >= this.#wanted;
    const rest = isWhole ? bytes.subarray(this.#wanted) : bytes;
    const frame = isWhole ? bytes.subarray(LENGTH_BYTES, this.#wanted) : undefined;
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#buffered = rest.length;
    if (isWhole) this.#wanted = LENGTH_BYTES;
    return frame;
  }

  #requireLength(length: number): void {
    if (length === 0) throw new AppError('MALFORMED', 'A frame has at least one byte.');
    if (length <= this.maxFrameBytes) return;
    throw new AppError('TOO_LARGE', `A frame has at most ${this.maxFrameBytes} bytes here.`, {
      params: { max: this.maxFrameBytes },
    });
  }
}

/** Reads the message of a frame. Throws MALFORMED where it is none. */
export function decodeClientMessage(frame: Uint8Array): ClientMessage {
  try {
    return fromBinary(ClientMessageSchema, frame, { readUnknownFields: false });
  } catch (error) {
    throw new AppError('MALFORMED', 'The bytes of a frame are not a message of the protocol.', { cause: error });
  }
}

/** Reads a frame that {@link encodeServerMessage} has made. */
export function readServerMessage(frame: Uint8Array): ServerMessage {
  return fromBinary(ServerMessageSchema, frame);
}

/** The frame of a message: an answer where `requestId` is not 0, otherwise an event. Throws RangeError where it would be too long. */
export function encodeServerMessage(requestId: number, body: ServerBody): Uint8Array {
  const message = toBinary(ServerMessageSchema, create(ServerMessageSchema, { requestId, body }));
  if (message.length > MAX_FRAME_BYTES) throw new RangeError(`a frame of ${message.length} bytes`);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + message.length);
  frame.writeUInt32BE(message.length);
  frame.set(message, LENGTH_BYTES);
  return frame;
}
