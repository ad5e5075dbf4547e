import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChannelVisit, type ChannelVisitOptions, visitChannel } from './channel-visit.js';
import { CommandError, ExitCode } from './command-error.js';
import { type CommandOutput, inSeconds } from './command-output.js';
import { tellQuality } from './quality-line.js';
import { type RecordingSummary, SpeakerRecording } from './speaker-recording.js';
import { SpeakingTracker } from './speaking-tracker.js';
import type { VoiceEvent } from './voice-client-events.js';

const QUIET_CHECK_INTERVAL_MS = 250;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What `parley listen` is told beside where to go. */
export interface ListenOptions {
  /** The Ogg Opus file to write. */
  readonly out: string;
  /** How long to listen; undefined until Ctrl-C. */
  readonly durationMs: number | undefined;
}

/**
 * `parley listen`: shows who speaks, and records it. The first speaker goes into the file that was named; each further
 * one into a file of their own beside it, `heard.alice.opus`. Throws CommandError or VoiceClientError.
 */
export async function listen(
  { out, durationMs }: ListenOptions,
  options: ChannelVisitOptions,
  output: CommandOutput,
  interrupted: AbortSignal,
): Promise<ExitCode> {
  await requireWritable(out);
  const visit = await visitChannel(options, output);
  const recordings = new ChannelRecordings(out);
  const failed = new AbortController();
  const stopShowing = showSpeakers(visit, output);
  visit.client.on('voice', (voice) => {
    if (voice.channelId !== visit.channel.id) return;
    recordings.add(voice, visit).catch((error: unknown) => failed.abort(cannotWrite(out, error)));
  });
  try {
    const stop = AbortSignal.any([interrupted, visit.ended, failed.signal]);
    await sleep(durationMs ?? MAX_TIMER_MS, undefined, { signal: stop }).catch(() => undefined);
  } finally {
    stopShowing();
    await tellQuality(visit.client, output);
    await visit.client.close();
  }
  failed.signal.throwIfAborted();
  tellSummary(await recordings.finish(), output);
  visit.ended.throwIfAborted();
  return ExitCode.done;
}

/** A recording for each user who speaks. A user who comes back with a new session goes on in the same file. */
class ChannelRecordings {
  readonly #out: string;
  readonly #byUser = new Map<number, { readonly username: string; readonly recording: SpeakerRecording }>();

  constructor(out: string) {
    this.#out = out;
  }

  add(voice: VoiceEvent, { client }: ChannelVisit): Promise<void> {
    const session = client.sessions.get(voice.sessionId);
    // The speaker's session is told by the control connection, which a packet may overtake or outlast.
    const userId = session?.userId ?? -voice.sessionId;
    const username = session?.username ?? `session ${voice.sessionId}`;
    const known = this.#byUser.get(userId) ?? { username, recording: new SpeakerRecording(this.#pathFor(username)) };
    this.#byUser.set(userId, known);
    return known.recording.add(voice);
  }

  finish(): Promise<(RecordingSummary & { readonly username: string })[]> {
    const all = [...this.#byUser.values()];
    return Promise.all(all.map(async ({ username, recording }) => ({ username, ...(await recording.finish()) })));
  }

  #pathFor(username: string): string {
    if (this.#byUser.size === 0) return this.#out;
    const extension = extname(this.#out);
    const base = this.#out.slice(0, this.#out.length - extension.length);
    const taken = new Set([...this.#byUser.values()].map(({ recording }) => recording.path));
    const wish = username.replaceAll(/[^\p{L}\p{N}_-]/gu, '_');
    const candidates = [wish, ...Array.from(taken, (_, index) => `${wish}-${index + 2}`)];
    const free = candidates.map((name) => `${base}.${name}${extension}`).find((path) => !taken.has(path));
    return free ?? `${base}.${wish}-${taken.size + 2}${extension}`;
  }
}

/** Tells who begins and ends to speak. Returns how to stop it. */
function showSpeakers({ client, channel }: ChannelVisit, output: CommandOutput): () => void {
  const tracker = new SpeakingTracker();
  const nameOf = (sessionId: number) => client.sessions.get(sessionId)?.username ?? `session ${sessionId}`;
  const tellSilent = (sessionId: number) => {
    const username = nameOf(sessionId);
    output.event('silent', { username, sessionId }, `${username} is silent.`);
  };
  client.on('voice', ({ channelId, sessionId, endOfTalk }) => {
    if (channelId !== channel.id) return;
    if (tracker.heard(sessionId, performance.now())) {
      const username = nameOf(sessionId);
      output.event('speaking', { username, sessionId }, `${username} speaks.`);
    }
    if (endOfTalk && tracker.ended(sessionId)) tellSilent(sessionId);
  });
  const timer = setInterval(() => tracker.fallenSilent(performance.now()).forEach(tellSilent), QUIET_CHECK_INTERVAL_MS);
  return () => clearInterval(timer);
}

function tellSummary(
  files: readonly (RecordingSummary & { readonly username: string })[],
  output: CommandOutput,
): void {
  const fields = files.map(({ ...summary }) => summary);
  const lines = files.map(
    ({ username, path, packets, missingMs, durationMs }) =>
      `Heard ${username}: ${packets} packets, ${inSeconds(durationMs)} s${missingMs > 0 ? `, of which ${inSeconds(missingMs)} s were missing` : ''}, in ${path}.`,
  );
  output.event(
    'summary',
    { files: fields },
    lines.length > 0 ? lines.join('\n') : 'Nobody spoke, so no file was written.',
  );
}

/** Finds out before anybody speaks. The file itself is made with the first packet. */
async function requireWritable(out: string): Promise<void> {
  try {
    await access(dirname(out), constants.W_OK);
  } catch (error) {
    throw cannotWrite(out, error);
  }
  const existing = await stat(out).catch(() => undefined);
  if (existing?.isDirectory() === true) throw new CommandError(ExitCode.usage, `Cannot write ${out}: it is a folder.`);
}

function cannotWrite(out: string, error: unknown): CommandError {
  const detail = error instanceof Error ? error.message : String(error);
  return new CommandError(ExitCode.usage, `Cannot write ${out}: ${detail}`);
}
