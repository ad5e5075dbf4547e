import { type ChannelVisitOptions, visitChannel } from './channel-visit.js';
import { ExitCode } from './command-error.js';
import type { CommandOutput } from './command-output.js';

/** `parley say`: writes a text to everybody who is in a channel. Throws CommandError or VoiceClientError. */
export async function say(text: string, options: ChannelVisitOptions, output: CommandOutput): Promise<ExitCode> {
  const { client, channel } = await visitChannel(options, output);
  try {
    await client.sendText({ channelId: channel.id }, text);
    output.event('said', { text }, 'Said.');
  } finally {
    await client.close();
  }
  return ExitCode.done;
}
