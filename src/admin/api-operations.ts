/** What the operator's commands ask of the API, and the shape of the answers. */
import { z } from 'zod';

/** An operation, and what its answer has to look like. */
export interface ApiOperation<Data> {
  readonly text: string;
  readonly answer: z.ZodType<Data>;
}

const errors = z.array(z.object({ code: z.string(), message: z.string() }));
const pageInfo = z.object({ endCursor: z.string().nullable(), hasNextPage: z.boolean() });
const tokens = z.object({
  accessToken: z.string().nullable(),
  refreshToken: z.string().nullable(),
  expiresInS: z.number().nullable(),
  errors,
});

/** The tokens of a login, or why there are none. */
export type ApiTokens = z.infer<typeof tokens>;

export const LOGIN = operation(
  'mutation Login($input: LoginInput!) { login(input: $input) { accessToken refreshToken expiresInS errors { code message } } }',
  z.object({ login: tokens.nullable() }),
);

export const REFRESH = operation(
  'mutation Refresh($input: RefreshInput!) { refresh(input: $input) { accessToken refreshToken expiresInS errors { code message } } }',
  z.object({ refresh: tokens.nullable() }),
);

export const LOGOUT = operation(
  'mutation Logout { logout { errors { code message } } }',
  z.object({ logout: z.object({ errors }).nullable() }),
);

export const ME = operation(
  'query Me { me { id username organization { tag } } }',
  z.object({
    me: z.object({
      id: z.string(),
      username: z.string(),
      organization: z.object({ tag: z.string() }).nullable(),
    }),
  }),
);

const SESSION_FIELDS = `
fragment SessionFields on SessionConnection {
  nodes {
    id door clientName connectedAt muted deafened
    user { username }
    channels(first: 5) { nodes { name } pageInfo { hasNextPage } }
  }
  pageInfo { endCursor hasNextPage }
}`;

const session = z.object({
  id: z.string(),
  door: z.string(),
  clientName: z.string(),
  connectedAt: z.string(),
  muted: z.boolean(),
  deafened: z.boolean(),
  user: z.object({ username: z.string() }).nullable(),
  channels: z.object({
    nodes: z.array(z.object({ name: z.string() })),
    pageInfo: z.object({ hasNextPage: z.boolean() }),
  }),
});
/** A session as the API tells it. */
export type ApiSession = z.infer<typeof session>;
const sessions = z.object({ nodes: z.array(session), pageInfo });

export const ORGANIZATIONS = operation(
  'query Organizations($after: String) { organizations(first: 100, after: $after) { nodes { id tag name } pageInfo { endCursor hasNextPage } } }',
  z.object({
    organizations: z.object({
      nodes: z.array(z.object({ id: z.string(), tag: z.string(), name: z.string() })),
      pageInfo,
    }),
  }),
);

export const ORGANIZATION_BY_TAG = operation(
  'query OrganizationByTag($tag: String!) { organizationByTag(tag: $tag) { id tag name } }',
  z.object({ organizationByTag: z.object({ id: z.string(), tag: z.string(), name: z.string() }) }),
);

export const SESSIONS = operation(
  `query Sessions($id: ID!, $after: String) { organization(id: $id) { sessions(first: 100, after: $after) { ...SessionFields } } } ${SESSION_FIELDS}`,
  z.object({ organization: z.object({ sessions }) }),
);

export const USERS = operation(
  'query Users($id: ID!, $after: String) { organization(id: $id) { users(first: 100, after: $after) { nodes { id username } pageInfo { endCursor hasNextPage } } } }',
  z.object({
    organization: z.object({
      users: z.object({ nodes: z.array(z.object({ id: z.string(), username: z.string() })), pageInfo }),
    }),
  }),
);

export const KICK_SESSIONS = operation(
  'mutation KickSessions($input: KickSessionsInput!) { kickSessions(input: $input) { results { sessionId done code message } errors { code message } } }',
  z.object({
    kickSessions: z.object({
      results: z.array(
        z.object({
          sessionId: z.string(),
          done: z.boolean(),
          code: z.string().nullable(),
          message: z.string().nullable(),
        }),
      ),
      errors,
    }),
  }),
);

export const SET_PASSWORD = operation(
  'mutation SetPassword($input: UpdateUserInput!) { updateUser(input: $input) { user { id } errors { code message } } }',
  z.object({ updateUser: z.object({ user: z.object({ id: z.string() }).nullable(), errors }) }),
);

const clusterNode = z.object({
  id: z.string(),
  name: z.string(),
  sessions: z.number(),
  draining: z.boolean(),
  version: z.string(),
  startedAt: z.string(),
  voiceHost: z.string().nullable(),
  apiUrl: z.string().nullable(),
});

export const CLUSTER_NODES = operation(
  'query ClusterNodes { clusterNodes { id name sessions draining version startedAt voiceHost apiUrl } }',
  z.object({ clusterNodes: z.array(clusterNode) }),
);

export const DRAIN_SERVER = operation(
  'mutation DrainServer($input: DrainServerInput!) { drainServer(input: $input) { node { name sessions } errors { code message } } }',
  z.object({
    drainServer: z.object({ node: z.object({ name: z.string(), sessions: z.number() }).nullable(), errors }),
  }),
);

/** Every one of them, for the test that holds them against the schema. */
export const API_OPERATIONS: readonly ApiOperation<unknown>[] = [
  ...[LOGIN, REFRESH, LOGOUT, ME, ORGANIZATIONS, ORGANIZATION_BY_TAG, SESSIONS, USERS, KICK_SESSIONS, SET_PASSWORD],
  ...[CLUSTER_NODES, DRAIN_SERVER],
];

function operation<Data>(text: string, answer: z.ZodType<Data>): ApiOperation<Data> {
  return { text, answer };
}
