import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { ERROR_CODES } from '../../src/errors.js';
import { describeSchema } from '../../src/graphql/schema.js';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await describeSchema();
});

const types = () =>
  Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));
const objects = () => types().filter(isObjectType);
const roots = () => [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];

describe('the schema', () => {
  it('describes every type, field, argument and value', () => {
    const silent: string[] = [];
    const note = (name: string, { description }: { readonly description?: string | null }) => {
      if (!description) silent.push(name);
    };
    for (const type of types()) {
      if (!roots().some((root) => root === type)) note(type.name, type);
      if (isEnumType(type)) for (const value of type.getValues()) note(`${type.name}.${value.name}`, value);
      if (isInputObjectType(type))
        for (const field of Object.values(type.getFields())) note(`${type.name}.${field.name}`, field);
      if (!isObjectType(type)) continue;
      for (const field of Object.values(type.getFields())) {
        note(`${type.name}.${field.name}`, field);
        for (const argument of field.args) note(`${type.name}.${field.name}(${argument.name})`, argument);
      }
    }
    expect(silent).toEqual([]);
  });

  it('shows no field that sounds like a secret, but those that are to be sent and the tokens of a login', () => {
    const secret = /password|hash|secret|token|Key$|remoteAddress/i;
    const shown = objects().flatMap((type) =>
      Object.keys(type.getFields())
        .filter((name) => secret.test(name))
        .map((name) => `${type.name}.${name}`),
    );
    const tokens = ['ChangePassword', 'Login', 'RedeemInvitation', 'Refresh'].flatMap((name) => [
      `${name}Payload.accessToken`,
      `${name}Payload.refreshToken`,
    ]);
    const toldOnce = ['CreateApiKeyPayload.key', 'CreateApiKeyPayload.apiKey'];
    const mutations = ['Mutation.changePassword', 'Mutation.createApiKey', 'Mutation.revokeApiKey'];
    const expected = [...tokens, ...toldOnce, ...mutations, 'Channel.hasPassword', 'LiveChannel.hasPassword'];
    expect(shown.filter((name) => !expected.includes(name))).toEqual([]);
  });

  it('answers every mutation with a payload of its own, which has errors, and takes one input', () => {
    for (const { name, type, args } of Object.values(schema.getMutationType()?.getFields() ?? {})) {
      expect(String(type)).toBe(`${name.charAt(0).toUpperCase()}${name.slice(1)}Payload`);
      const payload = getNamedType(type);
      if (!isObjectType(payload)) throw new Error(`${name} has no payload`);
      expect(String(payload.getFields().errors?.type)).toBe('[UserError!]!');
      expect(args.map((argument) => argument.name)).toEqual(name === 'logout' ? [] : ['input']);
    }
  });

  it('gives objects only in lists that come in pages', () => {
    const unpaged = objects()
      .filter((type) => !/(Connection|Payload|UserError)$/.test(type.name))
      .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
      .filter(({ field }) => {
        const type = isNonNullType(field.type) ? field.type.ofType : field.type;
        return isListType(type) && isObjectType(getNamedType(type));
      });
    // A cluster has a handful of nodes, and the log as many modules as the program.
    const closed = ['Query.clusterNodes', 'Query.logModules'];
    // An explanation is bounded by the roles of one user and the depth of the tree, and is of no use in parts; a
    // snapshot comes in parts by itself.
    const whole = ['PermissionExplanation', 'MissingPermission', 'SessionSnapshot', 'OrganizationSnapshot'];
    const names = unpaged
      .filter(({ type }) => !whole.includes(type.name))
      .map(({ type, field }) => `${type.name}.${field.name}`);
    expect(names.filter((name) => !closed.includes(name))).toEqual([]);
    const connections = objects()
      .flatMap((type) => Object.values(type.getFields()))
      .filter(({ type }) => /Connection!?$/.test(String(type)));
    expect(connections.length).toBeGreaterThan(5);
    for (const { args } of connections)
      expect(args.map(({ name, type }) => `${name}: ${type}`)).toEqual(
        expect.arrayContaining(['first: Int!', 'after: String']),
      );
  });

  it('knows exactly the error codes that a person can mend', () => {
    const codes = schema.getType('ErrorCode');
    if (!isEnumType(codes)) throw new Error('there is no ErrorCode');
    const mendable = Object.entries(ERROR_CODES).filter(([, { userFixable }]) => userFixable);
    expect(
      codes
        .getValues()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(mendable.map(([code]) => code).sort());
  });
});
