import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildSchema, type GraphQLObjectType, getNamedType, isObjectType, isUnionType } from 'graphql';
import { CloseCode } from 'graphql-ws';
import type { VoiceQualitySource } from '../../src/sessions/voice-quality.js';
import { repositoryRoot } from '../architecture/source-files.js';
import { eventually } from '../support/eventually.js';
import { Subscriber } from '../support/subscriber.js';
import { type Answer, present, TestServer, withoutBudget } from '../support/test-server.js';
import { CASES, type Case, ROOTS, type Root, type Subject } from './authorization-cases.js';
import { CALLERS, type Caller, OPEN, TABLE, type Verdict } from './authorization-table.js';
import { ABSENT, ABSENT_ID, Tenant } from './authorization-world.js';

const schema = buildSchema(readFileSync(join(repositoryRoot, 'schema.graphql'), 'utf8'));
const OPERATIONS = ['Query', 'Mutation', 'Subscription'];
/** Whoever may have the list or call the mutation may have all of these. */
const OPEN_AS_A_WHOLE =
  /(Connection|Edge|Payload|Snapshot|Event)$|^PageInfo$|^UserError(Param)?$|^Gap$|^Live(Session|Channel)$/;
const PARTS_OF_ANSWERS =
  /^(Permission(Explanation|Suggestion|Change)|RolePermissions|MissingPermission|ManageGrant|ModerationResult.*|LogModuleState|OrganizationMetrics|RequestFigures|Voice(Flow|Quality))$/;

const FLOW = { expected: 1, lost: 0, jitterMs: 1 };
/** Something is known of every session. */
const EVERYBODY_IS_HEARD: VoiceQualitySource = {
  qualitiesOf: async (ids) =>
    new Map(ids.map((id) => [id, { up: FLOW, down: FLOW, clientRoundTripMs: 1, serverRoundTripMs: 1 }])),
};

let server: TestServer;
let stranger: Tenant;
let tenant: Tenant;
beforeAll(async () => {
  server = await TestServer.start({ voiceQuality: EVERYBODY_IS_HEARD });
  stranger = await Tenant.create(server, undefined);
  tenant = await newTenant();
});
afterAll(() => server.stop());

async function newTenant(): Promise<Tenant> {
  const fresh = await Tenant.create(server, stranger.userOf('owner'));
  await fresh.furnish();
  return fresh;
}

const lines = Object.entries(TABLE).map(([line, row]) => {
  const [field = ''] = line.split(':');
  const [type = '', name = ''] = field.split('.');
  return { line, type, name, row, asked: present(CASES[line]) };
});

const objects = Object.values(schema.getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
);

describe('the table', () => {
  it('has every field of the schema, and nothing else', () => {
    const fields = objects
      .filter(({ name }) => !OPEN_AS_A_WHOLE.test(name))
      .flatMap((type) => Object.keys(type.getFields()).map((name) => `${type.name}.${name}`));
    const open = Object.entries(OPEN).flatMap(([type, names]) => names.map((name) => `${type}.${name}`));
    const listed = [...new Set([...open, ...lines.map(({ type, name }) => `${type}.${name}`)])];
    expect(listed.sort()).toEqual(fields.sort());
  });

  it('says of each line how it is asked', () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(TABLE).sort());
  });
});

/** Every field of an object that some answer had. */
const seen = new Set<string>();

describe('everybody gets what the table says', () => {
  it.each(lines)('$line', async ({ line, type, name, row, asked }) => {
    for (const [index, caller] of CALLERS.entries()) {
      const subject = await subjectFor(asked, caller);
      const answer = await ask(type, name, asked, subject, await tenant.tokenOf(caller));
      const verdict = verdictOn(answer, type, name, asked);
      expect({ line, caller, verdict, answer }).toEqual({ line, caller, verdict: present(row[index]), answer });
      if (verdict === 'OK') note(answer.data);
      if (asked.isFatal === true && verdict === 'OK') tenant = await newTenant();
    }
  });

  it('and everything that is open was in an answer', () => {
    const open = Object.entries(OPEN).flatMap(([type, names]) => names.map((name) => `${type}.${name}`));
    expect(open.filter((field) => !seen.has(field))).toEqual([]);
  });
});

