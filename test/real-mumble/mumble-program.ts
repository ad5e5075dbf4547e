/** Mumble's own client, started so that it asks nothing: with a certificate of its own, and trust in the server's. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Desktop } from './desktop.js';

export interface MumbleProgramOptions {
  readonly host: string;
  readonly port: number;
  readonly organizationTag: string;
  readonly username: string;
  readonly password: string;
  /** The sink whose sound it sends, and the one to which it plays. */
  readonly microphone: string;
  readonly speaker: string;
  /** False for a client that only listens. */
  readonly isTalking: boolean;
  /** True where it is to use no UDP. */
  readonly isTcpOnly: boolean;
}

/** Starts a client, which connects at once. */
export async function startMumble(desktop: Desktop, options: MumbleProgramOptions): Promise<void> {
  const { host, port, organizationTag, username, password } = options;
  const home = join(desktop.folder, `home-${username}`);
  for (const folder of ['.config/Mumble', '.local/share/Mumble/Mumble', 'Documents']) {
    mkdirSync(join(home, folder), { recursive: true });
  }
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  makeIdentity(home, username);
  writeFileSync(join(home, '.config/Mumble/Mumble.conf'), settings(options));
  trust(join(home, '.local/share/Mumble/Mumble/mumble.sqlite'), host, port, await fingerprintOf(host, port));
  const user = encodeURIComponent(`${username}@${organizationTag}`);
  const url = `mumble://${user}:${encodeURIComponent(password)}@${host}:${port}/?version=1.2.0`;
  desktop.run('mumble', ['-m', url], {
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
  const backup = 'Documents/MumbleAutomaticCertificateBackup.p12';
  openssl('pkcs12', '-export', '-passout', 'pass:', '-inkey', 'key.pem', '-in', 'certificate.pem', '-out', backup);
}

/** `lastupdate` and the rest keep the wizards away. Transmission 0 is always, 2 only while a key is held. */
function settings({ microphone, speaker, isTalking, isTcpOnly }: MumbleProgramOptions): string {
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
    pulseaudio: { input: `${microphone}.monitor`, output: speaker },
    net: { tcponly: isTcpOnly },
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

function trust(database: string, host: string, port: number, digest: string): void {
  const statements = `
    create table cert (id integer primary key autoincrement, hostname text, port integer, digest text);
    create unique index cert_host_port on cert(hostname, port);
    insert into cert(hostname, port, digest) values ('${host}', ${port}, '${digest}');`;
  execFileSync('sqlite3', [database, statements]);
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
