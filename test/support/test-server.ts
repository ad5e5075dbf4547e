/** The HTTP door on a port of its own, over a database of the test's own, with a platform admin who has logged in. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { pino } from 'pino';
import { auditRoutes, EXPORT_PATH } from '../../src/audit/audit.routes.js';
import { ensureFirstAdministrator } from '../../src/auth/first-administrator.js';
import { IdentityWatch } from '../../src/auth/identity-watch.js';
import { CostBudget } from '../../src/graphql/cost-budget.js';
import { type GraphqlServer, startGraphqlServer } from '../../src/graphql/graphql-server.js';
import { createHttpApp } from '../../src/graphql/http-door.js';
import { createSchema } from '../../src/graphql/schema.js';
import { SubscriptionDoor } from '../../src/graphql/subscription-door.js';
import { LiveService } from '../../src/live/live.service.js';
import type { OrganizationFigures, TrafficSource } from '../../src/metrics/organization-figures.js';
import type { OccupancyService } from '../../src/occupancy/occupancy.service.js';
import { createRestRouter, REST_PATH } from '../../src/rest/rest-door.js';
import type { ModerationService } from '../../src/sessions/moderation.service.js';
import type { SessionService } from '../../src/sessions/session.service.js';
import type { VoiceQualitySource } from '../../src/sessions/voice-quality.js';
import {
  CreateOrganizationDocument,
  CreateUserDocument,
  LoginDocument,
  OrganizationTreeDocument,
  type TypedDocumentString,
} from '../graphql/generated/graphql.js';
import { PASSWORD, TestServices } from './test-services.js';
import { type VoiceServices, voiceServices } from './voice-services.js';

/** What GraphQL says of an error beside the payload. */
export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>> & { readonly code: string };
}

