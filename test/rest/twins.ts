/** The same request by both HTTP doors, and what each answers in words that can be compared. */
import {
  CreateChannelDocument,
  CreateOrganizationDocument,
  CreateUserDocument,
  DeleteChannelDocument,
  DeleteOrganizationDocument,
  DeleteUserDocument,
  LoginDocument,
  OccupancyDocument,
  OrganizationDocument,
  OrganizationTreeDocument,
  RefreshDocument,
  type TypedDocumentString,
  UpdateChannelDocument,
  UpdateOrganizationDocument,
} from '../graphql/generated/graphql.js';
import { ask } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';
import type { JsonAnswer, RestClient } from './rest-client.js';

/** Somebody who asks. Nobody has no token. */
export interface Caller {
  readonly rest: RestClient;
  readonly url: string;
  readonly token: string | undefined;
}

/** What the requests are about: each door has its own, so that neither sees what the other did. */
export interface Place {
  readonly organizationId: number;
  readonly tag: string;
  /** A number that no other place has. */
  readonly unique: number;
  /** Makes a channel that nobody has touched. */
  channel(): Promise<number>;
  /** Makes a user whom nobody has touched. */
  user(): Promise<number>;
  /** A refresh token of the member. */
  refreshToken(): Promise<string>;
}

/** What became of a request: OK or the code of the refusal, and the field that it is about, as REST names it. */
export interface Verdict {
  readonly code: string;
  readonly field: string | undefined;
}

/** One request by both doors. */
export interface Twin {
  readonly rest: (caller: Caller, place: Place) => Promise<Verdict>;
  readonly graphql: (caller: Caller, place: Place) => Promise<Verdict>;
}

/** A value that a mutation refuses or takes, in the words of both doors. */
export interface Values {
  readonly rest: object;
  readonly graphql: object;
}

export function createOrganization(values: (place: Place) => Values): Twin {
  return {
    rest: async ({ rest }, place) => read(await rest.post('/orgs', values(place).rest)),
    graphql: async (caller, place) =>
      tell(caller, CreateOrganizationDocument, { input: { name: '', tag: '', ...values(place).graphql } }),
  };
}

export function updateOrganization(values: Values): Twin {
  return {
    rest: async ({ rest }, { organizationId }) => read(await rest.put(`/orgs/${organizationId}`, values.rest)),
    graphql: (caller, { organizationId: id }) =>
      tell(caller, UpdateOrganizationDocument, { input: { id: `${id}`, ...values.graphql } }),
  };
}

export function createChannel(values: (place: Place) => Values): Twin {
  return {
    rest: async ({ rest }, place) =>
      read(await rest.post(`/orgs/${place.organizationId}/channels`, values(place).rest)),
    graphql: (caller, place) => {
      const input = { organizationId: `${place.organizationId}`, name: '', ...values(place).graphql };
      return tell(caller, CreateChannelDocument, { input });
    },
  };
}

export function updateChannel(values: (channelId: number) => Values): Twin {
  return {
    rest: async ({ rest }, place) => {
      const id = await place.channel();
      return read(await rest.put(`/channels/${id}`, values(id).rest));
    },
    graphql: async (caller, place) => {
      const id = await place.channel();
      return tell(caller, UpdateChannelDocument, { input: { id: `${id}`, ...values(id).graphql } });
    },
  };
}

export function deleteChannel(recursive: boolean): Twin {
  return {
    rest: async ({ rest }, place) =>
      read(await rest.delete(`/channels/${await place.channel()}?recursive=${recursive}`)),
    graphql: async (caller, place) =>
      tell(caller, DeleteChannelDocument, { input: { id: `${await place.channel()}`, recursive } }),
  };
}

export function createUser(values: (place: Place) => Values): Twin {
  return {
    rest: async ({ rest }, place) => read(await rest.post(`/orgs/${place.organizationId}/users`, values(place).rest)),
    graphql: (caller, place) => {
      const names = { organizationId: `${place.organizationId}`, username: '', password: '' };
      return tell(caller, CreateUserDocument, { input: { ...names, ...values(place).graphql } });
    },
  };
}