describe("what is another organization's and what is absent get the same answer", () => {
  const column = CALLERS.indexOf('stranger');

  it.each(lines.filter(({ row }) => row[column] === 'NOT_FOUND'))('$line', async ({ type, name, asked }) => {
    const token = await tenant.tokenOf('stranger');
    const subject = await subjectFor(asked, 'stranger');
    const foreign = await ask(type, name, asked, subject, token);
    const absent = await ask(type, name, asked, { ...subject, ids: ABSENT, made: ABSENT_ID }, token);
    expect(withoutBudget(foreign)).toEqual(withoutBudget(answerAbout(absent, ABSENT_ID, subject.made)));
  });
});

describe('an API key of an owner', () => {
  const doneByAnybody = ['Mutation.login', 'Mutation.logout', 'Mutation.redeemInvitation', 'Mutation.refresh'];
  const mutations = lines.filter(({ type, line }) => type === 'Mutation' && !doneByAnybody.includes(line));
  let reader: string;
  let talker: string;
  beforeAll(async () => {
    const owner = server.services.as(tenant.userOf('owner'));
    const keyFor = async (scope: 'read' | 'voice') =>
      (await server.services.apiKeys.create(owner, { name: scope, scopes: [scope] })).key;
    [reader, talker] = [await keyFor('read'), await keyFor('voice')];
  });

  it.each(mutations)('that may only read may not call $line', async ({ type, name, asked }) => {
    const answer = await ask(type, name, asked, await subjectFor(asked, 'owner'), reader);
    const verdict = verdictOn(answer, type, name, asked);
    // A password that is wrong is wrong by whatever key.
    expect(verdict).toBe(name === 'changePassword' ? 'WRONG_PASSWORD' : 'PERMISSION_DENIED');
  });

  it.each(lines.filter(({ type }) => type !== 'Mutation'))(
    'that may only talk may not ask for $line',
    async ({ type, name, asked }) => {
      const answer = await ask(type, name, asked, await subjectFor(asked, 'owner'), talker);
      expect(verdictOn(answer, type, name, asked)).toBe('PERMISSION_DENIED');
    },
  );
});

/** The answer, if the id that was sent and comes back in it had been another one. */
function answerAbout(answer: Answer<unknown>, sent: string, other: string): Answer<unknown> {
  return JSON.parse(JSON.stringify(answer).replaceAll(JSON.stringify(sent), JSON.stringify(other)));
}

async function subjectFor({ prepare }: Case, caller: Caller): Promise<Subject> {
  const { id, username } = tenant.userOf(caller);
  uniques += 1;
  const made = prepare === undefined ? ABSENT_ID : await prepare(tenant, caller);
  return { ids: tenant.ids, self: `${id}`, selfName: username, made, unique: `unique${uniques}` };
}

let uniques = 0;

async function ask(
  type: string,
  name: string,
  asked: Case,
  subject: Subject,
  token: string | undefined,
): Promise<Answer<unknown>> {
  const root = rootOf(type, name, asked);
  const variables = root.ask(subject);
  const document = documentOf(type, name, root, Object.keys(variables));
  return type === 'Subscription' ? firstAnswer(document, variables, token) : server.ask(document, variables, token);
}

/** The first message of a subscription, or why there is none. */
async function firstAnswer(document: string, variables: object, token: string | undefined): Promise<Answer<unknown>> {
  const subscriber = new Subscriber(server.url, token);
  try {
    const stream = subscriber.subscribe<unknown, object>(document, variables);
    const first = await eventually(() => stream.answers[0] ?? subscriber.ending ?? undefined);
    if (!('code' in first)) return first;
    const code = first.code === CloseCode.Unauthorized ? 'UNAUTHENTICATED' : `closed with ${first.code}`;
    return { status: 200, data: null, errors: [{ message: first.reason, extensions: { code } }], extensions: {} };
  } finally {
    await subscriber.close();
  }
}

