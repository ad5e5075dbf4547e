import { Agent, request } from 'node:http';

const JSON_TYPE = { 'content-type': 'application/json' };
const LIST_PAGE = 100;
const SESSIONS = `query ($id: ID!, $first: Int!, $after: String) { organization(id: $id) {
  sessions(first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }`;
const CHANNELS = `query ($id: ID!, $first: Int!) { organization(id: $id) { channels(first: $first) { nodes { id name occupancy } } } }`;

/** A channel as the API tells it. */
export interface ToldChannel {
  readonly id: number;
  readonly name: string;
  readonly occupancy: number;
}

interface Answer<Organization> {
  readonly data?: { readonly organization: Organization | null } | null;
  readonly errors?: readonly { readonly message: string }[];
}

interface SessionPage {
  readonly sessions: {
    readonly nodes: readonly { readonly id: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

interface SessionPageRequest {
  readonly id: string;
  readonly first: number;
  readonly after: string | null;
}

interface ChannelPage {
  readonly channels: {
    readonly nodes: readonly { readonly id: string; readonly name: string; readonly occupancy: number }[];
  };
}

/** The HTTP door as the benches use it: by `node:http` and not `fetch`, which costs the load more than the answer costs the server. */
export class BenchApi {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  /** `url` is that of the server, without a path. */
  constructor(url: string) {
    this.#url = url;
  }

  /** An access token. Throws what the server said where it gave none. */
  async login(organizationTag: string | null, username: string, password: string): Promise<string> {
    const credentials = { ...(organizationTag === null ? {} : { org_tag: organizationTag }), username, password };
    const text = await this.post('/api/v1/auth/token', undefined, credentials);
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && 'access_token' in answer) return String(answer.access_token);
    throw new Error(`no token: ${text}`);
  }

  /** The ids of all sessions that the API knows in the organization. */
  async sessionIds(token: string, organizationId: string): Promise<number[]> {
    const ids: number[] = [];
    for (let after: string | null = null; ; ) {
      const variables: SessionPageRequest = { id: organizationId, first: LIST_PAGE, after };
      const { sessions }: SessionPage = await this.#organization<SessionPage>(token, SESSIONS, variables);
      for (const { id } of sessions.nodes) ids.push(Number(id));
      if (!sessions.pageInfo.hasNextPage) return ids;
      after = sessions.pageInfo.endCursor;
    }
  }

  /** The channels of the organization, 100 at most. */
  async channels(token: string, organizationId: string): Promise<ToldChannel[]> {
    const variables = { id: organizationId, first: LIST_PAGE };
    const { channels } = await this.#organization<ChannelPage>(token, CHANNELS, variables);
    return channels.nodes.map(({ id, ...channel }) => ({ id: Number(id), ...channel }));
  }

  get(path: string, token?: string): Promise<string> {
    return this.#exchange('GET', path, token, undefined);
  }

  post(path: string, token: string | undefined, body: unknown): Promise<string> {
    return this.#exchange('POST', path, token, JSON.stringify(body));
  }

  close(): void {
    this.#agent.destroy();
  }

  async #organization<Organization>(token: string, query: string, variables: unknown): Promise<Organization> {
    const answer: Answer<Organization> = JSON.parse(await this.post('/graphql', token, { query, variables }));
    const organization = answer.data?.organization;
    if (organization) return organization;
    throw new Error(`not the organization: ${answer.errors?.map(({ message }) => message).join(' ')}`);
  }

  #exchange(method: string, path: string, token: string | undefined, body: string | undefined): Promise<string> {
    const headers = { ...JSON_TYPE, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#url}${path}`, { method, headers, agent: this.#agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
