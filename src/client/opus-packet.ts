/** What the first bytes of an Opus packet say about it: RFC 6716, section 3.1 and 3.2. Pure. */

/** The rate in which Ogg Opus and this module count samples, per second and channel. */
export const OPUS_SAMPLE_RATE = 48_000;

/** The longest duration of one packet: 120 ms. */
const MAX_PACKET_SAMPLES = 5760;
/** The low two bits of the first byte: how the frames of the packet are counted. */
const CODE_MASK = 0b11;
const ONE_FRAME = 0;
const COUNTED_FRAMES = 3;

/** How long a packet sounds, in samples at 48 kHz: 120 to 5760. Returns undefined for what cannot be an Opus packet. */
export function opusPacketSamples(packet: Uint8Array): number | undefined {
  const [toc, count] = packet;
  if (toc === undefined) return undefined;
  const frames = frameCount(toc, count);
  if (frames === undefined || frames === 0) return undefined;
  const samples = frames * frameSamples(toc);
  return samples <= MAX_PACKET_SAMPLES ? samples : undefined;
}

/** 1 or 2: whether the packet itself is mono or stereo. */
export function opusPacketChannels(packet: Uint8Array): 1 | 2 {
  return ((packet[0] ?? 0) & 0b100) === 0 ? 1 : 2;
}

/**
 * Packets without sound that stand for `samples` which were lost, in the mode of the packet beside them. A decoder
 * conceals the loss in their place (RFC 7845, section 4.1). What is shorter than a frame of that mode is left out.
 */
export function concealmentPackets(samples: number, neighbour: Uint8Array): Uint8Array[] {
  const toc = (neighbour[0] ?? 0) & ~CODE_MASK;
  const perFrame = frameSamples(toc);
  const framesPerPacket = Math.floor(MAX_PACKET_SAMPLES / perFrame);
  const packets: Uint8Array[] = [];
  for (let frames = Math.floor(samples / perFrame); frames > 0; frames -= framesPerPacket) {
    const count = Math.min(frames, framesPerPacket);
    packets.push(count === 1 ? Uint8Array.of(toc | ONE_FRAME) : Uint8Array.of(toc | COUNTED_FRAMES, count));
  }
  return packets;
}

function frameCount(toc: number, count: number | undefined): number | undefined {
  switch (toc & CODE_MASK) {
    case ONE_FRAME:
      return 1;
    case COUNTED_FRAMES:
      return count === undefined ? undefined : count & 0b111111;
    default:
      return 2;
  }
}

/** The duration of each frame, from the configuration in the high five bits. */
function frameSamples(toc: number): number {
  const configuration = toc >> 3;
  const size = configuration & 0b11;
  if (configuration < 12) return size === 3 ? 2880 : 480 << size;
  if (configuration < 16) return (configuration & 1) === 0 ? 480 : 960;
  return 120 << size;
}
