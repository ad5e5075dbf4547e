import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { CONFIG_KEYS, SECRET_KEYS } from '../../src/config/config-schema.js';

const CHART = 'deploy/helm/parley';
const NAMES = CONFIG_KEYS.map(({ path }) => `PARLEY_${path.join('_').toUpperCase()}`);
const SECRETS = [...SECRET_KEYS.map((key) => key.replaceAll('.', '_').toUpperCase()), 'ADMIN_PASSWORD'];
const KNOWN = new Set([...NAMES, 'PARLEY_ADMIN_PASSWORD', ...SECRETS.map((name) => `PARLEY_${name}_FILE`)]);

const read = (path: string) => readFileSync(path, 'utf8');
const strangers = (names: Iterable<string>) => [...names].filter((name) => !KNOWN.has(name));

const service = z.looseObject({
  environment: z.record(z.string(), z.string()).optional(),
  ports: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
  volumes: z.array(z.string()).optional(),
  networks: z.unknown(),
});
const compose = z.object({
  services: z.record(z.string(), service),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  volumes: z.record(z.string(), z.unknown()),
});

describe('compose.yaml', () => {
  const { services, secrets, volumes } = compose.parse(parse(read('compose.yaml'), { merge: true }));
  const nodes = Object.entries(services).filter(([name]) => /^node\d+$/.test(name));

  it('gives nodes only settings that there are', () => {
    expect(nodes.length).toBeGreaterThan(1);
    for (const [, { environment = {} }] of nodes) expect(strangers(Object.keys(environment))).toEqual([]);
  });

  it('opens of each node the ports that its clients are told, each once', () => {
    for (const [name, { environment = {}, ports = [] }] of nodes) {
      const { PARLEY_SERVER_VOICE_PORT: voice, PARLEY_CLUSTER_ADVERTISED_CONTROL_PORT: control } = environment;
      expect([name, ports]).toEqual([name, [`${control}:9000/tcp`, `${voice}:${voice}/udp`]]);
    }
    const opened = Object.values(services).flatMap(({ ports = [] }) =>
      ports.map((port) => port.split(':').slice(-2)[0]),
    );
    expect(new Set(opened).size).toBe(opened.length);
  });

  it('lets nodes believe the very load balancer, which knows all of them', () => {
    const [balancer] = JSON.stringify(services.haproxy?.networks).match(/\d+\.\d+\.\d+\.\d+/) ?? [];
    for (const [, { environment = {} }] of nodes) expect(environment.PARLEY_SERVER_PROXY_PROTOCOL_FROM).toBe(balancer);
    const named = new Set(
      Array.from(read('config/haproxy.cfg').matchAll(/^ {4}server \w+ (\w+):/gm), ([, name]) => name),
    );
    expect([...named]).toEqual(nodes.map(([name]) => name));
  });

  it('names each node otherwise, and gives each a volume and the time that it takes to end', () => {
    expect(nodes.map(([, { environment }]) => environment?.PARLEY_CLUSTER_NAME)).toEqual(nodes.map(([name]) => name));
    for (const [name, { volumes: own = [], stop_grace_period: grace = '' }] of nodes) {
      expect(own).toEqual([`${name}:/var/lib/parley`]);
      expect(Number.parseInt(grace, 10)).toBeGreaterThan(25);
      expect(Object.keys(volumes)).toContain(name);
    }
    expect(Object.keys(secrets)).toEqual(['parley_tls_cert', 'parley_tls_key']);
  });
});

describe('the Helm chart', () => {
  const templates = readdirSync(`${CHART}/templates`).map(
    (name) => [name, read(`${CHART}/templates/${name}`)] as const,
  );
  const values: unknown = parse(read(`${CHART}/values.yaml`));

  it('uses only settings and values that there are', () => {
    for (const [name, text] of templates) {
      const variables = Array.from(text.matchAll(/name: (PARLEY_\w+)/g), ([, variable = '']) => variable);
      expect([name, strangers(variables)]).toEqual([name, []]);
      const paths = Array.from(text.matchAll(/\.Values\.([\w.]+)/g), ([, path = '']) => path);
      expect([name, paths.filter((path) => valueAt(values, path) === undefined)]).toEqual([name, []]);
    }
  });

  it('is YAML where its templates are filled in, and closes what it opens', () => {
    expect(parse(read(`${CHART}/Chart.yaml`))).toMatchObject({ apiVersion: 'v2', name: 'parley' });
    for (const [name, text] of templates.filter(([each]) => each.endsWith('.yaml'))) {
      const opened = text.match(/{{-? (if|range|with|define) /g) ?? [];
      expect([name, text.match(/{{-? end -?}}/g) ?? []]).toEqual([name, opened.map(() => expect.any(String))]);
      const filled = text.replace(/^\s*{{-? .*}}\n/gm, '').replace(/{{.*?}}/g, '1');
      const problems = parseAllDocuments(filled).flatMap(({ errors }) => errors.map(({ message }) => message));
      expect([name, problems]).toEqual([name, []]);
    }
  });

  it('has the same load balancer as config/haproxy.cfg', () => {
    const [, chart = ''] = templates.find(([name]) => name === 'haproxy.yaml') ?? [];
    for (const setting of ['option httpchk', 'http-check expect', 'timeout tunnel', 'balance leastconn']) {
      const [line = ''] = read('config/haproxy.cfg').match(new RegExp(`${setting}.*`)) ?? [];
      expect(chart).toContain(line);
    }
    expect(chart).toContain('send-proxy-v2 check check-send-proxy');
  });
});

describe('the Dockerfile', () => {
  const text = read('Dockerfile');

  it('runs as nobody special, knows how to ask whether it lives, and has only settings that there are', () => {
    expect(text).toMatch(/^USER node$/m);
    expect(text).toMatch(/^HEALTHCHECK /m);
    const names = Array.from(text.matchAll(/\b(PARLEY_\w+)=/g), ([, name = '']) => name);
    expect(strangers(names)).toEqual([]);
    expect(names).toContain('PARLEY_DATA_DIR');
  });

  it('starts the server as npm start does', () => {
    const [, command = ''] = /"start": "exec (.*)"/.exec(read('package.json')) ?? [];
    const [, entry = ''] = /^ENTRYPOINT (.*)$/m.exec(text) ?? [];
    expect(JSON.parse(entry)).toEqual(command.split(' '));
  });
});

function valueAt(values: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), values);
}
