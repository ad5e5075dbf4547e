/** A real server is scraped, and what is to watch it is held against what it tells. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { eventually } from '../support/eventually.js';
import { ask } from '../support/test-server.js';
import { SteadyTalk } from '../voice/steady-talk.js';
import { readQuery } from './promql.js';
import { type Metric, readScrape } from './scrape.js';

const TOKEN = 'a-token-for-Prometheus-alone';
const PASSWORD = 'a password of somebody';
/** What Prometheus itself adds to each sample, and its own metric of whether a target answers. */
const LABELS_OF_PROMETHEUS = ['instance', 'job'];
const METRICS_OF_PROMETHEUS = ['up'];

let server: DemoServer;
let api: DemoApi;
let organization = '';
let adminToken = '';
beforeAll(async () => {
  server = await DemoServer.start({ environment: { PARLEY_METRICS_TOKEN: TOKEN } });
  api = new DemoApi(server.httpUrl);
  await api.login('admin', server.adminPassword);
  organization = await api.createOrganization('Demo', 'demo');
  const role = await api.createSpeakerRole(organization, 'speaker');
  for (const name of ['alice', 'bob']) await api.createUser(organization, name, PASSWORD, role);
  adminToken = await tokenOf(null, 'admin', server.adminPassword);
});
afterAll(() => server.stop());

