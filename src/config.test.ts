import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseDocument } from 'yaml';
import { CONFIG_KEYS } from './config/config-schema.js';
import { ConfigError, loadConfig } from './config.js';

const SECRET = 'x'.repeat(32);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the shipped file', () => {
  it('says what holds without it', () => {
    const shipped = loadConfig({ file: 'config/server.yaml', environment: {}, workingFolder: process.cwd() });
    expect(shipped).toEqual(loadConfig({ file: undefined, environment: {}, workingFolder: process.cwd() }));
  });

  it('has every key, each with a comment', () => {
    const text = readFileSync('config/server.yaml', 'utf8');
    const document = parseDocument(text);
    for (const { path } of CONFIG_KEYS) expect(document.hasIn(path)).toBe(true);
    const lines = text.split('\n').filter((line) => line !== '');
    const uncommented = lines.filter((line, index) => !line.includes('#') && !commentsAbove(lines, index));
    expect(uncommented).toEqual([]);
  });
});

describe('what holds', () => {
  it('is the default, over it the file, over that the environment', () => {
    const yaml = 'server:\n  control_port: 7000\n  voice_port: 7001\n';
    const config = load({ yaml, environment: { PARLEY_SERVER_VOICE_PORT: '8001' } });
    expect(config.server).toMatchObject({ control_port: 7000, voice_port: 8001, http_port: 8080 });
  });

  it('cannot be changed afterwards', () => {
    const config = load({ yaml: 'security:\n  jwt_secret: change_in_production\n' });
    expect(Object.isFrozen(config)).toBe(true);
    for (const section of Object.values(config)) expect(Object.isFrozen(section)).toBe(true);
  });

  it('has absolute paths', () => {
    expect(load({ environment: { PARLEY_DATA_DIR: 'here' } }).data_dir).toBe(join(folder, 'here'));
    expect(load({ environment: { PARLEY_DATA_DIR: '/there' } }).data_dir).toBe('/there');
  });

  it.each([
    ['an empty file', ''],
    ['a file of comments', '# nothing\n'],
    ['a section whose keys are commented out', 'server:\n  # control_port: 1\n'],
    ['an empty section', 'server: {}\n'],
  ])('is the default after %s', (_what, yaml) => {
    expect(load({ yaml })).toEqual(load({}));
  });

  it('is not touched by an empty variable', () => {
    expect(load({ environment: { PARLEY_SERVER_HTTP_PORT: '', PARLEY_DATABASE_URL_FILE: '' } })).toEqual(load({}));
  });
});

describe('the environment', () => {
  it('knows every key by its path', () => {
    const everything = {
      PARLEY_ENVIRONMENT: 'production',
      PARLEY_DATA_DIR: '/data',
      PARLEY_SERVER_HTTP_TLS: 'true',
      PARLEY_SERVER_BIND_ADDRESS: '::',
      PARLEY_DATABASE_URL: 'postgres://a:b@c/d',
      PARLEY_SECURITY_JWT_SECRET: SECRET,
      PARLEY_LIMITS_MAX_JOINED_CHANNELS: '3',
      PARLEY_LOG_LEVEL: 'trace',
      PARLEY_METRICS_PORT: '0',
    };
    expect(load({ environment: everything })).toMatchObject({
      environment: 'production',
      data_dir: '/data',
      server: { http_tls: true, bind_address: '::' },
      database: { url: 'postgres://a:b@c/d' },
      security: { jwt_secret: SECRET },
      limits: { max_joined_channels: 3 },
      log: { level: 'trace' },
      metrics: { port: 0 },
    });
  });

  it('takes secrets from files, without the line end', () => {
    const PARLEY_SECURITY_JWT_SECRET_FILE = fileOf(`${SECRET}\n`);
    expect(load({ environment: { PARLEY_SECURITY_JWT_SECRET_FILE } }).security.jwt_secret).toBe(SECRET);
  });

  it('leaves alone what belongs to others', () => {
    const others = {
      PARLEY_CONFIG: 'x',
      PARLEY_ADMIN_PASSWORD: 'x',
      PARLEY_PASSWORD: 'x',
      PARLEY_TOKEN: 'x',
      PATH: 'x',
    };
    expect(load({ environment: others })).toEqual(load({}));
  });
});

