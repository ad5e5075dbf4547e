/** Every key of the configuration: its bounds and its default. What each means is told in `config/server.yaml`. */
import { z } from 'zod';
import { parseNetworks } from '../proxy-protocol/proxied-sockets.js';

const SHARE = 'must be a number from 0 to 1';

const server = z.strictObject({
  bind_address: text().default('0.0.0.0'),
  control_port: port().default(9000),
  voice_port: port().default(9001),
  max_connections: wholeNumber(1, 100_000).default(1000),
  http_bind_address: text().default('127.0.0.1'),
  http_port: port().default(8080),
  max_subscribers: wholeNumber(1, 100_000).default(2000),
  http_tls: flag().default(false),
  proxy_protocol_from: networks().nullable().default(null),
  handshake_timeout_ms: wholeNumber(100, 120_000).default(10_000),
  idle_timeout_ms: wholeNumber(10_000, 3_600_000).default(30_000),
  resume_timeout_ms: wholeNumber(0, 600_000).default(30_000),
});

const database = z.strictObject({
  url: postgresUrl().nullable().default(null),
  max_connections: wholeNumber(1, 1000).default(20),
});

const redis = z.strictObject({
  url: redisUrl().nullable().default(null),
});

const cluster = z.strictObject({
  name: text().nullable().default(null),
  secret: text().nullable().default(null),
  advertised_host: text().nullable().default(null),
  advertised_control_port: port().nullable().default(null),
  api_url: webUrl().nullable().default(null),
  link_bind_address: text().nullable().default(null),
  link_port: port().default(9200),
  link_host: text().nullable().default(null),
  drain_timeout_ms: wholeNumber(0, 600_000).default(15_000),
});

const security = z.strictObject({
  tls_cert: text().nullable().default(null),
  tls_key: text().nullable().default(null),
  jwt_secret: text().nullable().default(null),
  access_token_ttl_s: wholeNumber(30, 86_400).default(900),
  refresh_token_ttl_s: wholeNumber(60, 31_536_000).default(2_592_000),
});

const audio = z.strictObject({
  max_bitrate: wholeNumber(6000, 512_000).default(128_000),
  default_bitrate: wholeNumber(6000, 512_000).default(32_000),
});

const limits = z.strictObject({
  max_channels_per_org: wholeNumber(1, 100_000).default(100),
  max_users_per_org: wholeNumber(1, 100_000).default(1000),
  max_users_per_channel: wholeNumber(1, 100_000).default(50),
  max_joined_channels: wholeNumber(1, 100).default(16),
  // No less than one document may cost.
  graphql_cost_per_minute: wholeNumber(10_000, 1_000_000_000).default(600_000),
});

const voice = z.strictObject({
  backend: oneOf('auto', 'dgram', 'native').default('auto'),
  workers: wholeNumber(1, 64).default(1),
});

const mumble = z.strictObject({
  enabled: flag().default(true),
  port: port().default(64_738),
  host_pattern: hostPattern().nullable().default(null),
  default_organization: text().nullable().default(null),
  certificates: flag().default(true),
  answer_pings: flag().default(true),
});

const audit = z.strictObject({
  retention_days: wholeNumber(1, 36_500).default(365),
});

const log = z.strictObject({
  level: oneOf('error', 'warn', 'info', 'debug', 'trace').default('info'),
  format: oneOf('auto', 'json', 'pretty').default('auto'),
});

const metrics = z.strictObject({
  bind_address: text().default('127.0.0.1'),
  port: wholeNumber(0, 65_535).default(9102),
  invariants_interval_s: wholeNumber(1, 3600).default(60),
  token: text().nullable().default(null),
  max_organizations: wholeNumber(0, 10_000).default(50),
});

const tracing = z.strictObject({
  otlp_url: httpUrl().nullable().default(null),
  sample_ratio: z.number({ error: SHARE }).min(0, { error: SHARE }).max(1, { error: SHARE }).default(1),
});

export const configSchema = z
  .strictObject({
    environment: oneOf('development', 'production').default('development'),
    data_dir: text().default('./data'),
    server: server.readonly().prefault({}),
    database: database.readonly().prefault({}),
    redis: redis.readonly().prefault({}),
    cluster: cluster.readonly().prefault({}),
    security: security.readonly().prefault({}),
    audio: audio.readonly().prefault({}),
    voice: voice.readonly().prefault({}),
    mumble: mumble.readonly().prefault({}),
    limits: limits.readonly().prefault({}),
    audit: audit.readonly().prefault({}),
    log: log.readonly().prefault({}),
    metrics: metrics.readonly().prefault({}),
    tracing: tracing.readonly().prefault({}),
  })
  .readonly();

/** The configuration, checked and frozen, with the keys of `config/server.yaml`. Paths are absolute. */
export type Config = z.infer<typeof configSchema>;

/** Keys that may come from a file of their own (`PARLEY_SECURITY_JWT_SECRET_FILE`), and whose values are never printed. */
export const SECRET_KEYS: readonly string[] = [
  'security.jwt_secret',
  'cluster.secret',
  'database.url',
  'redis.url',
  'metrics.token',
];

type KeyKind = 'number' | 'boolean' | 'text';

/** A key by its path (`server.control_port`), and what its value is. */
export interface ConfigKey {
  readonly path: readonly string[];
  readonly kind: KeyKind;
}

/** All keys, in the order of the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = keysOf(configSchema, []);

function keysOf(schema: z.core.$ZodType, path: readonly string[]): readonly ConfigKey[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape).flatMap(([name, part]) => keysOf(part, [...path, name]));
  }
  return [{ path, kind: inner instanceof z.ZodNumber ? 'number' : inner instanceof z.ZodBoolean ? 'boolean' : 'text' }];
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapper =
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly;
  return isWrapper ? unwrapped(schema.unwrap()) : schema;
}

function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

function flag() {
  return z.boolean({ error: 'must be true or false' });
}

function port() {
  return wholeNumber(1, 65_535);
}

function text() {
  const error = 'must be a text that is not empty';
  return z.string({ error }).min(1, { error });
}

function hostPattern() {
  const error = 'must be a host name with TAG in one place, like TAG.voice.example';
  return z.string({ error }).regex(/^[a-z0-9.-]*TAG[a-z0-9.-]*$/, { error });
}

function networks() {
  const error = 'must be addresses or networks parted by commas, like 10.0.0.5, 192.0.2.0/24';
  return z.string({ error }).refine((value) => parseNetworks(value) !== undefined, { error });
}

function oneOf<const Names extends readonly [string, ...string[]]>(...names: Names) {
  return z.enum(names, { error: `must be one of ${names.join(', ')}` });
}

function httpUrl() {
  const error = 'must be an URL like http://host:4318/v1/traces';
  return z
    .string({ error })
    .refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), { error });
}

function postgresUrl() {
  const error = 'must be an URL like postgresql://user:password@host:5432/name';
  return z.string({ error }).refine(isPostgresUrl, { error });
}

function redisUrl() {
  const error = 'must be an URL like redis://user:password@host:6379/0, or rediss:// for TLS';
  return z.string({ error }).refine(isRedisUrl, { error });
}

function webUrl() {
  const error = 'must be an URL like https://node1.voice.example:8080';
  return z
    .string({ error })
    .refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), { error });
}

function isRedisUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, pathname } = new URL(value);
  return /^rediss?:$/.test(protocol) && hostname !== '' && /^(\/[0-9]*)?$/.test(pathname);
}

function isPostgresUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, pathname } = new URL(value);
  return /^postgres(ql)?:$/.test(protocol) && hostname !== '' && pathname.length > 1;
}
