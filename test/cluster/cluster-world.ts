/** Several servers as processes, with one PostgreSQL and one Redis, and an organization with users. */
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { freePort } from '../../scripts/free-port.js';
import { type Credentials } from '../../src/client/control-link.js';
import { VoiceClient, type VoiceClientOptions } from '../../src/client/voice-client.js';
import type { RedisLink } from '../../src/redis/redis-link.js';
import { LoginDocument, type TypedDocumentString } from '../graphql/generated/graphql.js';
import { eventually } from '../support/eventually.js';
import { TestDatabase } from '../support/test-database.js';
import { TestRedis } from '../support/test-redis.js';
import { type Answer, ask, present } from '../support/test-server.js';

export const PASSWORD = 'a password of somebody';
/** How long the start of several servers may take on a machine that does much else, in milliseconds. */
export const START_TIMEOUT_MS = 180_000;
const SECRET = 'a secret that the nodes of a test share';
const ADMIN = 'admin';

export interface ClusterWorldOptions {
  readonly nodes: number;
  /** Settings of all nodes, by the names of their variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** An organization, and where it is placed. */
export interface PlacedOrganization {
  readonly id: string;
  readonly tag: string;
  readonly channelId: number;
}

interface ChannelPage {
  readonly organization: {
    readonly channels: {
      readonly nodes: readonly { readonly name: string }[];
      readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
    };
  };
}

export class ClusterWorld {
  readonly redis: TestRedis;
  readonly nodes: DemoServer[] = [];
  readonly #database: TestDatabase;
  readonly #options: ClusterWorldOptions;
  readonly #clients: VoiceClient[] = [];
  readonly #linkPorts: number[] = [];
  #organizations = 0;
  #link: Promise<RedisLink> | undefined;
  #adminToken: Promise<string> | undefined;

  static async start(options: ClusterWorldOptions): Promise<ClusterWorld> {
    const world = new ClusterWorld(await TestRedis.start(), await TestDatabase.create(), options);
    try {
      for (let index = 0; index < options.nodes; index += 1) await world.addNode();
      await world.untilAcquainted();
      return world;
    } catch (error) {
      await world.stop();
      throw error;
    }
  }

  private constructor(redis: TestRedis, database: TestDatabase, options: ClusterWorldOptions) {
    this.redis = redis;
    this.#database = database;
    this.#options = options;
  }

  /** One more node. */
  addNode(): Promise<DemoServer> {
    return this.#start(this.nodes.length);
  }

  /** Starts a node anew that has ended, and waits until the others know it. */
  async restart(index: number): Promise<void> {
    await this.#start(index);
    await this.untilAcquainted();
  }

  async #start(index: number): Promise<DemoServer> {
    const { host, port, user, database } = this.#database.connection;
    const node = await DemoServer.start({
      environment: {
        PARLEY_DATABASE_URL: `postgresql://${user}@${encodeURIComponent(host)}:${port}/${database}`,
        PARLEY_DATABASE_MAX_CONNECTIONS: '5',
        PARLEY_REDIS_URL: this.redis.url,
        PARLEY_SECURITY_JWT_SECRET: SECRET,
        PARLEY_CLUSTER_NAME: `node ${index}`,
        PARLEY_CLUSTER_ADVERTISED_HOST: '127.0.0.1',
        PARLEY_CLUSTER_LINK_PORT: String(await this.#linkPortOf(index)),
        PARLEY_LOG_FORMAT: 'json',
        ...this.#options.environment,
      },
    });
    this.nodes[index] = node;
    return node;
  }

  /** Resolves when all nodes know each other as open. */
  async untilAcquainted(): Promise<void> {
    const keys = await this.keys();
    await eventually(async () => (await keys.keys('parley:node:*')).length === this.nodes.length);
    // Each looks once a second.
    await eventually(async () => (await keys.keys('parley:draining:*')).length === 0);
    await new Promise((resolve) => setTimeout(resolve, 1100));
  }

  /** The same after a restart. */
  async #linkPortOf(index: number): Promise<number> {
    this.#linkPorts[index] ??= await freePort();
    return this.#linkPorts[index];
  }

