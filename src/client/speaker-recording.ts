import { OggOpusWriter } from './ogg-opus.js';
import { concealmentPackets, OPUS_SAMPLE_RATE, opusPacketChannels, opusPacketSamples } from './opus-packet.js';
import { PacketSequencer, type SequencedPacket } from './packet-sequencer.js';
import type { VoiceEvent } from './voice-client-events.js';

/** What a recording holds. */
export interface RecordingSummary {
  readonly path: string;
  /** Packets as they were sent. */
  readonly packets: number;
  /** What was missing between them and is concealed in the file, in milliseconds. */
  readonly missingMs: number;
  /** Packets that came too late for their place. */
  readonly latePackets: number;
  /** Packets that are not Opus. */
  readonly unreadablePackets: number;
  readonly durationMs: number;
}

/** Records one speaker as an Ogg Opus file: packets as they were sent, in order, each at its time. */
export class SpeakerRecording {
  readonly path: string;
  readonly #sequencer = new PacketSequencer();
  #writer: OggOpusWriter | undefined;
  #writing: Promise<void> = Promise.resolve();
  #packets = 0;
  #missingSamples = 0;
  #unreadable = 0;

  /** The file is made with the first packet. */
  constructor(path: string) {
    this.path = path;
  }

  /** Takes a packet that was heard. Rejects when the file cannot be written. */
  add({ frameNumber, opus }: VoiceEvent): Promise<void> {
    if (opus.length === 0) return this.#writing;
    if (opusPacketSamples(opus) === undefined) {
      this.#unreadable++;
      return this.#writing;
    }
    return this.#write(this.#sequencer.add(frameNumber, opus));
  }

  /** Ends the file and tells what is in it. */
  async finish(): Promise<RecordingSummary> {
    await this.#write(this.#sequencer.flush());
    await this.#writer?.finish();
    return {
      path: this.path,
      packets: this.#packets,
      missingMs: (this.#missingSamples * 1000) / OPUS_SAMPLE_RATE,
      latePackets: this.#sequencer.latePackets,
      unreadablePackets: this.#unreadable,
      durationMs: ((this.#writer?.samples ?? 0) * 1000) / OPUS_SAMPLE_RATE,
    };
  }

  /** One write after the other, in the order of the calls. */
  #write(packets: readonly SequencedPacket[]): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      for (const packet of packets) await this.#append(packet);
    });
    return this.#writing;
  }

  async #append({ opus, gapSamples }: SequencedPacket): Promise<void> {
    this.#writer ??= await OggOpusWriter.create(this.path, opusPacketChannels(opus));
    for (const concealment of concealmentPackets(gapSamples, opus)) await this.#writer.add(concealment);
    await this.#writer.add(opus);
    this.#packets++;
    this.#missingSamples += gapSamples;
  }
}