/** A twin of every route, by its operation id, with values that are fine. */
export const TWINS: Readonly<Record<string, Twin>> = {
  login: {
    rest: async ({ rest }, { tag }) =>
      read(await rest.post('/auth/token', { org_tag: tag, username: 'member', password: PASSWORD })),
    graphql: (caller, { tag }) =>
      tell(caller, LoginDocument, { input: { organizationTag: tag, username: 'member', password: PASSWORD } }),
  },
  refresh: {
    rest: async ({ rest }, place) =>
      read(await rest.post('/auth/token', { refresh_token: await place.refreshToken() })),
    graphql: async (caller, place) =>
      tell(caller, RefreshDocument, { input: { refreshToken: await place.refreshToken() } }),
  },
  createOrganization: createOrganization(({ unique }) => same({ name: 'New', tag: `new${unique}` })),
  organization: {
    rest: async ({ rest }, { organizationId }) => read(await rest.get(`/orgs/${organizationId}`)),
    graphql: (caller, { organizationId: id }) => tell(caller, OrganizationDocument, { id: `${id}` }),
  },
  updateOrganization: updateOrganization(same({ name: 'Renamed' })),
  deleteOrganization: {
    rest: async ({ rest }, { organizationId }) => read(await rest.delete(`/orgs/${organizationId}`)),
    graphql: (caller, { organizationId: id }) => tell(caller, DeleteOrganizationDocument, { input: { id: `${id}` } }),
  },
  createChannel: createChannel(({ unique }) => same({ name: `New ${unique}` })),
  channels: {
    rest: async ({ rest }, { organizationId }) => read(await rest.get(`/orgs/${organizationId}/channels`)),
    graphql: (caller, { organizationId: id }) => tell(caller, OrganizationTreeDocument, { id: `${id}` }),
  },
  updateChannel: updateChannel(() => same({ description: 'Changed.' })),
  deleteChannel: deleteChannel(false),
  createUser: createUser(({ unique }) => same({ username: `new${unique}`, password: PASSWORD })),
  deleteUser: {
    rest: async ({ rest }, place) =>
      read(await rest.delete(`/orgs/${place.organizationId}/users/${await place.user()}`)),
    graphql: async (caller, place) => tell(caller, DeleteUserDocument, { input: { id: `${await place.user()}` } }),
  },
  channelUsers: {
    rest: async ({ rest }, place) => read(await rest.get(`/channels/${await place.channel()}/users`)),
    graphql: async (caller, place) => tell(caller, OccupancyDocument, { channelId: `${await place.channel()}` }),
  },
  sessions: {
    rest: async ({ rest }, { organizationId }) => read(await rest.get(`/orgs/${organizationId}/sessions`)),
    graphql: (caller, { organizationId: id }) => tell(caller, OrganizationTreeDocument, { id: `${id}` }),
  },
};

/** Values that both doors name alike. */
export function same(values: object): Values {
  return { rest: values, graphql: values };
}

function read({ status, body }: JsonAnswer): Verdict {
  if (status < 300) return { code: 'OK', field: undefined };
  const { code, errors } = Object(body);
  return { code, field: errors?.[0]?.field };
}

async function tell<Data, Variables>(
  { url, token }: Caller,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Verdict> {
  const { data, errors } = await ask(url, document, variables, token);
  const [error] = errors;
  if (error !== undefined) return verdict(error.extensions.code, Object(error.extensions).path);
  const [payload] = Object.values(Object(data));
  const [refusal] = Object(payload).errors ?? [];
  return refusal === undefined ? { code: 'OK', field: undefined } : verdict(refusal.code, refusal.path);
}

function verdict(code: string, path: readonly string[] = []): Verdict {
  const names = path.filter((name) => name !== 'input').map((name) => IN_REST[name] ?? name);
  return { code, field: names.length === 0 ? undefined : names.join('.') };
}

const IN_REST: Readonly<Record<string, string>> = {
  parentId: 'parent_id',
  ownerId: 'owner_id',
  maxUsers: 'max_users',
  maxChannels: 'max_channels',
  roleIds: 'roles',
};
