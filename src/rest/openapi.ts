/** The OpenAPI document, made of the schemas that check the requests. */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { ERROR_CODES, type ErrorCode, unreachable } from '../errors.js';
import { serial } from './field-types.js';
import { REASON_HEADER } from './reason.js';
import { NO_BODY, type Route } from './route.js';

type JsonObject = Readonly<Record<string, unknown>>;

/** OpenAPI 3.1 of these routes, as they are below the door's own path. */
export function openApiDocument(routes: readonly Route[], serverUrl: string): JsonObject {
  const components = new Components();
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const url = route.url.replace(/:(\w+)/g, '{$1}');
    paths[url] = { ...paths[url], [route.method]: operationOf(route, components) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Parley', version: '1', description: DESCRIPTION },
    servers: [{ url: serverUrl }],
    security: [{ bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An access token of `POST /auth/token`, or an API key.',
        },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}

const DESCRIPTION =
  'Organizations, users, channels and sessions for tools. Fields have the names of the database columns. What is of another organization is answered like what does not exist.';

/** The bodies that are shown and taken, by their titles. */
class Components {
  readonly schemas: Record<string, JsonObject> = {};

  /** A reference to the schema's component, which is added. */
  refer(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
    const name = schema.meta()?.title;
    if (name === undefined) throw new Error('a body of the REST door has no title');
    this.schemas[name] ??= jsonSchemaOf(schema, io);
    return { $ref: `#/components/schemas/${name}` };
  }
}

function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, override: leaveOutSafeBounds });
  return rest;
}

/** That a number of JSON is one that JavaScript can hold goes without saying. */
function leaveOutSafeBounds({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}

function operationOf(route: Route, components: Components): JsonObject {
  const { operationId, summary, isPublic, body } = route;
  return {
    operationId,
    summary,
    ...(isPublic && { security: [] }),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)],
    ...(body !== NO_BODY && {
      requestBody: { required: true, content: { 'application/json': { schema: components.refer(body, 'input') } } },
    }),
    responses: { ...successOf(route, components), ...problemsOf(route, components) },
  };
}

function pathParameters({ url }: Route): readonly JsonObject[] {
  const names = [...url.matchAll(/:(\w+)/g)].map(([, name]) => name);
  return names.map((name) => ({ name, in: 'path', required: true, schema: jsonSchemaOf(serial, 'input') }));
}

function queryParameters({ query }: Route): readonly JsonObject[] {
  const { properties = {} } = z.toJSONSchema(query, { io: 'output' });
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }));
}

function headerParameters({ method, outcome, refusals, isPublic }: Route): readonly JsonObject[] {
  const schema = { type: 'string' };
  const header = (name: string, description: string) => ({ name, in: 'header', description, schema });
  return [
    ...(refusals.includes('CONFLICT')
      ? [header('If-Match', 'The entity tag that was read: 412 if it has changed.')]
      : []),
    ...(method === 'get' ? [header('If-None-Match', 'The entity tag that was read: 304 if it has not changed.')] : []),
    ...(method === 'get' || isPublic
      ? []
      : [header(REASON_HEADER, 'Why, for the audit log: 1 to 512 characters, percent-encoded UTF-8.')]),
    ...(outcome === 'created' ? [header('Idempotency-Key', 'The same key within 24 h makes no second one.')] : []),
  ];
}

function successOf({ method, outcome, shown, isPublic }: Route, components: Components): JsonObject {
  const content = (schema: JsonObject) => ({ 'application/json': { schema } });
  const etag = requiredHeader('The entity tag.');
  const notModified = method === 'get' ? { 304: { description: 'Not changed.', headers: { ETag: etag } } } : {};
  switch (outcome) {
    case 'object': {
      const headers = isPublic ? {} : { ETag: etag };
      return {
        200: { description: 'Done.', headers, content: content(components.refer(shown, 'output')) },
        ...notModified,
      };
    }
    case 'created': {
      const headers = { Location: requiredHeader('Where it is.'), ETag: etag };
      return { 201: { description: 'Made.', headers, content: content(components.refer(shown, 'output')) } };
    }
    case 'list': {
      const headers = {
        Link: requiredHeader('The first part (`first`), and the next one (`next`) if there is one.'),
        ETag: etag,
      };
      const schema = { type: 'array', items: components.refer(shown, 'output') };
      return { 200: { description: 'A part of the list.', headers, content: content(schema) }, ...notModified };
    }
    case 'nothing':
      return { 204: { description: 'Done.' } };
    default:
      return unreachable(outcome);
  }
}

/** What every route may answer. */
const ALWAYS: readonly ErrorCode[] = ['INVALID_INPUT', 'MALFORMED', 'RATE_LIMITED', 'UNAVAILABLE', 'INTERNAL'];
/** What a route may answer that wants to know who asks. */
const TO_SOMEBODY: readonly ErrorCode[] = ['UNAUTHENTICATED', 'PERMISSION_DENIED', 'BANNED'];
/** Statuses of HTTP that have no code of their own. */
const OF_A_BODY: readonly (readonly [number, ErrorCode])[] = [
  [413, 'TOO_LARGE'],
  [415, 'MALFORMED'],
];

function problemsOf({ refusals, isPublic, body, outcome }: Route, components: Components): JsonObject {
  const codes = [...ALWAYS, ...(isPublic ? [] : TO_SOMEBODY), ...refusals];
  const answers = [
    ...codes.map((code) => [ERROR_CODES[code].httpStatus, code] as const),
    ...(body === NO_BODY ? [] : OF_A_BODY),
    // An idempotency key that was used for something else.
    ...(outcome === 'created' ? [[409, 'CONFLICT'] as const] : []),
  ];
  const schema = components.refer(problemBody, 'output');
  const byStatus = Map.groupBy(answers, ([status]) => status);
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      status,
      {
        description: `${STATUS_CODES[status]}: ${[...new Set(of.map(([, code]) => code))].join(', ')}.`,
        ...headersOf(status),
        content: { 'application/problem+json': { schema } },
      },
    ]),
  );
}

function headersOf(status: number): JsonObject {
  switch (status) {
    case 401:
      return { headers: { 'WWW-Authenticate': requiredHeader('How to authenticate.') } };
    case 429:
    case 503:
      return { headers: { 'Retry-After': requiredHeader('How long to wait, in seconds.') } };
    default:
      return {};
  }
}

function requiredHeader(description: string): JsonObject {
  return { description, required: true, schema: { type: 'string' } };
}

const problemBody = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong, in English.'),
    code: z.enum(Object.keys(ERROR_CODES)).describe('What is wrong, stable across releases.'),
    request_id: z.string().describe('Ties this answer to the log; also in `x-request-id`.'),
    errors: z
      .array(
        z.strictObject({
          field: z.string().describe('Nested ones with dots; empty for the body as a whole.'),
          detail: z.string(),
        }),
      )
      .optional()
      .describe('One for each field that must be mended.'),
    params: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .optional()
      .describe('The values in the detail, by name.'),
  })
  .meta({ title: 'Problem' });
