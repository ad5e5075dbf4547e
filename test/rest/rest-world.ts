import { createServer, type Server } from 'node:http';
import { pino } from 'pino';
import { ensureFirstAdministrator } from '../../src/auth/first-administrator.js';
import { CostBudget } from '../../src/graphql/cost-budget.js';
import { type GraphqlServer, startGraphqlServer } from '../../src/graphql/graphql-server.js';
import { createHttpApp } from '../../src/graphql/http-door.js';
import { createSchema } from '../../src/graphql/schema.js';
import type { OrganizationFigures } from '../../src/metrics/organization-figures.js';
import type { OccupancyService } from '../../src/occupancy/occupancy.service.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { createRestRouter, REST_PATH } from '../../src/rest/rest-door.js';
import type { SessionService } from '../../src/sessions/session.service.js';
import { User } from '../../src/users/user.entity.js';
import { listen, present } from '../support/test-server.js';
import { PASSWORD, TestServices } from '../support/test-services.js';
import { voiceServices } from '../support/voice-services.js';
import { Contract, type OpenApiDocument } from './contract.js';
import { RestClient } from './rest-client.js';

/** An organization with one of each who may ask. */
export interface Tenant {
  readonly organization: Organization;
  readonly ownerUser: User;
  readonly adminUser: User;
  readonly memberUser: User;
  readonly owner: RestClient;
  readonly admin: RestClient;
  readonly member: RestClient;
}

interface Parts {
  readonly services: TestServices;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  readonly http: Server;
  readonly graphql: GraphqlServer;
  readonly figures: OrganizationFigures;
  readonly url: string;
  readonly document: OpenApiDocument;
  readonly platformAdminUser: User;
  readonly platformAdminToken: string;
}

/** Both HTTP doors on a port of their own, over all services. */
export class RestWorld {
  readonly services: TestServices;
  readonly sessions: SessionService;
  readonly occupancy: OccupancyService;
  /** Of the server, without a path. */
  readonly url: string;
  readonly document: OpenApiDocument;
  readonly anonymous: RestClient;
  readonly platformAdmin: RestClient;
  readonly platformAdminUser: User;
  readonly #http: Server;
  readonly #graphql: GraphqlServer;
  readonly #figures: OrganizationFigures;
  #tenants = 0;

  static async create(): Promise<RestWorld> {
    const services = await TestServices.create();
    const { auth } = services;
    const voice = voiceServices(services);
    const all = { ...services, ...voice };
    const logger = pino({ level: 'silent' });
    const schema = await createSchema(all);
    const budget = new CostBudget({ costPerMinute: 1_000_000, now: () => 0 });
    const graphql = await startGraphqlServer({ schema, environment: 'development', logger, budget });
    const authenticate = (token: string, remoteAddress: string | null) => auth.authenticate(token, remoteAddress);
    const context = { authenticate, sources: all, logger };
    const mounts = [{ path: REST_PATH, handler: createRestRouter(all, logger), door: 'rest' as const }];
    const http = createServer(
      createHttpApp({ graphql, context, mounts, requests: voice.requests, tls: false, logger }),
    );
    const url = await listen(http);
    const document: OpenApiDocument = JSON.parse(await (await fetch(`${url}${REST_PATH}/openapi.json`)).text());
    await ensureFirstAdministrator(services.test.database, services.hasher, PASSWORD);
    const platformAdminUser = await services.test.database.read(services.system, (em) =>
      em.findOneOrFail(User, { organizationId: null }),
    );
    const { accessToken: platformAdminToken } = await auth.loginAs(services.system, platformAdminUser);
    const admin = { platformAdminUser, platformAdminToken };
    return new RestWorld({ services, ...voice, http, graphql, url, document, ...admin });
  }

  private constructor(parts: Parts) {
    this.services = parts.services;
    this.sessions = parts.sessions;
    this.occupancy = parts.occupancy;
    this.url = parts.url;
    this.document = parts.document;
    this.anonymous = new RestClient(parts.url + REST_PATH, new Contract(parts.document));
    this.platformAdmin = this.anonymous.with(parts.platformAdminToken);
    this.platformAdminUser = parts.platformAdminUser;
    this.#http = parts.http;
    this.#graphql = parts.graphql;
    this.#figures = parts.figures;
  }

  /** A token of the user. */
  async tokenOf(user: User): Promise<string> {
    return (await this.services.auth.loginAs(this.services.system, user)).accessToken;
  }

  /** Requests of the user. */
  async as(user: User): Promise<RestClient> {
    return this.anonymous.with(await this.tokenOf(user));
  }

  /** A new organization. */
  async tenant(): Promise<Tenant> {
    const { services } = this;
    this.#tenants += 1;
    const made = await services.organization(`tenant${this.#tenants}`);
    const { items } = await services.roles.list(services.system, made.id, { first: 100, after: null });
    const adminRole = present(items.find(({ name }) => name === 'admin'));
    const [ownerUser, adminUser, memberUser] = await Promise.all([
      services.user(made, 'owner'),
      services.user(made, 'admin', { roleIds: [adminRole.id] }),
      services.user(made, 'member'),
    ]);
    const organization = await services.organizations.update(services.system, made.id, { ownerId: ownerUser.id });
    const [owner, admin, member] = await Promise.all([this.as(ownerUser), this.as(adminUser), this.as(memberUser)]);
    return { organization, ownerUser, adminUser, memberUser, owner, admin, member };
  }

  async end(): Promise<void> {
    this.#http.closeAllConnections();
    this.#http.close();
    await this.#graphql.stop();
    this.#figures.close();
    await this.services.drop();
  }
}