async function tokenOf(tag: string | null, username: string, password: string): Promise<string> {
  const response = await fetch(`${server.httpUrl}/api/v1/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...(tag !== null && { org_tag: tag }), username, password }),
  });
  return String(Object(await response.json()).access_token);
}

async function enter(username: string, password = PASSWORD): Promise<VoiceClient> {
  const credentials = { organizationTag: 'demo', username, password };
  const { host, controlPort: port, certificateFingerprint: fingerprint } = server;
  return VoiceClient.connect({ host, port, fingerprint, credentials, clientName: 'test' });
}

async function scrape(): Promise<ReadonlyMap<string, Metric>> {
  const response = await fetch(server.metricsUrl, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(response.status).toBe(200);
  return readScrape(await response.text());
}

function numberOf(metrics: ReadonlyMap<string, Metric>, name: string, labels: Readonly<Record<string, string>> = {}) {
  const samples = metrics.get(name)?.samples ?? [];
  return samples.find((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))?.value;
}

describe('the port of the metrics', () => {
  it.each([
    ['no token', {}],
    ['another token', { authorization: 'Bearer a-token-for-Grafana-alone' }],
    ['the token in another scheme', { authorization: `Basic ${TOKEN}` }],
    ['only the beginning of the token', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
  ])('refuses %s, and says what it wants', async (_what, headers) => {
    const response = await fetch(server.metricsUrl, { headers });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
    expect(await response.text()).toBe('');
  });

  it('serves nothing else', async () => {
    const response = await fetch(new URL('/graphql', server.metricsUrl), {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(response.status).toBe(404);
  });
});

describe('the metrics of a server', () => {
  it('have names by the conventions of Prometheus, and a meaning each', async () => {
    for (const [name, { type, help }] of await scrape()) {
      expect(help).toMatch(/\S{2,}/);
      if (!name.startsWith('parley_')) continue;
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      // Base units, and the suffix that belongs to the type.
      expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|bits|percent|count|sum|bucket)(_|$)/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(type).toMatch(/^(counter|gauge|histogram)$/);
      if (type === 'histogram') expect(name).toMatch(/_(seconds|bytes)$/);
    }
  });

  it('tell of voice, logins and requests what has happened, for the server and for the organization', async () => {
    const [alice, bob] = [await enter('alice'), await enter('bob')];
    await expect(enter('alice', 'another password')).rejects.toThrow();
    const channelId = [...alice.channels.keys()][0] ?? 0;
    for (const client of [alice, bob]) await client.join(channelId);
    const talk = new SteadyTalk(alice, channelId);
    const own = { organization };
    const metrics = await eventually(async () => {
      const now = await scrape();
      return (numberOf(now, 'parley_organization_packets_sent_total', own) ?? 0) > 20 ? now : undefined;
    });
    const bobsToken = await tokenOf('demo', 'bob', PASSWORD);
    await ask(server.httpUrl, `{ organization(id: ${organization}) { bans { nodes { id } } } }`, {}, bobsToken);
    await fetch(`${server.httpUrl}/api/v1/orgs/999`, { headers: { authorization: `Bearer ${bobsToken}` } });
    await ask(server.httpUrl, '{ me { id } }', {}, bobsToken);
    talk.stop();

    expect(numberOf(metrics, 'parley_sessions', { door: 'voice' })).toBe(2);
    expect(numberOf(metrics, 'parley_connections', { door: 'voice' })).toBe(2);
    expect(numberOf(metrics, 'parley_organization_active_users', own)).toBe(2);
    expect(numberOf(metrics, 'parley_organization_channel_members', own)).toBe(2);
    expect(numberOf(metrics, 'parley_organization_occupied_channels', own)).toBe(1);
    expect(numberOf(metrics, 'parley_organization_received_bytes_total', own)).toBeGreaterThan(100);
    expect(numberOf(metrics, 'parley_logins_total', { door: 'voice', outcome: 'ok' })).toBe(2);
    expect(numberOf(metrics, 'parley_logins_total', { door: 'voice', outcome: 'wrong_password' })).toBe(1);
    expect(numberOf(metrics, 'parley_logins_total', { door: 'rest', outcome: 'ok' })).toBe(1);
    expect(numberOf(metrics, 'parley_dependency_up', { dependency: 'database' })).toBe(1);
    expect(numberOf(metrics, 'parley_relay_routing_latency_seconds', { quantile: '0.99' })).toBeGreaterThan(0);

    const after = await scrape();
    expect(numberOf(after, 'parley_organization_requests_total', { ...own, outcome: 'refused' })).toBe(2);
    expect(numberOf(after, 'parley_organization_requests_total', { ...own, outcome: 'answered' })).toBe(1);
    expect(numberOf(after, 'parley_request_errors_total', { door: 'rest', code: 'NOT_FOUND' })).toBe(1);
    expect(numberOf(after, 'parley_request_errors_total', { door: 'graphql', code: 'PERMISSION_DENIED' })).toBe(1);

    const query = `{ organization(id: ${organization}) { metrics {
      activeUsers occupiedChannels channelMembers packetsInPerS packetsOutPerS bytesInPerS bytesOutPerS windowS errorRate
      requests { answered refused unavailable failed } } } }`;
    const { data } = await ask(server.httpUrl, query, {}, adminToken);
    const shown = Object(data).organization.metrics;
    expect(shown).toMatchObject({ activeUsers: 2, occupiedChannels: 1, channelMembers: 2 });
    expect(shown.requests).toEqual({ answered: 1, refused: 2, unavailable: 0, failed: 0 });
    expect(shown.errorRate).toBeCloseTo(2 / 3);
    for (const rate of [
      shown.packetsInPerS,
      shown.packetsOutPerS,
      shown.bytesInPerS,
      shown.bytesOutPerS,
      shown.windowS,
    ]) {
      expect(rate).toBeGreaterThan(0);
    }
    for (const client of [alice, bob]) await client.close();
  });

  it('of an organization that is deleted are gone', async () => {
    const doomed = await api.createOrganization('Doomed', 'doomed');
    const role = await api.createSpeakerRole(doomed, 'speaker');
    await api.createUser(doomed, 'carol', PASSWORD, role);
    await ask(server.httpUrl, '{ me { id } }', {}, await tokenOf('doomed', 'carol', PASSWORD));
    const isShown = async () =>
      numberOf(await scrape(), 'parley_organization_requests_total', { organization: doomed }) !== undefined;
    await eventually(isShown);
    const mutation = 'mutation ($id: ID!) { deleteOrganization(input: { id: $id }) { deletedId errors { code } } }';
    await ask(server.httpUrl, mutation, { id: doomed }, adminToken);
    await eventually(async () => !(await isShown()));
  });
});

interface Watched {
  readonly where: string;
  readonly expression: string;
}

/** What Grafana puts in place of its variables. */
function withoutVariables(expression: string): string {
  return expression.replaceAll('$__rate_interval', '5m').replaceAll(/\$(instance|organization)\b/g, '.*');
}

function watchedByDashboard(): readonly Watched[] {
  const { panels } = JSON.parse(readFileSync('config/grafana/parley.json', 'utf8'));
  return panels.flatMap(({ title, targets = [] }: { title: string; targets?: readonly { expr: string }[] }) =>
    targets.map(({ expr }) => ({ where: `the panel ${title}`, expression: withoutVariables(expr) })),
  );
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<'summary' | 'description', string>>;
}

function alertRules(): readonly Rule[] {
  const { groups } = parse(readFileSync('config/prometheus/alerts.yml', 'utf8'));
  return groups.flatMap(({ rules }: { rules: readonly Rule[] }) => rules);
}

const watched: readonly Watched[] = [
  ...watchedByDashboard(),
  ...alertRules().map(({ alert, expr }) => ({ where: `the alert ${alert}`, expression: expr })),
];

describe('a query', () => {
  it('is read as Prometheus reads it', () => {
    expect(readQuery('sum by (door, le) (rate(a_bucket{b="c", d=~"e"}[5m])) / ignoring (f) g > 1')).toEqual({
      selectors: [
        { metric: 'a_bucket', labels: ['b', 'd'] },
        { metric: 'g', labels: [] },
      ],
      groupings: ['door', 'le', 'f'],
    });
    expect(() => readQuery('sum by (door (a)')).toThrow(SyntaxError);
    expect(() => readQuery('rate(a[5m])) > 0')).toThrow(SyntaxError);
  });
});

describe('the dashboard and the alerts', () => {
  let metrics: ReadonlyMap<string, Metric>;
  beforeAll(async () => {
    metrics = await scrape();
  });

  it('are many', () => {
    expect(watched.length).toBeGreaterThan(50);
  });

  it.each(watched)('name nothing that is not there: $where, $expression', ({ expression }) => {
    const { selectors, groupings } = readQuery(expression);
    const known = new Set(LABELS_OF_PROMETHEUS);
    for (const { metric, labels } of selectors) {
      if (METRICS_OF_PROMETHEUS.includes(metric)) continue;
      const base = metrics.has(metric) ? metric : metric.replace(/_(bucket|sum|count)$/, '');
      expect([...metrics.keys()]).toContain(base);
      const samples = (metrics.get(base)?.samples ?? []).filter(({ name }) => name === metric);
      const own = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
      for (const label of own) known.add(label);
      const wanted = labels.filter((label) => !LABELS_OF_PROMETHEUS.includes(label));
      expect(wanted.filter((label) => !own.has(label))).toEqual([]);
    }
    expect(groupings.filter((label) => !known.has(label))).toEqual([]);
  });

  it.each(alertRules())('$alert says how bad it is and what to do', ({ alert, labels, annotations }) => {
    expect(labels.severity).toMatch(/^(critical|warning)$/);
    expect(annotations.summary).toMatch(/\S/);
    expect(annotations.description).toContain(`docs/MONITORING.md#${alert.toLowerCase()}.`);
    expect(readFileSync('docs/MONITORING.md', 'utf8')).toContain(`\n### ${alert}\n`);
  });
});
