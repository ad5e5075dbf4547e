/** Mumble's own client, started so that it asks nothing: with a certificate of its own, and trust in the server's. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connect } from 'node:tls';
import { type Desktop, EAR, MOUTH } from './desktop.js';
import type { Program } from './program.js';

/** Where the client looks for a certificate that was kept, when it has none. */
const IDENTITY = 'Documents/MumbleAutomaticCertificateBackup.p12';

export interface MumbleProgramOptions {
  readonly host: string;
  readonly port: number;
  readonly organizationTag: string;
  readonly username: string;
  readonly password: string;
  /** The channel that it enters; without one it stays in the one that it is brought to. */
  readonly channel?: string;
  /** False for a client that only listens. */
  readonly isTalking: boolean;
}

/** Starts a client, which connects at once. Somebody who starts it again has the same home, and so the same certificate. */
export async function startMumble(desktop: Desktop, options: MumbleProgramOptions): Promise<Program> {
  const { host, port, organizationTag, username, password, channel = '' } = options;
  const home = join(desktop.folder, `home-${username}`);
  for (const folder of ['.config/Mumble', '.local/share/Mumble/Mumble', 'Documents']) {
    mkdirSync(join(home, folder), { recursive: true });
  }
  mkdirSync(join(home, 'run'), { mode: 0o700, recursive: true });
  if (!existsSync(join(home, IDENTITY))) makeIdentity(home, username);
  writeFileSync(join(home, '.config/Mumble/Mumble.conf'), settings(options));
  trust(join(home, '.local/share/Mumble/Mumble/mumble.sqlite'), host, port, await fingerprintOf(host, port));
  const user = encodeURIComponent(`${username}@${organizationTag}`);
  const url = `mumble://${user}:${encodeURIComponent(password)}@${host}:${port}/${encodeURIComponent(channel)}?version=1.2.0`;
  return desktop.run(username, 'mumble', ['-m', url], {
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local/share'),
    XDG_RUNTIME_DIR: join(home, 'run'),
  });
}

/** Without one the client asks; it takes the one that it finds as a backup. */
function makeIdentity(home: string, username: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: home, stdio: 'ignore' });
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${username}`,
    '-keyout',
    'key.pem',
    '-out',
    'certificate.pem',
  );
  openssl('pkcs12', '-export', '-passout', 'pass:', '-inkey', 'key.pem', '-in', 'certificate.pem', '-out', IDENTITY);
}

/** `lastupdate` and the rest keep the wizards away. Transmission 0 is always, 2 only while a key is held. */
function settings({ isTalking }: MumbleProgramOptions): string {
  const sections = {
    General: { lastupdate: 2 },
    audio: {
      input: 'PulseAudio',
      output: 'PulseAudio',
      transmit: isTalking ? 0 : 2,
      noisesupress: 0,
      denoise: false,
      echo: false,
      quality: 72_000,
    },
    pulseaudio: { input: `${MOUTH}.monitor`, output: EAR },
    tts: { enable: false },
    ui: { askonquit: false, updatecheck: false, plugincheck: false, usage: false },
    overlay: { enable: false },
  };
  return Object.entries(sections)
    .map(
      ([name, values]) =>
        `[${name}]\n${Object.entries(values)
          .map(([key, value]) => `${key}=${value}\n`)
          .join('')}`,
    )
    .join('');
}

/** Writes down that the certificate was accepted, as the client does when somebody accepts it. */
function trust(path: string, host: string, port: number, digest: string): void {
  const database = new DatabaseSync(path);
  database.exec(`
    create table if not exists cert (id integer primary key autoincrement, hostname text, port integer, digest text);
    create unique index if not exists cert_host_port on cert(hostname, port);`);
  database.prepare('insert or replace into cert(hostname, port, digest) values (?, ?, ?)').run(host, port, digest);
  database.close();
}

/** SHA-1 of the server's certificate, as the client remembers it. */
function fingerprintOf(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint.replaceAll(':', '').toLowerCase());
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
