/** A server as a process: its arguments, its signals, its exit codes and what it says. */
import { Command } from 'commander';
import type { Logger } from 'pino';
import { type BannerFacts, banner } from './banner.js';
import { type Environment, readAdminPassword } from './config/config-environment.js';
import { type Config, ConfigError, DEFAULT_CONFIG_FILE, findConfigFile, loadConfig } from './config.js';
import { AppError } from './errors.js';
import { createLogger } from './logging/logging.js';
import { messageOf } from './thrown.js';
import { VERSION } from './version.js';

/** Something is in the way: a port in use, a database that does not answer. Or a bug. */
const EXIT_FAILED = 1;
/** The arguments or the configuration are wrong. */
const EXIT_MISUSED = 2;

/** How long an orderly end may take, in milliseconds, once nobody is to be moved to another node any more. */
const STOP_TIMEOUT_MS = 10_000;
/** A terminal and npm may send the same Ctrl-C each; what comes later is meant as a second one, in milliseconds. */
const SAME_SIGNAL_MS = 500;

const PARENT_POLL_MS = 500;

/** What a server is, to its process. */
export interface RunningServer {
  readonly facts: BannerFacts;
  /** Reads again what can be changed while it runs. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly config: Config;
  readonly adminPassword: string | undefined;
  readonly logger: Logger;
  /** Ends a start that is not complete yet. */
  readonly signal: AbortSignal;
}

/** Runs a server until a signal ends it. What is wrong is told on stderr, with the exit code 1, or 2 for the configuration. */
export async function runServer(
  args: readonly string[],
  environment: Environment,
  start: (options: StartOptions) => Promise<RunningServer>,
): Promise<void> {
  const { config: file, check } = readArguments(args);
  const settings = readSettings(file, environment);
  if (settings === undefined) return;
  if (check) {
    process.stdout.write('OK\n');
    return;
  }
  const { level, format } = settings.config.log;
  const logger = createLogger({ level, format, stream: process.stdout });
  exitOnBugs(logger);
  logger.info({ version: VERSION, node: process.versions.node }, 'starting');
  const stopping = new AbortController();
  const starting = start({ ...settings, logger, signal: stopping.signal });
  const { redis, cluster } = settings.config;
  const stopTimeoutMs = STOP_TIMEOUT_MS + (redis.url === null ? 0 : cluster.drain_timeout_ms);
  const stop = stopOnSignals(starting, stopping, { logger, stopTimeoutMs });
  if (environment.npm_lifecycle_event !== undefined) callWhenOrphaned(() => stop('npm has ended'));
  try {
    const server = await starting;
    process.stdout.write(banner(server.facts));
    process.on('SIGHUP', () => void server.reload());
  } catch (error) {
    if (stopping.signal.aborted) return;
    complain(error, logger);
    process.exit(EXIT_FAILED);
  }
}

function readArguments(args: readonly string[]): { config?: string; check?: boolean } {
  return new Command('parley-server')
    .description('Runs a Parley server. Every setting, with its meaning, is in config/server.yaml.')
    .version(VERSION)
    .option(
      '--config <file>',
      `the configuration (PARLEY_CONFIG; without both, ${DEFAULT_CONFIG_FILE} where there is one)`,
    )
    .option('--check', 'look at the configuration, say OK or what is wrong, and end')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_MISUSED))
    .parse([...args], { from: 'user' })
    .opts();
}

/** Undefined where something is wrong with the configuration; it is told then. */
function readSettings(
  fileArgument: string | undefined,
  environment: Environment,
): Pick<StartOptions, 'config' | 'adminPassword'> | undefined {
  const file = findConfigFile(fileArgument, environment, process.cwd());
  const problems: string[] = [];
  const adminPassword = readAdminPassword(environment);
  if (adminPassword !== undefined && 'problem' in adminPassword) problems.push(adminPassword.problem);
  try {
    const config = loadConfig({ file, environment, workingFolder: process.cwd() });
    if (adminPassword === undefined) return { config, adminPassword };
    if ('text' in adminPassword) return { config, adminPassword: adminPassword.text };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.unshift(...error.problems);
  }
  process.stderr.write(problems.map((problem) => `parley: ${problem}\n`).join(''));
  process.exitCode = EXIT_MISUSED;
  return undefined;
}

function exitOnBugs(logger: Logger): void {
  const exit = (err: unknown) => {
    logger.error({ err }, 'bug: the server cannot go on');
    process.stderr.write(`parley: ended by a bug: ${messageOf(err)}\n`);
    process.exit(EXIT_FAILED);
  };
  process.on('uncaughtException', exit);
  process.on('unhandledRejection', exit);
}

interface StopTerms {
  readonly logger: Logger;
  readonly stopTimeoutMs: number;
}

/** The first signal ends the server in order, a second one at once. Returns what a signal calls. */
function stopOnSignals(
  starting: Promise<RunningServer>,
  stopping: AbortController,
  terms: StopTerms,
): (signal: string) => void {
  const { logger } = terms;
  let stoppingSinceMs: number | undefined;
  const onSignal = (signal: string) => {
    const nowMs = performance.now();
    if (stoppingSinceMs !== undefined) {
      if (nowMs - stoppingSinceMs > SAME_SIGNAL_MS) process.exit(EXIT_FAILED);
      return;
    }
    stoppingSinceMs = nowMs;
    logger.info({ signal }, 'stopping');
    stopping.abort();
    void stopInTime(starting, terms);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // Started by an old Node in front of this one, which has died.
  if (process.connected) process.once('disconnect', () => onSignal('disconnect'));
  return onSignal;
}

/** npm cannot hand on a SIGKILL, and the shell that it puts between hands on nothing. */
function callWhenOrphaned(onOrphaned: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onOrphaned();
  }, PARENT_POLL_MS);
  timer.unref();
}

async function stopInTime(starting: Promise<RunningServer>, { logger, stopTimeoutMs }: StopTerms): Promise<void> {
  setTimeout(() => {
    logger.error({ timeout_ms: stopTimeoutMs }, 'stopping takes too long: ended at once');
    process.exit(EXIT_FAILED);
  }, stopTimeoutMs);
  // A start that was ended has closed what it had opened.
  const server = await starting.catch(() => undefined);
  try {
    await server?.stop();
    logger.info('stopped');
    process.exit(0);
  } catch (error) {
    complain(error, logger);
    process.exit(EXIT_FAILED);
  }
}

/** One line for what the person who started the server can mend; a bug goes to the log with all that is known. */
function complain(error: unknown, logger: Logger): void {
  if (!(error instanceof AppError)) logger.error({ err: error }, 'bug: the server cannot start or stop');
  process.stderr.write(`parley: ${messageOf(error)}\n`);
}