/** What comes back for an operation. */
export interface Answer<Data> {
  readonly status: number;
  readonly data: Data | null | undefined;
  readonly errors: readonly AnswerError[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** An organization with an owner and a plain member, each with the token of a login. */
export interface BuiltOrganization {
  readonly id: string;
  readonly tag: string;
  readonly ownerId: string;
  readonly ownerToken: string;
  readonly memberId: string;
  readonly memberToken: string;
  readonly adminRoleId: string;
  readonly memberRoleId: string;
  readonly lobbyId: string;
}

export interface TestServerOptions {
  /** What each actor may spend; left out, more than any test does. */
  readonly budget?: CostBudget;
  /** Who knows how voice goes; left out, nobody. */
  readonly voiceQuality?: VoiceQualitySource;
  /** Who counts voice by organization; left out, nobody. */
  readonly traffic?: TrafficSource;
  /** Connections of subscribers at a time. */
  readonly maxConnections?: number;
}

interface TestServerParts {
  readonly url: string;
  readonly services: TestServices;
  readonly voice: VoiceServices;
  readonly adminToken: string;
  readonly http: Server;
  readonly graphql: GraphqlServer;
  readonly live: LiveService;
  readonly subscriptions: SubscriptionDoor;
  readonly identities: IdentityWatch;
}

const NO_LIMIT = new CostBudget({ costPerMinute: 1_000_000_000, now: () => 0 });

export class TestServer {
  readonly url: string;
  readonly services: TestServices;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  readonly moderation: ModerationService;
  readonly figures: OrganizationFigures;
  /** The platform admin's. */
  readonly adminToken: string;
  readonly live: LiveService;
  readonly subscriptions: SubscriptionDoor;
  readonly #identities: IdentityWatch;
  readonly #http: Server;
  readonly #graphql: GraphqlServer;
  #organizations = 0;

  static async start({
    budget = NO_LIMIT,
    maxConnections = 2000,
    voiceQuality,
    traffic,
  }: TestServerOptions = {}): Promise<TestServer> {
    const services = await TestServices.create();
    const { test, auth, hasher } = services;
    await ensureFirstAdministrator(test.database, hasher, PASSWORD);
    const voice = voiceServices(services, voiceQuality, traffic);
    const logger = pino({ level: 'silent' });
    const all = { ...servicesOf(services), ...voice };
    const schema = await createSchema(all);
    const graphql = await startGraphqlServer({ schema, environment: 'development', logger, budget });
    const context = {
      authenticate: (token: string, remoteAddress: string | null) => auth.authenticate(token, remoteAddress),
      sources: all,
      logger,
    };
    const { authenticate } = context;
    const mounts = [
      { path: REST_PATH, handler: createRestRouter(all, logger), door: 'rest' as const },
      {
        path: EXPORT_PATH,
        handler: auditRoutes({ audit: services.audit, authenticate, logger }),
        door: 'rest' as const,
      },
    ];
    const http = createServer(
      createHttpApp({ graphql, context, mounts, requests: voice.requests, tls: false, logger }),
    );
    const identities = new IdentityWatch(auth, logger);
    const { permissions, channels } = services;
    const nowMs = () => performance.now();
    const live = new LiveService({
      permissions,
      channels,
      sessions: voice.sessions,
      identities,
      events: test.events,
      logger,
      nowMs,
    });
    const subscriptions = new SubscriptionDoor({
      schema,
      live,
      identities,
      sources: all,
      budget,
      maxConnections,
      logger,
    });
    http.on('upgrade', subscriptions.onUpgrade);
    const url = await listen(http);
    const admin = await execute(url, LoginDocument, { input: { username: 'admin', password: PASSWORD } });
    const adminToken = admin.login?.accessToken ?? '';
    return new TestServer({ url, services, voice, adminToken, http, graphql, live, subscriptions, identities });
  }

  private constructor({ voice, ...parts }: TestServerParts) {
    this.url = parts.url;
    this.services = parts.services;
    this.sessions = voice.sessions;
    this.occupancy = voice.occupancy;
    this.moderation = voice.moderation;
    this.figures = voice.figures;
    this.adminToken = parts.adminToken;
    this.live = parts.live;
    this.subscriptions = parts.subscriptions;
    this.#identities = parts.identities;
    this.#http = parts.http;
    this.#graphql = parts.graphql;
  }

  /** Executes an operation and returns its data. Throws where the answer has `errors`. */
  execute<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    token?: string,
  ): Promise<Data> {
    return execute(this.url, document, variables, token);
  }

  /** Executes an operation and returns all that comes back. */
  ask<Data, Variables>(
    document: TypedDocumentString<Data, Variables> | string,
    variables: Variables,
    token?: string,
  ): Promise<Answer<Data>> {
    return ask(this.url, document, variables, token);
  }

  /** A token for a user of an organization, or of the platform where the tag is null. */
  async login(organizationTag: string | null, username: string, password = PASSWORD): Promise<string> {
    const { login } = await this.execute(LoginDocument, { input: { organizationTag, username, password } });
    return present(login?.accessToken);
  }

  /** Makes an organization with an owner `olga` and a member `mike`, through the API. */
  async buildOrganization(): Promise<BuiltOrganization> {
    this.#organizations += 1;
    const tag = `org${this.#organizations}`;
    const input = { name: `Organization ${this.#organizations}`, tag, owner: { username: 'olga', password: PASSWORD } };
    const { createOrganization } = await this.execute(CreateOrganizationDocument, { input }, this.adminToken);
    const { id, owner } = present(createOrganization?.organization);
    const member = { organizationId: id, username: 'mike', password: PASSWORD };
    const { createUser } = await this.execute(CreateUserDocument, { input: member }, this.adminToken);
    const { organization } = await this.execute(OrganizationTreeDocument, { id }, this.adminToken);
    const { roles, channels } = present(organization);
    return {
      id,
      tag,
      ownerId: present(owner).id,
      ownerToken: await this.login(tag, 'olga'),
      memberId: present(createUser?.user).id,
      memberToken: await this.login(tag, 'mike'),
      adminRoleId: present(roles.nodes.find(({ name }) => name === 'admin')).id,
      memberRoleId: present(roles.nodes.find(({ name }) => name === 'member')).id,
      lobbyId: present(channels.nodes[0]).id,
    };
  }

  async stop(): Promise<void> {
    await this.subscriptions.close();
    this.live.close();
    this.#identities.stop();
    this.figures.close();
    this.#http.closeAllConnections();
    this.#http.close();
    await this.#graphql.stop();
    await this.services.drop();
  }
}

/** Starts listening on a free port of loopback and returns the URL. */
export async function listen(http: Server): Promise<string> {
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return `http://127.0.0.1:${address.port}`;
}

/** Sends an operation to a server and returns all that comes back. */
export async function ask<Data, Variables>(
  url: string,
  document: TypedDocumentString<Data, Variables> | string,
  variables: Variables,
  token?: string,
): Promise<Answer<Data>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const { data, errors = [], extensions = {} }: Partial<Answer<Data>> = JSON.parse(await response.text());
  return { status: response.status, data, errors, extensions };
}

/** What came back, but for what is left of the caller's budget: it differs from one request to the next. */
export function withoutBudget<Data>(answer: Answer<Data>): Answer<Data> {
  const { cost, ...extensions } = answer.extensions;
  const { remaining: _remaining, resetAfterMs: _resetAfterMs, ...told } = Object(cost);
  return { ...answer, extensions: cost === undefined ? extensions : { ...extensions, cost: told } };
}

/** The value, which a test knows to be there. */
export function present<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('a value is missing');
  return value;
}

async function execute<Data, Variables>(
  url: string,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  token?: string,
): Promise<Data> {
  const { data, errors } = await ask(url, document, variables, token);
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return present(data);
}

function servicesOf(services: TestServices) {
  const { auth, organizations, users, roles, channels, acl, audit, bans, invitations, apiKeys, certificates, insight } =
    services;
  return { auth, organizations, users, roles, channels, acl, audit, bans, invitations, apiKeys, certificates, insight };
}
