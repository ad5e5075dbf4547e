import { channelPath, findChannels } from './channel-path.js';
import { CommandError, ExitCode } from './command-error.js';
import type { CommandOutput } from './command-output.js';
import { formatServerAddress } from './server-address.js';
import type { Channel } from './server-view.js';
import { VoiceClient, type VoiceClientOptions } from './voice-client.js';
import type { VoiceClientError } from './voice-client-error.js';

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
  /** Aborted, with the reason, when the connection is lost or the session is taken out of the channel. */
  readonly ended: AbortSignal;
}

/** Connects, joins the channel and tells what the server says, on and on. Throws CommandError or VoiceClientError. */
export async function visitChannel(options: ChannelVisitOptions, output: CommandOutput): Promise<ChannelVisit> {
  const client = await VoiceClient.connect(options);
  try {
    tellConnection(client, options, output);
    const channel = chooseChannel(client, options.channel);
    const ended = watch(client, channel, output);
    await client.join(channel.id, options.channelPassword);
    tellJoined(client, channel, output);
    return { client, channel, ended };
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

/** Tells comings and goings, and ends when the server ends the visit. */
function watch(client: VoiceClient, channel: Channel, output: CommandOutput): AbortSignal {
  const ended = new AbortController();
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
  client.on('channel_left', (channelId, reason) => {
    if (channelId !== channel.id) return;
    ended.abort(new CommandError(ExitCode.refused, `The server took you out of the channel: ${reason}.`));
  });
  client.on('disconnect', (reason: VoiceClientError) => ended.abort(reason));
  return ended.signal;
}
