import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type GraphQLObjectType, type GraphQLSchema, getNamedType, isCompositeType, isObjectType } from 'graphql';
import { certificateFingerprints } from '../../src/certificates/certificate-fingerprints.js';
import { describeSchema } from '../../src/graphql/schema.js';
import { type ChannelId, type OrganizationId, roleId, userId } from '../../src/ids.js';
import type { User } from '../../src/users/user.entity.js';
import { StatementCount } from '../support/statement-count.js';
import { type BuiltOrganization, present, TestServer } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';

const schema: GraphQLSchema = await describeSchema();
const count = new StatementCount();

let server: TestServer;
let red: BuiltOrganization;
let managerToken: string;
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
  for (let number = 0; number < 3; number += 1) await furnish((await server.buildOrganization()).id);
  await furnish(red.id);
  managerToken = await server.login(red.tag, 'anna');
});
afterAll(() => server.stop());

/** Several of everything, the first one with all that it can have. */
async function furnish(id: string): Promise<void> {
  const { services, sessions, occupancy } = server;
  const { system, users, roles, channels, acl, bans, invitations, apiKeys, certificates } = services;
  const organizationId = Number(id) as OrganizationId;
  const { items } = await roles.list(system, organizationId, { first: 2, after: null });
  const [admin, member] = [present(items[0]), present(items[1])];
  const made: User[] = [];
  for (const username of ['anna', 'bert', 'carl']) {
    const user = await users.create(system, organizationId, { username, password: PASSWORD, email: 'x@example.org' });
    made.push(user);
    const ctx = services.as(user);
    for (const name of ['one', 'two']) {
      await apiKeys.create(ctx, { name, scopes: ['read'] });
      await certificates.bind(ctx, certificateFingerprints(Buffer.from(name)));
    }
    await roles.create(system, organizationId, { name: username, permissions: 1 });
    const channel = await channels.create(system, organizationId, { name: username });
    await channels.create(system, organizationId, { name: 'below', parentId: channel.id });
    for (const { id: role } of [admin, member]) await acl.setEntry(system, channel.id, role, 15);
    await invitations.create(system, organizationId, { roleIds: [admin.id, member.id], channelId: channel.id });
    const session = await sessions.open(ctx, { clientName: 'test' });
    await occupancy.join(ctx, session.id, channel.id, '');
  }
  const issuer = services.as(present(made[0]));
  await roles.assign(system, admin.id, present(made[0]).id);
  for (const { id: banned } of made.slice(1)) await bans.create(issuer, organizationId, { userId: banned });
}

/** Where each type is found below an organization, list by list. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  Organization: [],
  User: ['users'],
  Role: ['roles'],
  Channel: ['channels'],
  Session: ['sessions'],
  Ban: ['bans'],
  Invitation: ['invitations'],
  AuditEntry: ['auditLog'],
  ApiKey: ['users', 'apiKeys'],
  ClientCertificate: ['users', 'certificates'],
  ChannelAclEntry: ['channels', 'acl'],
};

/** Types that are parts of a list, of an answer or of an explanation. */
const PARTS =
  /(Connection|Edge|Payload|Error|Param|Result|ResultType|Event|Snapshot)$|^(PageInfo|Query|Mutation|Subscription|Gap|Live(Channel|Session))$|^(Permission(Explanation|Suggestion|Change)|RolePermissions|MissingPermission|ManageGrant|Voice(Flow|Quality)|ClusterNode|LogModuleState|OrganizationMetrics|RequestFigures)$/;

const objects = Object.values(schema.getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__') && !PARTS.test(type.name),
);
const fields = objects.flatMap((type) =>
  Object.keys(type.getFields()).map((name) => ({ field: `${type.name}.${name}`, type, name })),
);

/** The field with `first: N`, and one value of each object in it. */
function selectionOf(type: GraphQLObjectType, name: string): string {
  const field = present(type.getFields()[name]);
  const named = getNamedType(field.type);
  if (!isCompositeType(named)) return name;
  return named.name.endsWith('Connection') ? `${name}(first: N) { nodes { __typename } }` : `${name} { __typename }`;
}

