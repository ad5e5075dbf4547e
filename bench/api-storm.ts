import type { DemoServer } from '../scripts/demo-server.js';
import { BenchApi } from './bench-api.js';
import { TOWN_PASSWORD, TOWN_TAG, type Town } from './bench-town.js';

const LOGINS_AT_ONCE = 4;
const TREES_AT_ONCE = 8;
const CHANGES_AT_ONCE = 2;
const TREE = `query ($id: ID!) { organization(id: $id) { name channels(first: 100) { nodes {
  id name occupancy parent { id } acl(first: 5) { nodes { role { name } permissions } } } } } }`;
const CHANGE = `mutation ($input: UpdateChannelInput!) { updateChannel(input: $input) { channel { id } errors { message } } }`;

/** How often the API answered, and how often it refused because it is asked too much. */
export interface StormCounts {
  logins: number;
  trees: number;
  changes: number;
  refused: number;
}

/**
 * Asks the API without a pause, many times at once, for so long: logins by password, the tree with its ACL, and changes
 * of which everybody is told. Returns the answers per second. Throws what is answered other than that, or a refusal.
 */
export async function stormApi(server: DemoServer, town: Town, durationMs: number): Promise<StormCounts> {
  const storm = new Storm(new BenchApi(server.httpUrl), town, performance.now() + durationMs);
  const { logins, trees, changes, refused } = await storm.run();
  const perSecond = (count: number) => (1000 * count) / durationMs;
  return {
    logins: perSecond(logins),
    trees: perSecond(trees),
    changes: perSecond(changes),
    refused: perSecond(refused),
  };
}

class Storm {
  readonly #api: BenchApi;
  readonly #town: Town;
  readonly #endsAtMs: number;
  readonly #counts: StormCounts = { logins: 0, trees: 0, changes: 0, refused: 0 };
  #next = 0;

  constructor(api: BenchApi, town: Town, endsAtMs: number) {
    this.#api = api;
    this.#town = town;
    this.#endsAtMs = endsAtMs;
  }

  async run(): Promise<StormCounts> {
    const many = (count: number, ask: () => Promise<keyof StormCounts>) =>
      Array.from({ length: count }, () => this.#repeat(ask));
    try {
      await Promise.all([
        ...many(LOGINS_AT_ONCE, () => this.#login()),
        ...many(TREES_AT_ONCE, () => this.#readTree()),
        ...many(CHANGES_AT_ONCE, () => this.#change()),
      ]);
    } finally {
      this.#api.close();
    }
    return this.#counts;
  }

  async #repeat(ask: () => Promise<keyof StormCounts>): Promise<void> {
    while (performance.now() < this.#endsAtMs) this.#counts[await ask()] += 1;
  }

  async #login(): Promise<keyof StormCounts> {
    const credentials = { org_tag: TOWN_TAG, username: `user ${this.#nextUser()}`, password: TOWN_PASSWORD };
    return kindOf(await this.#api.post('/api/v1/auth/token', undefined, credentials), '"access_token"', 'logins');
  }

  async #readTree(): Promise<keyof StormCounts> {
    const token = this.#town.tokens[this.#nextUser()];
    const variables = { id: this.#town.organizationId };
    return kindOf(await this.#api.post('/graphql', token, { query: TREE, variables }), '"nodes"', 'trees');
  }

  async #change(): Promise<keyof StormCounts> {
    const { channelIds, adminToken } = this.#town;
    const description = `Changed ${this.#nextUser()} at ${performance.now()}`;
    const input = { id: String(channelIds[this.#next % channelIds.length]), description };
    const answer = await this.#api.post('/graphql', adminToken, { query: CHANGE, variables: { input } });
    return kindOf(answer, '"updateChannel":{"channel":{', 'changes');
  }

  #nextUser(): number {
    this.#next = (this.#next + 1) % this.#town.tokens.length;
    return this.#next;
  }
}

/** Throws for an answer that is neither what was asked for nor the refusal of too much. */
function kindOf(answer: string, expected: string, kind: keyof StormCounts): keyof StormCounts {
  if (answer.includes(expected)) return kind;
  if (answer.includes('RATE_LIMITED')) return 'refused';
  throw new Error(`not what was asked for: ${answer.slice(0, 300)}`);
}