describe('a problem', () => {
  it.each([
    [
      'server:\n  control_port: 70000\n',
      /^server\.control_port must be a whole number from 1 to 65535, not 70000 \(server\.yaml, line 2\)\.$/,
    ],
    ['server:\n  control_port: "9000"\n', /^server\.control_port must be a whole number .*, not "9000" /],
    ['server:\n  control_port: 1.5\n', /^server\.control_port must be a whole number /],
    ['server:\n  control_port: [1, 2]\n', /^server\.control_port must be a whole number /],
    ['server:\n  control_port:\n', /^server\.control_port must be a whole number .*, not null /],
    ['server:\n  http_tls: yes\n', /^server\.http_tls must be true or false, not "yes" /],
    [
      'server:\n  control_prot: 1\n',
      /^server\.control_prot is no key \(server\.yaml, line 2\)\. There are: bind_address, control_port, /,
    ],
    [
      'serverr:\n  control_port: 1\n',
      /^serverr is no key \(server\.yaml, line 2\)\. There are: environment, data_dir, server, /,
    ],
    ['serverr:\n', /^serverr is no key /],
    ['server: 5\n', /^server must hold keys and values, not 5 /],
    ['__proto__:\n  x: 1\n', /^__proto__ is no key /],
    ['data_dir: ""\n', /^data_dir must be a text that is not empty, not "" /],
    ['log:\n  level: loud\n', /^log\.level must be one of error, warn, info, debug, trace, not "loud" /],
    [
      'redis:\n  url: http://localhost\n',
      /^redis\.url must be an URL like redis:\/\/user:password@host:6379\/0, or rediss:\/\/ for TLS/,
    ],
    [
      'audio:\n  max_bitrate: 20000\n',
      /^audio\.default_bitrate must not be above audio\.max_bitrate \(server\.yaml, line 2\)\.$/,
    ],
    ['metrics:\n  port: 8080\n', /^server\.http_port and metrics\.port must not both be 8080 /],
    ['mumble:\n  port: 9000\n', /^server\.control_port and mumble\.port must not both be 9000 /],
    ['mumble:\n  port: 9001\n', /^server\.voice_port and mumble\.port must not share UDP port 9001 /],
    [
      'voice:\n  workers: 3\nmumble:\n  port: 9003\n',
      /^server\.voice_port and voice\.workers and mumble\.port must not share UDP port 9003 /,
    ],
    ['mumble:\n  host_pattern: voice.example\n', /^mumble\.host_pattern must be a host name with TAG in one place/],
    [
      'security:\n  access_token_ttl_s: 900\n  refresh_token_ttl_s: 60\n',
      /^security\.access_token_ttl_s must not be above /,
    ],
    ['environment: production\n', /^security\.jwt_secret is required in production: /],
    [
      'environment: production\nsecurity:\n  jwt_secret: change_in_production\n',
      /^security\.jwt_secret is the placeholder /,
    ],
    ['security:\n  jwt_secret: short\n', /^security\.jwt_secret must have 32 characters or more /],
    ['security:\n  tls_cert: cert.pem\n', /^security\.tls_cert and security\.tls_key belong together: /],
    ['server: [\n', /^server\.yaml, line \d+: /],
    ['server:\n  http_port: 1\n  http_port: 2\n', /^server\.yaml, line 3: /],
    ['just a text\n', /^server\.yaml must hold keys and values/],
  ])('in %j is told in one line', (yaml, line) => {
    expect(problemsOf({ yaml })).toEqual([expect.stringMatching(line)]);
  });

  it('is a secret that everybody knows, and none at all, in production', () => {
    for (const secret of ['change_in_production', null]) {
      const yaml = `environment: production\nsecurity:\n  jwt_secret: ${secret}\n`;
      expect(problemsOf({ yaml })).toEqual([expect.stringMatching(/^security\.jwt_secret is /)]);
      expect(problemsOf({ yaml: yaml.replace('production', 'development') })).toEqual([]);
    }
  });

  it('in a variable names the variable', () => {
    expect(problemsOf({ environment: { PARLEY_SERVER_CONTROL_PORT: 'x' } })).toEqual([
      'server.control_port must be a whole number from 1 to 65535, not "x" (PARLEY_SERVER_CONTROL_PORT).',
    ]);
    expect(problemsOf({ environment: { PARLEY_SERVER_CONTROL_PROT: '1' } })).toEqual([
      'PARLEY_SERVER_CONTROL_PROT is no variable of Parley.',
    ]);
  });

  it('with the file for a secret is told', () => {
    expect(problemsOf({ environment: { PARLEY_SECURITY_JWT_SECRET_FILE: join(folder, 'nowhere') } })).toEqual([
      expect.stringMatching(/^PARLEY_SECURITY_JWT_SECRET_FILE cannot be read: ENOENT/),
    ]);
    expect(problemsOf({ environment: { PARLEY_SECURITY_JWT_SECRET_FILE: fileOf('\n') } })).toEqual([
      expect.stringMatching(/^PARLEY_SECURITY_JWT_SECRET_FILE: .* is empty\.$/),
    ]);
    const both = { PARLEY_DATABASE_URL: 'postgres://a/b', PARLEY_DATABASE_URL_FILE: fileOf('postgres://a/b') };
    expect(problemsOf({ environment: both })).toEqual([
      'PARLEY_DATABASE_URL and PARLEY_DATABASE_URL_FILE are both set: leave one out.',
    ]);
  });

  it('does not hide another', () => {
    const yaml = 'server:\n  control_port: 0\n  colour: red\naudio:\n  max_bitrate: 20000\nlog:\n  level: loud\n';
    const environment = { PARLEY_NONSENSE: '1', PARLEY_METRICS_PORT: '8080' };
    expect(problemsOf({ yaml, environment })).toHaveLength(6);
  });

  it('with a file that is not there is told', () => {
    expect(() => loadConfig({ file: 'nowhere.yaml', environment: {}, workingFolder: folder })).toThrow(
      /^nowhere\.yaml cannot be read: ENOENT[^\n]*$/,
    );
  });

  it('never shows a secret', () => {
    const secret = 'hunter2!'.repeat(3);
    const yaml = `database:\n  url: "${secret}"\nsecurity:\n  jwt_secret: "${secret}"\nredis:\n  url: "${secret}"\n`;
    const problems = problemsOf({ yaml });
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('is told for whatever a key is set to, and nothing else is thrown', () => {
    const anyKey = fc.constantFrom(...CONFIG_KEYS.map(({ path }) => `PARLEY_${path.join('_').toUpperCase()}`));
    fc.assert(
      fc.property(anyKey, fc.string(), (variable, text) => {
        try {
          load({ environment: { [variable]: text } });
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          for (const line of error.problems) expect(line).toMatch(/^[^\n]+$/);
        }
      }),
    );
  });

  it('is told for any file, and nothing else is thrown', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          load({ yaml: JSON.stringify(value) });
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      }),
    );
  });
});