function documentOf(type: GraphQLObjectType, name: string): string {
  const lists = ['organizations', ...present(PLACES[type.name])];
  const open = lists.map((list) => `${list}(first: N) { nodes { `).join('');
  return `{ ${open}${selectionOf(type, name)} ${'} } '.repeat(lists.length)}}`;
}

/** How many statements the document takes with pages of this size. */
async function statementsOf(document: string, first: number, token: string): Promise<number> {
  const { statements, result } = await count.of(() => server.ask(document.replaceAll('N)', `${first})`), {}, token));
  expect(result.errors).toEqual([]);
  return statements;
}

describe('a list costs the same number of statements however long it is', () => {
  it('and every type is found in one', () => {
    expect(objects.map(({ name }) => name).sort()).toEqual(Object.keys(PLACES).sort());
  });

  it.each(fields)('in $field of everybody, for a platform admin', async ({ type, name }) => {
    const document = documentOf(type, name);
    const one = await statementsOf(document, 1, server.adminToken);
    expect(await statementsOf(document, 5, server.adminToken)).toBe(one);
    // Authentication, the organizations, each list below them, and what the field takes by itself.
    expect(one).toBeLessThanOrEqual(2 + present(PLACES[type.name]).length + 2);
  });

  it.each(fields)('in $field of the own organization, for whoever holds MANAGE in it', async ({ type, name }) => {
    const document = documentOf(type, name);
    const one = await statementsOf(document, 1, managerToken);
    expect(await statementsOf(document, 5, managerToken)).toBe(one);
    // And twice a look at the rules.
    expect(one).toBeLessThanOrEqual(2 + present(PLACES[type.name]).length + 4);
  });

  it.each([
    'organizations(first: N) { nodes { name owner { username } } }',
    `organization(id: ID) { users(first: N) { nodes { username email roles { nodes { name } } organization { tag } } } }`,
    `organization(id: ID) { channels(first: N) { nodes { name occupancy parent { name } children { nodes { name } } } } }`,
    `role(id: ROLE) { users(first: N) { nodes { username email roles { nodes { name users(first: 1) { nodes { id } } } } } } }`,
  ])('of 1 or of 100: %s', async (selection) => {
    const document = `{ ${selection.replace('ID', red.id).replace('ROLE', red.memberRoleId)} }`;
    const one = await statementsOf(document, 1, server.adminToken);
    expect(await statementsOf(document, 100, server.adminToken)).toBe(one);
  });
});

describe('the tree of 50 channels, with ACLs, roles, occupancy and who is there', () => {
  it('takes at most 4 statements, with the one that says who asks', async () => {
    const { services } = server;
    const blue = await server.buildOrganization();
    const organizationId = Number(blue.id) as OrganizationId;
    const [member, owner] = [
      roleId(Number(blue.memberRoleId)),
      await services.users.get(services.system, userId(Number(blue.ownerId))),
    ];
    let [parentId, last]: (ChannelId | undefined)[] = [];
    for (let number = 1; number < 50; number += 1) {
      const channel = await services.channels.create(services.system, organizationId, { name: `${number}`, parentId });
      await services.acl.setEntry(services.system, channel.id, member, 7);
      last = channel.id;
      parentId = number % 7 === 0 ? undefined : last;
    }
    const ctx = services.as(owner);
    const session = await server.sessions.open(ctx, { clientName: 'test' });
    const document = `{ organization(id: ${blue.id}) { name channels(first: 100) { nodes {
      id name description position maxUsers hasPassword occupancy parent { id name } organization { tag }
      sessions { nodes { id clientName } } acl { nodes { permissions role { id name permissions } } } } } } }`;
    await server.occupancy.join(ctx, session.id, present(last), '');
    for (const token of [blue.memberToken, blue.ownerToken, server.adminToken]) {
      const { statements, result } = await count.of(() => server.ask(document, {}, token));
      expect(result.errors).toEqual([]);
      const { nodes } = Object(result.data).organization.channels;
      expect(nodes).toHaveLength(50);
      expect(nodes.filter((node: { occupancy: number }) => node.occupancy === 1)).toMatchObject([
        {
          id: `${last}`,
          sessions: { nodes: [{ clientName: 'test' }] },
          acl: { nodes: [{ role: { name: 'member' } }] },
        },
      ]);
      expect(statements).toBeLessThanOrEqual(4);
    }
  });
});
