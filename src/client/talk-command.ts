import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChannelVisit, type ChannelVisitOptions, visitChannel } from './channel-visit.js';
import { CommandError, ExitCode } from './command-error.js';
import { type CommandOutput, inSeconds } from './command-output.js';
import { readOggOpus } from './ogg-opus.js';
import { OPUS_SAMPLE_RATE, opusPacketSamples } from './opus-packet.js';
import { SAMPLES_PER_FRAME } from './packet-sequencer.js';
import { tellQuality } from './quality-line.js';
import type { VoiceClient } from './voice-client.js';
import { MAX_OPUS_BYTES } from './voice-packet.js';

/** The session ends only so long after its last packet, in milliseconds, because its end takes another way and must not overtake it. */
const LINGER_MS = 250;
/** What a datagram adds to an Opus packet, in bytes. */
const OVERHEAD_BYTES = 48;

interface SpokenPacket {
  readonly opus: Uint8Array;
  readonly frameNumber: number;
  readonly isLast: boolean;
}

/** A file ready to be spoken. */
interface Speech {
  readonly packets: readonly SpokenPacket[];
  readonly bytes: number;
  readonly durationMs: number;
}

/** `parley talk`: plays an Ogg Opus file into a channel in real time, its packets byte for byte. Throws CommandError, OggOpusError or VoiceClientError. */
export async function talk(
  file: string,
  options: ChannelVisitOptions,
  output: CommandOutput,
  interrupted: AbortSignal,
): Promise<ExitCode> {
  const speech = await readSpeech(file);
  const visit = await visitChannel(options, output);
  const { client } = visit;
  try {
    requireRoom(client, speech, file);
    requireSpeak(visit);
    const spokenMs = await speak(speech, visit, output, interrupted);
    await sleep(LINGER_MS);
    tellSummary(client, spokenMs, output);
    await tellQuality(client, output);
  } finally {
    await client.close();
  }
  return interrupted.aborted ? ExitCode.interrupted : ExitCode.done;
}

async function readSpeech(file: string): Promise<Speech> {
  const { packets } = await readOggOpus(file);
  if (packets.length === 0) throw new CommandError(ExitCode.usage, `${file} holds no sound.`);
  const spoken: SpokenPacket[] = [];
  let samples = 0;
  let bytes = 0;
  for (const [index, opus] of packets.entries()) {
    const duration = opusPacketSamples(opus);
    if (duration === undefined)
      throw new CommandError(ExitCode.usage, `${file} is damaged: packet ${index + 1} is not Opus.`);
    // A frame number counts units of 10 ms, so shorter packets would have no numbers of their own.
    if (duration % SAMPLES_PER_FRAME !== 0 || opus.length > MAX_OPUS_BYTES) {
      throw new CommandError(
        ExitCode.usage,
        `${file} has packets that do not fit: each must last a multiple of 10 ms and have at most ${MAX_OPUS_BYTES} bytes. Packets of 20 ms do: opusenc --framesize 20.`,
      );
    }
    spoken.push({ opus, frameNumber: samples / SAMPLES_PER_FRAME, isLast: index === packets.length - 1 });
    samples += duration;
    bytes += opus.length;
  }
  return { packets: spoken, bytes, durationMs: toMs(samples) };
}

function requireRoom(client: VoiceClient, { packets, bytes, durationMs }: Speech, file: string): void {
  const bitrate = Math.ceil(((bytes + packets.length * OVERHEAD_BYTES) * 8 * 1000) / durationMs);
  const { maxBitrate } = client.limits;
  if (bitrate > maxBitrate) {
    throw new CommandError(
      ExitCode.refused,
      `${file} takes ${bitrate} bit/s with its headers, and this server lets ${maxBitrate} bit/s through.`,
    );
  }
}

function requireSpeak({ client, channel }: ChannelVisit): void {
  const now = client.channels.get(channel.id) ?? channel;
  if (now.permissions.speak) return;
  throw new CommandError(
    ExitCode.refused,
    `You may not speak in ${channel.name}. An administrator can give you SPEAK there.`,
  );
}

/** Speaks in real time and returns how much, in milliseconds. Each packet is due at its own time after the first, so delays do not add up. */
async function speak(
  { packets, durationMs }: Speech,
  { client, channel, ended, isJoined }: ChannelVisit,
  output: CommandOutput,
  interrupted: AbortSignal,
): Promise<number> {
  const stop = AbortSignal.any([ended, interrupted]);
  const bar = output.progress(durationMs);
  output.event('talking', { durationMs }, `Talking for ${inSeconds(durationMs)} s.`);
  const startMs = performance.now();
  let spokenMs = 0;
  try {
    for (const { opus, frameNumber, isLast } of packets) {
      await sleepUntil(startMs + toMs(frameNumber * SAMPLES_PER_FRAME), stop);
      ended.throwIfAborted();
      if (interrupted.aborted) {
        if (isJoined()) client.sendVoice(channel.id, frameNumber, new Uint8Array(), true);
        break;
      }
      if (isJoined()) client.sendVoice(channel.id, frameNumber, opus, isLast);
      spokenMs = toMs(frameNumber * SAMPLES_PER_FRAME + (opusPacketSamples(opus) ?? 0));
      bar.update(spokenMs);
    }
  } finally {
    bar.stop();
  }
  return spokenMs;
}

async function sleepUntil(dueMs: number, stop: AbortSignal): Promise<void> {
  const waitMs = dueMs - performance.now();
  if (waitMs <= 0 || stop.aborted) return;
  // An abort ends the wait early; the caller looks at the signals itself.
  await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
}

function tellSummary(client: VoiceClient, spokenMs: number, output: CommandOutput): void {
  const { sentByUdp, sentByTunnel, notSent } = client.statistics;
  const way = [
    ...(sentByUdp > 0 ? [`${sentByUdp} by UDP`] : []),
    ...(sentByTunnel > 0 ? [`${sentByTunnel} through the control connection`] : []),
    ...(notSent > 0 ? [`${notSent} not sent, because the connection was congested`] : []),
  ];
  output.event(
    'summary',
    { packets: sentByUdp + sentByTunnel, sentByUdp, sentByTunnel, notSent, durationMs: spokenMs },
    `Done: ${inSeconds(spokenMs)} s; packets: ${way.join(', ')}.`,
  );
}

function toMs(samples: number): number {
  return (samples * 1000) / OPUS_SAMPLE_RATE;
}
