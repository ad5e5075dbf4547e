import {
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedPacketSink,
  FilePathSource,
  FilePathTarget,
  Input,
  OGG,
  OggOutputFormat,
  Output,
} from 'mediabunny';
import { OPUS_SAMPLE_RATE, opusPacketSamples } from './opus-packet.js';

/** The samples that a decoder leaves out at the start: what libopus needs to get going. */
const PRE_SKIP_SAMPLES = 312;
const OPUS_HEAD_BYTES = 19;
const CHANNEL_COUNT_OFFSET = 9;
const MAPPING_FAMILY_OFFSET = 18;
/** What is lost of a recording when the process is killed. */
const MAX_PAGE_SECONDS = 1;

/** What an Ogg Opus file holds. */
export interface OggOpusFile {
  readonly channelCount: 1 | 2;
  /** The Opus packets in their order, byte for byte. */
  readonly packets: readonly Uint8Array[];
}

/** A file that cannot be read as Ogg Opus. `message` is one line for a person. */
export class OggOpusError extends Error {
  override readonly name = 'OggOpusError';
}

/** Reads the first stream of an Ogg Opus file. Throws OggOpusError for another format, for more than two channels, and for a damaged file. */
export async function readOggOpus(path: string): Promise<OggOpusFile> {
  const input = new Input({ source: new FilePathSource(path), formats: [OGG] });
  try {
    const track = await input.getPrimaryAudioTrack();
    if (track === null || track.codec !== 'opus') throw new OggOpusError(`${path} holds no Opus audio.`);
    const channelCount = channelCountOf((await track.getDecoderConfig())?.description);
    if (channelCount === undefined) throw new OggOpusError(`${path} is neither mono nor stereo.`);
    const packets: Uint8Array[] = [];
    for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet.data);
    return { channelCount, packets };
  } catch (error) {
    if (error instanceof OggOpusError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw new OggOpusError(`Cannot read ${path} as an Ogg Opus file: ${detail}`, { cause: error });
  } finally {
    input.dispose();
  }
}

/** Writes an Ogg Opus file packet by packet, byte for byte; each second a page is on the disk. */
export class OggOpusWriter {
  readonly #source = new EncodedAudioPacketSource('opus');
  readonly #output: Output;
  readonly #channelCount: 1 | 2;
  #samples = 0;

  /** Begins a file, in place of one that is there. */
  static async create(path: string, channelCount: 1 | 2): Promise<OggOpusWriter> {
    const writer = new OggOpusWriter(path, channelCount);
    await writer.#output.start();
    return writer;
  }

  private constructor(path: string, channelCount: 1 | 2) {
    this.#channelCount = channelCount;
    this.#output = new Output({
      format: new OggOutputFormat({ maximumPageDuration: MAX_PAGE_SECONDS }),
      target: new FilePathTarget(path, { chunked: false }),
    });
    this.#output.addAudioTrack(this.#source);
  }

  /** How long the file sounds so far, in samples at 48 kHz, pre-skip included. */
  get samples(): number {
    return this.#samples;
  }

  /** Appends one Opus packet. Throws RangeError for bytes that are none. */
  async add(opus: Uint8Array): Promise<void> {
    const samples = opusPacketSamples(opus);
    if (samples === undefined) throw new RangeError('These bytes are not an Opus packet.');
    const seconds = this.#samples / OPUS_SAMPLE_RATE;
    const isFirst = this.#samples === 0;
    this.#samples += samples;
    await this.#source.add(
      new EncodedPacket(opus, 'key', seconds, samples / OPUS_SAMPLE_RATE),
      isFirst ? { decoderConfig: this.#decoderConfig() } : undefined,
    );
  }

  /** Ends the file. */
  async finish(): Promise<void> {
    await this.#output.finalize();
  }

  #decoderConfig() {
    return {
      codec: 'opus',
      numberOfChannels: this.#channelCount,
      sampleRate: OPUS_SAMPLE_RATE,
      description: opusHead(this.#channelCount),
    };
  }
}

/** The identification header: RFC 7845, section 5.1. */
function opusHead(channelCount: number): Uint8Array {
  const head = Buffer.alloc(OPUS_HEAD_BYTES);
  head.write('OpusHead', 'latin1');
  head.writeUInt8(1, 8);
  head.writeUInt8(channelCount, CHANNEL_COUNT_OFFSET);
  head.writeUInt16LE(PRE_SKIP_SAMPLES, 10);
  head.writeUInt32LE(OPUS_SAMPLE_RATE, 12);
  return head;
}

/** Undefined for a stream of several Opus streams: its packets are not those of RFC 6716. */
function channelCountOf(description: ArrayBufferView | ArrayBufferLike | undefined): 1 | 2 | undefined {
  if (description === undefined) return undefined;
  const head = ArrayBuffer.isView(description)
    ? Buffer.from(description.buffer, description.byteOffset, description.byteLength)
    : Buffer.from(description);
  if (head.length < OPUS_HEAD_BYTES || head.readUInt8(MAPPING_FAMILY_OFFSET) !== 0) return undefined;
  return head.readUInt8(CHANNEL_COUNT_OFFSET) === 1 ? 1 : 2;
}
