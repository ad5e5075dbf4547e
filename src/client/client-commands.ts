/** The commands of voice clients: `parley talk`, `parley listen`, `parley say`. */
import password from '@inquirer/password';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseFingerprint } from './certificate.js';
import type { ChannelVisitOptions } from './channel-visit.js';
import { CommandError, ExitCode } from './command-error.js';
import { CommandOutput } from './command-output.js';
import type { Credentials } from './control-link.js';
import { listen } from './listen-command.js';
import { say } from './say-command.js';
import { parseServerAddress, type ServerAddress } from './server-address.js';
import { talk } from './talk-command.js';

/** The options that all commands have, as commander gives them. */
interface SharedOptions {
  readonly server: ServerAddress;
  readonly org?: string;
  readonly user?: string;
  readonly token?: string;
  readonly channel: string;
  readonly channelPassword?: string;
  readonly fingerprint?: string;
  readonly insecure?: true;
  readonly udpPort?: number;
  readonly json?: true;
}

interface ListenCommandOptions extends SharedOptions {
  readonly out: string;
  readonly duration?: number;
}

/** What the commands need of the process that runs them. */
export interface ClientCommandHost {
  readonly version: string;
  /** `PARLEY_PASSWORD`, where it is set. */
  readonly password: string | undefined;
  /** Takes the code with which the process is to end. */
  readonly finish: (exitCode: ExitCode) => void;
}

/** Adds the commands to the program. What is expected to go wrong they throw so that `toCommandError` knows it. */
export function addClientCommands(root: Command, host: ClientCommandHost): void {
  const { finish } = host;
  withSharedOptions(root.command('talk').description('Speak an Ogg Opus file into a channel, in real time.'))
    .argument('<file>', 'the Ogg Opus file; packets of 20 ms, as opusenc makes them')
    .action(async (file: string, options: SharedOptions) => {
      const visit = await visitOptions(options, host);
      finish(await talk(file, visit, outputFor(options), interruption()));
    });
  withSharedOptions(root.command('listen').description('Hear a channel, and record it.'))
    .requiredOption(
      '--out <file>',
      'the Ogg Opus file to write: the first speaker; others beside it, as FILE.NAME.opus',
    )
    .option('--duration <seconds>', 'how long to listen (default: until Ctrl-C)', parseDuration)
    .action(async (options: ListenCommandOptions) => {
      const visit = await visitOptions(options, host);
      const durationMs = options.duration === undefined ? undefined : options.duration * 1000;
      finish(await listen({ out: options.out, durationMs }, visit, outputFor(options), interruption()));
    });
  withSharedOptions(root.command('say').description('Write a text to everybody who is in a channel.'))
    .argument('<text>', '1 to 1000 characters')
    .action(async (text: string, options: SharedOptions) => {
      finish(await say(text, await visitOptions(options, host), outputFor(options)));
    });
}

function withSharedOptions(command: Command): Command {
  return command
    .requiredOption('--server <host:port>', 'the control port of the server; IPv6 as [::1]:9000', parseServer)
    .option('--org <tag>', 'the tag of the organization')
    .option('--user <name>', 'the user; the password comes from PARLEY_PASSWORD or a prompt')
    .addOption(new Option('--token <token>', 'an access token instead of user and password').env('PARLEY_TOKEN'))
    .requiredOption('--channel <channel>', 'the channel: its name, or its path as in Games/Squad')
    .option('--channel-password <password>', 'the password of the channel')
    .option(
      '--fingerprint <sha256>',
      "the SHA-256 of the server's certificate, as the server prints it",
      readFingerprint,
    )
    .option('--insecure', 'accept any certificate')
    .addOption(
      new Option('--udp-port <port>', 'another UDP port than the server tells').argParser(parsePort).hideHelp(),
    )
    .option('--json', 'tell events as JSON, one per line')
    .exitOverride();
}

async function visitOptions(options: SharedOptions, host: ClientCommandHost): Promise<ChannelVisitOptions> {
  return {
    ...options.server,
    credentials: await credentialsFor(options, host),
    clientName: `parley ${host.version}`,
    fingerprint: options.fingerprint,
    insecure: options.insecure,
    udpPort: options.udpPort,
    channel: options.channel,
    channelPassword: options.channelPassword,
  };
}

async function credentialsFor(
  { org, user, token }: SharedOptions,
  { password: given }: ClientCommandHost,
): Promise<Credentials> {
  if (token !== undefined) return { accessToken: token };
  if (org === undefined || user === undefined) {
    throw new CommandError(ExitCode.usage, 'Who are you? Give --org and --user, or --token.');
  }
  return {
    organizationTag: org,
    username: user,
    password: given ?? (await askPassword(user)),
  };
}

async function askPassword(user: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new CommandError(ExitCode.usage, 'There is no terminal to ask for the password: set PARLEY_PASSWORD.');
  }
  try {
    return await password({ message: `Password of ${user}` }, { output: process.stderr });
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') {
      throw new CommandError(ExitCode.interrupted, 'No password was given.');
    }
    throw error;
  }
}

/** Aborted by the first Ctrl-C or SIGTERM, so that files and talks are ended properly; the second one kills. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

function outputFor({ json }: SharedOptions): CommandOutput {
  return new CommandOutput(process.stdout, { json: json === true });
}

function parseServer(text: string): ServerAddress {
  const address = parseServerAddress(text);
  if (address === undefined) throw new InvalidArgumentError('It must be HOST:PORT; IPv6 as [::1]:9000.');
  return address;
}

function readFingerprint(text: string): string {
  if (parseFingerprint(text) === undefined) {
    throw new InvalidArgumentError('It must be 64 hexadecimal digits, with or without colons.');
  }
  return text;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new InvalidArgumentError('It must be 1 to 65535.');
  return port;
}

function parseDuration(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0) || seconds > 86_400)
    throw new InvalidArgumentError('It must be more than 0 and at most 86400 seconds.');
  return seconds;
}