/** The field of the query or mutation with which a document begins. */
function rootOf(type: string, name: string, asked: Case): Root {
  if (OPERATIONS.includes(type)) return { query: name, ask: asked.ask ?? (() => ({})) };
  return asked.root ?? present(ROOTS[type]);
}

function documentOf(type: string, name: string, root: Root, given: readonly string[]): string {
  const operation = OPERATIONS.includes(type) ? type : 'Query';
  const field = present(objectNamed(operation).getFields()[root.query]);
  const wanted = field.args.filter((argument) => given.includes(argument.name));
  const declared = wanted.map((argument) => `$${argument.name}: ${argument.type}`).join(', ');
  const passed = wanted.map((argument) => `${argument.name}: $${argument.name}`).join(', ');
  const inner = OPERATIONS.includes(type)
    ? everythingOfAny(getNamedType(field.type).name, type === 'Mutation' ? 0 : 1)
    : `{ ${everythingIn(objectNamed(type), name, 1)} }`;
  const withArguments = wanted.length === 0 ? '' : `(${passed})`;
  return `${operation.toLowerCase()} ${wanted.length === 0 ? '' : `(${declared})`} { ${root.query}${withArguments} ${inner} }`;
}

/** Of a union, all of each of its types. */
function everythingOfAny(name: string, levels: number): string {
  const type = schema.getType(name);
  if (!isUnionType(type)) return everythingOf(objectNamed(name), levels);
  return `{ ${type
    .getTypes()
    .map((each) => `... on ${each.name} ${everythingOf(each, levels)}`)
    .join(' ')} }`;
}

/** A field with all that is open in it. Of lists a few items are enough. */
function everythingIn(type: GraphQLObjectType, name: string, levels: number): string {
  const field = present(type.getFields()[name]);
  const value = getNamedType(field.type);
  const call = field.args.some((argument) => argument.name === 'first') ? `${name}(first: 5)` : name;
  return isObjectType(value) ? `${call} ${everythingOf(value, levels)}` : call;
}

/** All that is open in a type, and in the objects within as deep as `levels`; parts of lists and answers do not count. */
function everythingOf(type: GraphQLObjectType, levels: number): string {
  if (isNoun(type) && levels === 0) return '{ __typename }';
  const names = OPEN_AS_A_WHOLE.test(type.name) ? Object.keys(type.getFields()) : present(OPEN[type.name]);
  const fields = names.map((name) => everythingIn(type, name, isNoun(type) ? levels - 1 : levels));
  return `{ __typename ${fields.join(' ')} }`;
}

/** Objects that exist by themselves, unlike the parts of an answer. */
function isNoun({ name }: GraphQLObjectType): boolean {
  return !OPEN_AS_A_WHOLE.test(name) && !PARTS_OF_ANSWERS.test(name);
}

function objectNamed(name: string): GraphQLObjectType {
  return present(objects.find((type) => type.name === name));
}

/** What an answer comes to. Where several things are refused, they must be for the same reason. */
function verdictOn({ data, errors }: Answer<unknown>, type: string, name: string, asked: Case): Verdict {
  const { query } = rootOf(type, name, asked);
  const value = Object(data)[query];
  const refusals: { readonly code: Verdict }[] = [
    ...errors.map(({ extensions }) => ({ code: extensions.code as Verdict })),
    ...(Object(value).errors ?? []),
    ...(Object(value).results ?? []).filter((result: { readonly done: boolean }) => !result.done),
  ];
  const codes = [...new Set(refusals.map(({ code }) => code))];
  if (codes.length > 1) throw new Error(`refused for several reasons: ${codes}`);
  const [code] = codes;
  if (code !== undefined) return code;
  const shown = OPERATIONS.includes(type) ? value : Object(value)[name];
  return shown === null ? 'HIDDEN' : 'OK';
}

/** Remembers every field that an answer has. */
function note(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) note(item);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  const { __typename: type, ...fields } = value as Record<string, unknown>;
  for (const [name, inner] of Object.entries(fields)) {
    if (typeof type === 'string') seen.add(`${type}.${name}`);
    note(inner);
  }
}
