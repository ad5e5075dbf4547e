import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { OPUS_SAMPLE_RATE, opusPacketSamples } from '../src/client/opus-packet.js';
import { SAMPLES_PER_FRAME } from '../src/client/packet-sequencer.js';
import type { VoiceClient } from '../src/client/voice-client.js';

/** How long the last packets may be on their way, in milliseconds. */
const LAST_PACKET_TIMEOUT_MS = 2000;

/** What became of one talk. */
export interface TalkResult {
  readonly packetsSent: number;
  readonly packetsHeard: number;
  readonly packetsLost: number;
  readonly packetsByteIdentical: number;
  /** From the call that sends to the event that hears, both in this process. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

/** One session speaks Opus packets in real time in a channel that both have joined, the other listens, and every packet is compared. */
export async function talkAcross(
  talker: VoiceClient,
  listener: VoiceClient,
  channelId: number,
  packets: readonly Uint8Array[],
): Promise<TalkResult> {
  const sent = new Map<number, { readonly opus: Uint8Array; readonly atMs: number }>();
  const latenciesMs = new Map<number, number>();
  let identical = 0;
  listener.on('voice', ({ frameNumber, opus }) => {
    const original = sent.get(frameNumber);
    if (original === undefined) return;
    latenciesMs.set(frameNumber, performance.now() - original.atMs);
    if (Buffer.compare(original.opus, opus) === 0) identical++;
  });

  const startMs = performance.now();
  let samples = 0;
  for (const [index, opus] of packets.entries()) {
    const frameNumber = samples / SAMPLES_PER_FRAME;
    const dueMs = startMs + (samples * 1000) / OPUS_SAMPLE_RATE;
    await sleep(Math.max(0, dueMs - performance.now()));
    sent.set(frameNumber, { opus, atMs: performance.now() });
    talker.sendVoice(channelId, frameNumber, opus, index === packets.length - 1);
    samples += opusPacketSamples(opus) ?? 0;
  }
  const deadlineMs = performance.now() + LAST_PACKET_TIMEOUT_MS;
  while (latenciesMs.size < sent.size && performance.now() < deadlineMs) await sleep(20);

  return {
    packetsSent: sent.size,
    packetsHeard: latenciesMs.size,
    packetsLost: sent.size - latenciesMs.size,
    packetsByteIdentical: identical,
    latencyMs: { p50: percentile([...latenciesMs.values()], 50), p99: percentile([...latenciesMs.values()], 99) },
  };
}

/** The value that `percent` of the values do not exceed (nearest rank); NaN of none. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