  node(index: number): DemoServer {
    return present(this.nodes[index]);
  }

  /** An organization with these users, who may join, speak and whisper, and its first channel. */
  async organization(...usernames: readonly string[]): Promise<PlacedOrganization> {
    this.#organizations += 1;
    const tag = `org${this.#organizations}`;
    const api = new DemoApi(this.node(0).httpUrl);
    await api.login(ADMIN, this.node(0).adminPassword);
    const id = await api.createOrganization(tag, tag);
    const role = await api.createSpeakerRole(id, 'speaker', ['WHISPER']);
    for (const name of usernames) await api.createUser(id, name, PASSWORD, role);
    const { data } = await ask<{ organization: { channels: { nodes: { id: string }[] } } }, object>(
      this.node(0).httpUrl,
      `{ organization(id: "${id}") { channels(first: 1) { nodes { id } } } }`,
      {},
      await this.adminToken(),
    );
    return { id, tag, channelId: Number(present(data?.organization.channels.nodes[0]).id) };
  }

  async channelNames({ id }: PlacedOrganization): Promise<readonly string[]> {
    const names: string[] = [];
    for (let after = 'null'; ; ) {
      const { data } = await this.ask<ChannelPage, object>(
        0,
        `{ organization(id: "${id}") { channels(first: 100, after: ${after}) { nodes { name } pageInfo { endCursor hasNextPage } } } }`,
        {},
        await this.adminToken(),
      );
      const { nodes, pageInfo } = present(data?.organization.channels);
      names.push(...nodes.map(({ name }) => name));
      if (!pageInfo.hasNextPage) return names;
      after = JSON.stringify(pageInfo.endCursor);
    }
  }

  async token(organizationTag: string | null, username: string, password = PASSWORD): Promise<string> {
    const { data } = await ask(this.node(0).httpUrl, LoginDocument, { input: { organizationTag, username, password } });
    return present(data?.login?.accessToken);
  }

  /** The token of one login of the first administrator. */
  adminToken(): Promise<string> {
    this.#adminToken ??= this.token(null, ADMIN, this.node(0).adminPassword);
    return this.#adminToken;
  }

  ask<Data, Variables>(
    index: number,
    document: TypedDocumentString<Data, Variables> | string,
    variables: Variables,
    token: string,
  ): Promise<Answer<Data>> {
    return ask(this.node(index).httpUrl, document, variables, token);
  }

  /** A client of a user, who knocks at this node. */
  async enter(
    index: number,
    { tag }: PlacedOrganization,
    username: string,
    options: Partial<VoiceClientOptions> = {},
  ): Promise<VoiceClient> {
    const credentials: Credentials = { organizationTag: tag, username, password: PASSWORD };
    const { host, controlPort: port, certificateFingerprint: fingerprint } = this.node(index);
    const client = await VoiceClient.connect({ host, port, fingerprint, credentials, clientName: 'test', ...options });
    this.#clients.push(client);
    return client;
  }

  /** The index of the node that serves the client. */
  async homeOf(client: VoiceClient): Promise<number> {
    return this.#indexOf(await this.sessionNode(client.identity.userId));
  }

  /** The id of the node that has the session of a user. */
  async sessionNode(userId: number): Promise<string> {
    return eventually(async () =>
      (await this.keys()).hget(`session:${userId}`, 'node').then((node) => node ?? undefined),
    );
  }

  /** The index of the node at which an organization is placed. */
  async placeOf({ id }: PlacedOrganization): Promise<number> {
    return this.#indexOf(present(await (await this.keys()).hget(`parley:placement:${id}`, 'node')));
  }

  /** What other tools see in Redis. */
  async keys(): Promise<RedisLink['commands']> {
    this.#link ??= this.redis.link();
    return (await this.#link).commands;
  }

  async #indexOf(node: string): Promise<number> {
    const told = await (await this.keys()).get(`parley:node:${node}`);
    return Number(String(Object(JSON.parse(told ?? '{}')).name).replace('node ', ''));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.redis.stop();
    await this.#database.drop();
  }
}
