import { isIPv6 } from 'node:net';

/** What somebody needs to know who has just started the server. */
export interface BannerFacts {
  readonly version: string;
  readonly dataFolder: string;
  readonly http: { readonly bindAddress: string; readonly port: number; readonly isTls: boolean };
  readonly voice: {
    readonly bindAddress: string;
    readonly controlPort: number;
    readonly voicePorts: readonly number[];
  };
  readonly certificate: { readonly fingerprint: string; readonly isSelfSigned: boolean };
  /** The administrator that was made just now with a password that nobody has seen yet, or null. */
  readonly newAdministrator: { readonly username: string; readonly password: string } | null;
}

/** Tells where everything is and what to do next, in lines of plain text. The password in it is shown this once. */
export function banner(facts: BannerFacts): string {
  const { version, http, voice, certificate, newAdministrator } = facts;
  const url = `${http.isTls ? 'https' : 'http'}://${reachable(http.bindAddress)}:${http.port}`;
  const controlAt = `${voice.bindAddress}, TCP ${voice.controlPort}`;
  const lines = [
    `Parley ${version} is running. Ctrl-C stops it.`,
    '',
    `  API          ${url}/graphql`,
    `  health       ${url}/health/ready`,
    `  voice        ${controlAt} and UDP ${rangeOf(voice.voicePorts)}`,
    `  fingerprint  ${certificate.fingerprint}`,
    `  data         ${facts.dataFolder}`,
    '',
    ...(newAdministrator === null ? [] : passwordLines(newAdministrator)),
    ...nextLines(facts, url),
  ];
  return `\n${lines.join('\n')}\n\n`;
}

function passwordLines({ username, password }: { username: string; password: string }): string[] {
  return [
    `  The first administrator is "${username}" with the password`,
    '',
    `      ${password}`,
    '',
    '  Write it down: it is shown this once.',
    '',
  ];
}

function nextLines({ newAdministrator, certificate, voice }: BannerFacts, url: string): string[] {
  const trust = certificate.isSelfSigned ? ' --fingerprint FINGERPRINT' : '';
  const target = `--server ${reachable(voice.bindAddress)}:${voice.controlPort}${trust}`;
  const api =
    newAdministrator === null ? `open ${url}/graphql` : `open ${url}/graphql, log in, and make an organization`;
  return [
    'What to do next',
    `  manage   ${api}`,
    `  talk     npx parley talk ${target} --org TAG --user NAME --channel CHANNEL FILE.opus`,
    '  learn    README.md has the first steps, line by line',
  ];
}

/** Consecutive ports. */
function rangeOf(ports: readonly number[]): string {
  return ports.length > 1 ? `${ports[0]} to ${ports.at(-1)}` : `${ports[0]}`;
}

/** An address that this machine reaches the server by. */
function reachable(bindAddress: string): string {
  if (bindAddress === '0.0.0.0' || bindAddress === '::') return '127.0.0.1';
  return isIPv6(bindAddress) ? `[${bindAddress}]` : bindAddress;
}
