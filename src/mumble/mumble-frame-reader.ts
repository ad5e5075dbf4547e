import { AppError } from '../errors.js';
import { FRAME_HEADER_BYTES } from './mumble-messages.js';

/** The longest body of a frame after the login, in bytes. */
export const MAX_BODY_BYTES = 65_536;
/** The longest one before: nobody unknown makes the server remember much. */
export const MAX_LOGIN_BODY_BYTES = 8192;

/** A frame as it came. */
export interface MumbleFrame {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Cuts the bytes of a connection into frames, however the chunks fall. It holds no more than what was pushed and not yet taken. */
export class MumbleFrameReader {
  /** The longest body that is accepted from now on, in bytes. */
  maxBodyBytes = MAX_LOGIN_BODY_BYTES;
  #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted = FRAME_HEADER_BYTES;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /** Takes the next frame, or returns undefined until more is pushed. Throws TOO_LARGE for a body over the limit: the stream is lost then. */
  next(): MumbleFrame | undefined {
    // Joining only what completes a frame keeps one that trickles in from being copied with each chunk.
    if (this.#buffered < this.#wanted) return undefined;
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    const length = bytes.readUInt32BE(2);
    if (length > this.maxBodyBytes) {
      const max = this.maxBodyBytes;
      throw new AppError('TOO_LARGE', `A message has at most ${max} bytes here.`, { params: { max } });
    }
    this.#wanted = FRAME_HEADER_BYTES + length;
    const isWhole = bytes.length >= this.#wanted;
    const rest = isWhole ? bytes.subarray(this.#wanted) : bytes;
    const frame = { type: bytes.readUInt16BE(0), body: bytes.subarray(FRAME_HEADER_BYTES, this.#wanted) };
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#buffered = rest.length;
    if (!isWhole) return undefined;
    this.#wanted = FRAME_HEADER_BYTES;
    return frame;
  }
}
