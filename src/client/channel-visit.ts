import { channelPath, findChannels } from './channel-path.js';
import { CommandError, ExitCode } from './command-error.js';
import type { CommandOutput } from './command-output.js';
import { formatServerAddress } from './server-address.js';
import type { Channel } from './server-view.js';
import { VoiceClient, type VoiceClientOptions } from './voice-client.js';
import type { VoiceClientError } from './voice-client-error.js';
import type { TextEvent } from './voice-client-events.js';

/** What a command is told about the channel that it goes to. */
export interface ChannelVisitOptions extends VoiceClientOptions {
  /** A path from the root (`Games/Squad 1`), or a name. */
  readonly channel: string;
  readonly channelPassword: string | undefined;
}

/** A session in one channel, and the reason when the server ends it. */
export interface ChannelVisit {
  readonly client: VoiceClient;
  readonly channel: Channel;
  /** False while a new session, in place of one that was lost, has not joined the channel yet. */
  readonly isJoined: () => boolean;
  /** Aborted, with the reason, when the connection is lost or the session is taken out of the channel. */
  readonly ended: AbortSignal;
}

/** Connects, joins the channel and tells what the server says, on and on. Throws CommandError or VoiceClientError. */
export async function visitChannel(options: ChannelVisitOptions, output: CommandOutput): Promise<ChannelVisit> {
  const client = await VoiceClient.connect(options);
  try {
    tellConnection(client, options, output);
    const channel = chooseChannel(client, options.channel);
    const ended = new AbortController();
    watch(client, channel, ended, output);
    let isJoined = false;
    const join = async () => {
      await client.join(channel.id, options.channelPassword);
      isJoined = true;
      tellJoined(client, channel, output);
    };
    watchConnection(client, output, () => {
      isJoined = false;
      join().catch((error: unknown) => ended.abort(error));
    });
    await join();
    return { client, channel, ended: ended.signal, isJoined: () => isJoined };
  } catch (error) {
    await client.close();
    throw error;
  }
}

function tellConnection(client: VoiceClient, options: ChannelVisitOptions, output: CommandOutput): void {
  const { serverName, username, organizationName, sessionId } = client.identity;
  const server = formatServerAddress(options);
  output.event(
    'connected',
    { server, serverName, username, organization: organizationName, sessionId },
    `Connected to ${serverName} at ${server} as ${username} of ${organizationName}.`,
  );
  tellPath(client, output);
}

function tellPath(client: VoiceClient, output: CommandOutput): void {
  const { pathMode } = client;
  const roundTripMs = client.statistics.roundTripMs ?? 0;
  output.event(
    'path',
    { mode: pathMode },
    pathMode === 'udp'
      ? `Voice goes by UDP (round trip ${roundTripMs.toFixed(1)} ms).`
      : 'UDP is not answered: voice goes through the control connection.',
  );
}

function chooseChannel(client: VoiceClient, text: string): Channel {
  const { channels } = client;
  const [channel, ...others] = findChannels(channels, text);
  const paths = (list: Iterable<Channel>) => [...list].map((each) => channelPath(channels, each)).join(', ');
  if (channel === undefined) {
    const present = channels.size === 0 ? 'You see no channels.' : `The channels are: ${paths(channels.values())}.`;
    throw new CommandError(ExitCode.refused, `There is no channel "${text}". ${present}`);
  }
  if (others.length > 0) {
    const candidates = paths([channel, ...others]);
    throw new CommandError(ExitCode.refused, `More than one channel is named "${text}": ${candidates}. Give the path.`);
  }
  return channel;
}

function tellJoined(client: VoiceClient, channel: Channel, output: CommandOutput): void {
  const path = channelPath(client.channels, channel);
  const others = [...client.sessions.values()]
    .filter(({ id, channelIds }) => id !== client.identity.sessionId && channelIds.includes(channel.id))
    .map(({ username }) => username);
  const company = others.length === 0 ? 'Nobody else is there.' : `There: ${others.join(', ')}.`;
  output.event('joined', { channel: path, channelId: channel.id, members: others }, `Joined ${path}. ${company}`);
}

/** Tells that the connection is lost and restored. `onNewSession` is called where the session is another one. */
function watchConnection(client: VoiceClient, output: CommandOutput, onNewSession: () => void): void {
  client.on('reconnecting', ({ code, message }) => {
    output.event('reconnecting', { code, message }, `${message} Trying to come back.`);
  });
  client.on('reconnected', (resumed) => {
    const words = resumed ? 'Back again.' : 'Back again, in a new session.';
    output.event('reconnected', { resumed }, words);
    if (!resumed) onNewSession();
  });
}

/** Tells comings and goings, and ends when the server ends the visit. */
function watch(client: VoiceClient, channel: Channel, ended: AbortController, output: CommandOutput): void {
  const isOther = (id: number) => id !== client.identity.sessionId;
  client.on('path', () => tellPath(client, output));
  client.on('session', ({ id, username, channelIds }, former) => {
    const was = former?.channelIds.includes(channel.id) ?? false;
    const is = channelIds.includes(channel.id);
    if (!isOther(id) || was === is) return;
    if (is) output.event('member_joined', { username }, `${username} joined.`);
    else output.event('member_left', { username }, `${username} left.`);
  });
  client.on('session_removed', ({ username, channelIds }, reason) => {
    if (channelIds.includes(channel.id))
      output.event('member_left', { username, reason }, `${username} left (${reason}).`);
  });
  client.on('text', (text) => {
    if (text.channelId === undefined || text.channelId === channel.id) tellText(text, output);
  });
  client.on('channel_left', (channelId, reason) => {
    if (channelId !== channel.id) return;
    ended.abort(new CommandError(ExitCode.refused, `The server took you out of the channel: ${reason}.`));
  });
  client.on('disconnect', (reason: VoiceClientError) => ended.abort(reason));
}

/** The lines of a text after the first are set in, so that they do not pass for lines of ours. */
function tellText({ username, channelId, text }: TextEvent, output: CommandOutput): void {
  const isPrivate = channelId === undefined;
  const lines = printable(text).replaceAll('\n', '\n    ');
  output.event('text', { username, private: isPrivate, text }, `${username}${isPrivate ? ' (to you)' : ''}: ${lines}`);
}

/** A terminal obeys control characters, so none of a text's but the line breaks get there, whatever the server lets through. */
function printable(text: string): string {
  return text.replaceAll(/\r\n?|\u2028|\u2029/g, '\n').replaceAll(/(?!\n)\p{Cc}/gu, ' ');
}