describe('the certificate and its key', () => {
  it('are taken when they belong together', () => {
    const { certificate, key } = pair('good');
    expect(load({ yaml: tls(certificate, key) }).security).toMatchObject({ tls_cert: certificate, tls_key: key });
  });

  it('are refused when they do not', () => {
    const problems = problemsOf({ yaml: tls(pair('one').certificate, pair('other').key) });
    expect(problems).toEqual([expect.stringMatching(/^security\.tls_key: .* is not the key of the certificate /)]);
  });

  it('are refused when they cannot be read, and when they are something else', () => {
    const missing = problemsOf({ yaml: tls('nowhere.pem', 'nowhere.pem') });
    expect(missing).toEqual([
      expect.stringMatching(/^security\.tls_cert: .*nowhere\.pem cannot be read: ENOENT/),
      expect.stringMatching(/^security\.tls_key: .*nowhere\.pem cannot be read: ENOENT/),
    ]);
    const nonsense = fileOf('nonsense');
    expect(problemsOf({ yaml: tls(nonsense, nonsense) })).toEqual([
      expect.stringMatching(/^security\.tls_cert: .* holds no certificate in PEM/),
      expect.stringMatching(/^security\.tls_key: .* holds no private key without a passphrase in PEM/),
    ]);
  });
});

