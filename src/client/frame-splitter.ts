/** The longest frame of the control protocol, in bytes, without its length. */
export const MAX_FRAME_BYTES = 65536;

const LENGTH_BYTES = 4;

/** Puts the length in front of a message: a frame of the control protocol. Throws RangeError when it is empty or too long. */
export function encodeFrame(message: Uint8Array): Uint8Array {
  if (!isFrameLength(message.length))
    throw new RangeError(`A frame holds 1 to ${MAX_FRAME_BYTES} bytes, not ${message.length}.`);
  const frame = Buffer.alloc(LENGTH_BYTES + message.length);
  frame.writeUInt32BE(message.length);
  frame.set(message, LENGTH_BYTES);
  return frame;
}

/** Cuts the byte stream of a control connection into its messages, however the chunks fall. Pure. */
export class FrameSplitter {
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  #wanted = LENGTH_BYTES;

  /** Takes the next chunk and returns the messages that it completes. Throws RangeError for a length that is not allowed: the stream is lost then. */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    // Joining only what completes a frame keeps a frame that trickles in from being copied with each chunk.
    if (this.#buffered < this.#wanted) return [];
    const bytes = Buffer.concat(this.#chunks);
    const messages: Uint8Array[] = [];
    let offset = 0;
    this.#wanted = LENGTH_BYTES;
    while (bytes.length - offset >= LENGTH_BYTES) {
      const length = bytes.readUInt32BE(offset);
      if (!isFrameLength(length)) throw new RangeError(`A frame of ${length} bytes is not allowed.`);
      if (bytes.length - offset < LENGTH_BYTES + length) {
        this.#wanted = LENGTH_BYTES + length;
        break;
      }
      messages.push(bytes.subarray(offset + LENGTH_BYTES, offset + LENGTH_BYTES + length));
      offset += LENGTH_BYTES + length;
    }
    this.#chunks = [bytes.subarray(offset)];
    this.#buffered = bytes.length - offset;
    return messages;
  }
}

function isFrameLength(length: number): boolean {
  return length >= 1 && length <= MAX_FRAME_BYTES;
}
