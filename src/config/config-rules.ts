import { isIPv4 } from 'node:net';
import type { Config } from './config-schema.js';
import { type ConfigProblem, originOf, type Setting } from './config-settings.js';
import { problemsOfTlsFiles } from './tls-files.js';

/** The secret of the examples, which everybody knows. */
export const PLACEHOLDER_SECRET = 'change_in_production';

const MIN_SECRET_CHARACTERS = 32;
/** What fits in the header in which it is sent. */
const METRICS_TOKEN = /^[\x21-\x7e]{16,}$/;
const MAX_PORT = 65_535;

/** What does not fit together, though each value may be good by itself. The paths in `config` are absolute. */
export function problemsBetweenKeys(config: Config, settings: readonly Setting[]): readonly ConfigProblem[] {
  const problem = (keys: readonly string[], what: string): ConfigProblem => {
    const origins = new Set(keys.map((key) => originOf(settings, key)).filter((origin) => origin !== undefined));
    return { keys, line: `${what}${origins.size === 0 ? '' : ` (${[...origins].join('; ')})`}.` };
  };
  return [
    ...secretProblems(config, problem),
    ...clusterProblems(config, problem),
    ...tlsProblems(config, problem),
    ...orderProblems(config, problem),
    ...portProblems(config, problem),
    ...metricsProblems(config, problem),
  ];
}

type MakeProblem = (keys: readonly string[], what: string) => ConfigProblem;

function secretProblems({ environment, security }: Config, problem: MakeProblem): readonly ConfigProblem[] {
  const keys = ['security.jwt_secret'];
  const secret = security.jwt_secret;
  if (environment === 'development' && (secret === null || secret === PLACEHOLDER_SECRET)) return [];
  if (secret === null) {
    return [
      problem(
        keys,
        `security.jwt_secret is required in production: ${MIN_SECRET_CHARACTERS} random characters or more`,
      ),
    ];
  }
  if (secret === PLACEHOLDER_SECRET) {
    return [problem(keys, 'security.jwt_secret is the placeholder of the examples, which everybody knows')];
  }
  if (secret.length >= MIN_SECRET_CHARACTERS) return [];
  return [problem(keys, `security.jwt_secret must have ${MIN_SECRET_CHARACTERS} characters or more`)];
}

function clusterProblems({ cluster }: Config, problem: MakeProblem): readonly ConfigProblem[] {
  const { secret } = cluster;
  if (secret === null || secret.length >= MIN_SECRET_CHARACTERS) return [];
  return [problem(['cluster.secret'], `cluster.secret must have ${MIN_SECRET_CHARACTERS} characters or more`)];
}

function tlsProblems({ security }: Config, problem: MakeProblem): readonly ConfigProblem[] {
  const keys = ['security.tls_cert', 'security.tls_key'];
  const { tls_cert: certificate, tls_key: key } = security;
  if (certificate === null && key === null) return [];
  if (certificate === null || key === null) {
    return [problem(keys, 'security.tls_cert and security.tls_key belong together: set both or neither')];
  }
  return problemsOfTlsFiles({ certificate, key }).map(({ file, what }) => {
    const name = file === 'certificate' ? 'security.tls_cert' : 'security.tls_key';
    return problem([name], `${name}: ${what}`);
  });
}

function orderProblems({ audio, security }: Config, problem: MakeProblem): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (audio.default_bitrate > audio.max_bitrate) {
    problems.push(
      problem(
        ['audio.default_bitrate', 'audio.max_bitrate'],
        'audio.default_bitrate must not be above audio.max_bitrate',
      ),
    );
  }
  if (security.access_token_ttl_s > security.refresh_token_ttl_s) {
    const keys = ['security.access_token_ttl_s', 'security.refresh_token_ttl_s'];
    problems.push(problem(keys, 'security.access_token_ttl_s must not be above security.refresh_token_ttl_s'));
  }
  return problems;
}

function metricsProblems({ metrics }: Config, problem: MakeProblem): readonly ConfigProblem[] {
  const { bind_address: bindAddress, port, token } = metrics;
  if (token !== null && !METRICS_TOKEN.test(token)) {
    return [problem(['metrics.token'], 'metrics.token must be 16 visible ASCII characters or more, without spaces')];
  }
  if (port === 0 || token !== null || isLoopback(bindAddress)) return [];
  const keys = ['metrics.bind_address', 'metrics.token'];
  return [problem(keys, `metrics.token is required where metrics.bind_address, ${bindAddress}, is not loopback`)];
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

/** The voice ports are UDP ports, and may have the number of a TCP port; Mumble's is both. */
function portProblems(
  { server, voice, mumble, metrics, redis, cluster }: Config,
  problem: MakeProblem,
): readonly ConfigProblem[] {
  const tcpPorts = [
    { key: 'server.control_port', port: server.control_port },
    { key: 'server.http_port', port: server.http_port },
    { key: 'metrics.port', port: metrics.port },
    ...(mumble.enabled ? [{ key: 'mumble.port', port: mumble.port }] : []),
  ];
  const lastVoicePort = server.voice_port + voice.workers - 1;
  const range = `server.voice_port and voice.workers take UDP ports up to ${lastVoicePort}, and the last is ${MAX_PORT}`;
  const isInRange = mumble.enabled && mumble.port >= server.voice_port && mumble.port <= lastVoicePort;
  const voiceKeys = voice.workers === 1 ? ['server.voice_port'] : ['server.voice_port', 'voice.workers'];
  const taken = `${voiceKeys.join(' and ')} and mumble.port must not share UDP port ${mumble.port}`;
  const lastLinkPort = cluster.link_port + voice.workers - 1;
  const meets = (first: number, last: number) => cluster.link_port <= last && first <= lastLinkPort;
  const isLinkTaken =
    redis.url !== null &&
    (meets(server.voice_port, lastVoicePort) || (mumble.enabled && meets(mumble.port, mumble.port)));
  const linkTaken = `cluster.link_port takes UDP ports ${cluster.link_port} to ${lastLinkPort}, which voice or Mumble takes too`;
  return [
    ...(isLinkTaken ? [problem(['cluster.link_port', 'voice.workers'], linkTaken)] : []),
    ...(lastLinkPort > MAX_PORT
      ? [problem(['cluster.link_port', 'voice.workers'], `cluster.link_port goes beyond ${MAX_PORT}`)]
      : []),
    ...(lastVoicePort > MAX_PORT ? [problem(['server.voice_port', 'voice.workers'], range)] : []),
    ...(isInRange ? [problem([...voiceKeys, 'mumble.port'], taken)] : []),
    ...tcpPorts.flatMap((first, index) =>
      tcpPorts
        .slice(index + 1)
        .filter(({ port }) => port === first.port)
        .map(({ key }) => problem([first.key, key], `${first.key} and ${key} must not both be ${first.port}`)),
    ),
  ];
}
