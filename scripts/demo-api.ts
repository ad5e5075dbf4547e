/** What a mutation answers beside its object: the refusals that a person can mend. */
interface Payload {
  readonly errors: readonly { readonly code: string; readonly message: string }[];
}

interface GraphqlAnswer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { readonly message: string }[];
}

type Input = Readonly<Record<string, unknown>>;

/** An administrator's way through the API: the README's steps, over HTTP. Each call throws with the server's words when it is refused. */
export class DemoApi {
  readonly #url: string;
  #accessToken: string | undefined;

  /** `url` is that of the server, without a path. */
  constructor(url: string) {
    this.#url = `${url}/graphql`;
  }

  /** Logs in as the platform's first administrator: the calls after it are made as this user. */
  async login(username: string, password: string): Promise<void> {
    const { accessToken } = await this.#mutate<{ accessToken: string }>('login', 'LoginInput', 'accessToken', {
      username,
      password,
    });
    this.#accessToken = accessToken;
  }

  /** Creates an organization, with room for others than usual where that is said, and returns its id. */
  async createOrganization(
    name: string,
    tag: string,
    room: { readonly maxUsers?: number; readonly maxChannels?: number } = {},
  ): Promise<string> {
    type Created = { organization: { id: string } };
    const input = { name, tag, ...room };
    const created = await this.#mutate<Created>(
      'createOrganization',
      'CreateOrganizationInput',
      'organization { id }',
      input,
    );
    return created.organization.id;
  }

  /** Creates a role that may join and speak, and what else is said, and returns its id. */
  async createSpeakerRole(organizationId: string, name: string, also: readonly string[] = []): Promise<string> {
    const input = { organizationId, name, permissions: ['JOIN', 'SPEAK', ...also] };
    const created = await this.#mutate<{ role: { id: string } }>('createRole', 'CreateRoleInput', 'role { id }', input);
    return created.role.id;
  }

  /** Creates a user who holds a role. */
  async createUser(organizationId: string, username: string, password: string, roleId: string): Promise<void> {
    const input = { organizationId, username, password, roleIds: [roleId] };
    await this.#mutate('createUser', 'CreateUserInput', 'user { id }', input);
  }

  /** Creates a channel at the root; it takes a password where one is given. */
  async createChannel(organizationId: string, name: string, password?: string): Promise<void> {
    const input = { organizationId, name, ...(password === undefined ? {} : { password }) };
    await this.#mutate('createChannel', 'CreateChannelInput', 'channel { id }', input);
  }

  async #mutate<Result extends object>(
    mutation: string,
    inputType: string,
    selection: string,
    input: Input,
  ): Promise<Result> {
    const query = `mutation ($input: ${inputType}!) { ${mutation}(input: $input) { ${selection} errors { code message } } }`;
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.#accessToken === undefined ? {} : { authorization: `Bearer ${this.#accessToken}` }),
      },
      body: JSON.stringify({ query, variables: { input } }),
    });
    const { data, errors = [] }: GraphqlAnswer<Record<string, Result & Payload>> = JSON.parse(await response.text());
    const payload = data?.[mutation];
    const [refusal] = [...errors, ...(payload?.errors ?? [])];
    if (refusal !== undefined) throw new Error(`${mutation} was refused: ${refusal.message}`);
    if (payload === undefined) throw new Error(`${mutation} was not answered (HTTP ${response.status})`);
    return payload;
  }
}