interface Sources {
  readonly yaml?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function load({ yaml, environment = {} }: Sources) {
  if (yaml === undefined) return loadConfig({ file: undefined, environment, workingFolder: folder });
  writeFileSync(join(folder, 'server.yaml'), yaml);
  return loadConfig({ file: 'server.yaml', environment, workingFolder: folder });
}

function problemsOf(sources: Sources): readonly string[] {
  try {
    load(sources);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

let files = 0;
function fileOf(text: string): string {
  files += 1;
  const path = join(folder, `file-${files}`);
  writeFileSync(path, text);
  return path;
}

function tls(certificate: string, key: string): string {
  return `security:\n  tls_cert: ${certificate}\n  tls_key: ${key}\n`;
}

function pair(name: string): { certificate: string; key: string } {
  const certificate = join(folder, `${name}-cert.pem`);
  const key = join(folder, `${name}-key.pem`);
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', `/CN=${name}`];
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return { certificate, key };
}

/** The key's own comment, or its section's where the section has one for all. */
function commentsAbove(lines: readonly string[], index: number): boolean {
  const line = lines[index] ?? '';
  const above = lines[index - 1] ?? '';
  if (above.trim().startsWith('#')) return true;
  return /^\S+:$/.test(line) || (/^ {2}(max_channels|max_users|tls_key)/.test(line) && index > 0);
}

describe('the workers of the relay', () => {
  it('must have ports that there are', () => {
    expect(load({ yaml: 'server:\n  voice_port: 65534\nvoice:\n  workers: 2\n' }).voice.workers).toBe(2);
    const message = 'server.voice_port and voice.workers take UDP ports up to 65536, and the last is 65535';
    expect(() => load({ yaml: 'server:\n  voice_port: 65534\nvoice:\n  workers: 3\n' })).toThrow(message);
  });
});

describe('the metrics', () => {
  it('are for this machine alone, unless they have a token', () => {
    const problem =
      /^metrics\.token is required where metrics\.bind_address, 0\.0\.0\.0, is not loopback \(server\.yaml, line 2\)\.$/;
    expect(problemsOf({ yaml: 'metrics:\n  bind_address: 0.0.0.0\n' })).toEqual([expect.stringMatching(problem)]);
    const token = 'a-token-of-some-length';
    const withToken = load({ yaml: `metrics:\n  bind_address: 0.0.0.0\n  token: ${token}\n` });
    expect(withToken.metrics.token).toBe(token);
    for (const address of ['127.0.0.2', '"::1"', 'localhost']) load({ yaml: `metrics:\n  bind_address: ${address}\n` });
    load({ yaml: 'metrics:\n  bind_address: 0.0.0.0\n  port: 0\n' });
  });

  it('have a token that cannot be guessed, which may come from a file', () => {
    expect(problemsOf({ yaml: 'metrics:\n  token: a token with spaces\n' })).toEqual([
      expect.stringMatching(/^metrics\.token must be 16 visible ASCII characters or more, without spaces /),
    ]);
    const environment = { PARLEY_METRICS_TOKEN_FILE: fileOf('a-token-of-some-length\n') };
    expect(load({ environment }).metrics.token).toBe('a-token-of-some-length');
  });
});
