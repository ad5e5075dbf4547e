/** How an operation answers what its resolvers threw. */
import { HeaderMap } from '@apollo/server';
import {
  GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLFormattedError,
  type GraphQLSchema,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { AppError, ERROR_CODES, type ErrorCode } from '../errors.js';

/** What went wrong, from the door's point of view. */
type Cause =
  | { readonly kind: 'known'; readonly error: AppError }
  /** The document or its variables are wrong; GraphQL's own words say how. */
  | { readonly kind: 'request'; readonly error: GraphQLError }
  | { readonly kind: 'bug'; readonly error: unknown };

/**
 * The answer to an error: `extensions.code` of the closed table, with `params`, `path` (in the arguments) and
 * `retryAfterMs` where there are any; or GraphQL's own code where the document or its variables are wrong. A bug is
 * INTERNAL, with nothing but the request's id.
 */
export function formatError(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
  const { locations, path } = formatted;
  const place = { ...(locations && { locations }), ...(path && { path }) };
  const cause = causeOf(thrown);
  switch (cause.kind) {
    case 'known':
      return { message: cause.error.message, ...place, extensions: extensionsOf(cause.error) };
    case 'request':
      return { message: withoutValues(formatted.message), ...place, extensions: { code: requestCode(formatted) } };
    case 'bug':
      return { message: 'Something went wrong in the server.', ...place, extensions: bugExtensions(formatted) };
  }
}

/** Ends an operation before its execution with an error of ours, and the HTTP response with `status`. */
export function refuseOperation(
  error: AppError,
  status: number,
  extensions: Readonly<Record<string, unknown>> = {},
): GraphQLError {
  const headers = new HeaderMap();
  if (error.retryAfterMs !== undefined) headers.set('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  // Apollo answers with the status and headers that stand in `extensions.http`, and does not show them.
  const withHttp: Record<string, unknown> = { ...extensions, http: { status, headers } };
  return new GraphQLError(error.message, { originalError: error, extensions: withHttp });
}

/** The status for a refusal before execution. A document that asks for too much is wrong as others are: 400. */
export function httpStatusOf({ code }: AppError): number {
  return code === 'TOO_LARGE' ? 400 : ERROR_CODES[code].httpStatus;
}

/**
 * Lets every resolver of the schema throw our errors so that GraphQL adds the path of the field to them: it takes any error
 * that has a list called `path` for one that it has located already, and an AppError has one.
 */
export function locateErrors(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields()))
      if (field.resolve !== undefined) field.resolve = locating(field.resolve);
  }
}

/** No promise more than the resolver makes: it is called for each field of each object. */
function locating<Source, Context>(
  resolve: GraphQLFieldResolver<Source, Context>,
): GraphQLFieldResolver<Source, Context> {
  return (source, args, context, info) => {
    try {
      const answer = resolve(source, args, context, info);
      return answer instanceof Promise ? answer.catch(throwLocated) : answer;
    } catch (error) {
      return throwLocated(error);
    }
  };
}

function throwLocated(error: unknown): never {
  throw error instanceof AppError ? new GraphQLError(error.message, { originalError: error }) : error;
}

/** GraphQL wraps what a resolver throws, and Apollo what GraphQL says: this is the error at the end of the chain. */
export function originalOf(thrown: unknown): unknown {
  return thrown instanceof GraphQLError && thrown.originalError !== undefined
    ? originalOf(thrown.originalError)
    : thrown;
}

/** True for what must be reported to the log: everything but refusals, faults and requests that are wrong in themselves. */
export function isBug(thrown: unknown): boolean {
  return causeOf(thrown).kind === 'bug';
}

/** Takes the hints ("Did you mean ...?") out of a message: they tell names of the schema to whoever asks. */
export function withoutHints(message: string): string {
  return message.replace(/ ?Did you mean [\s\S]+\?$/, '');
}

/** Takes refused values out of GraphQL's message: one of them can be a password. */
export function withoutValues(message: string): string {
  return message
    .replace(/(cannot represent [^:]*): [\s\S]*$/, '$1.')
    .replace(/^(Expected value of type [^,]*), found [\s\S]*$/, '$1.')
    .replace(/^(Argument "[^"]*" has invalid value)[\s\S]*$/, '$1.')
    .replace(/\b((?:Block)?String) "[\s\S]*"/, '$1');
}

/** The code of the closed table that says best what was thrown: MALFORMED where the document or its variables are wrong. */
export function errorCodeOf(thrown: unknown): ErrorCode {
  const cause = causeOf(thrown);
  switch (cause.kind) {
    case 'known':
      return cause.error.code;
    case 'request':
      return 'MALFORMED';
    case 'bug':
      return 'INTERNAL';
  }
}

function causeOf(thrown: unknown): Cause {
  const original = originalOf(thrown);
  if (original instanceof AppError && original.kind !== 'bug') return { kind: 'known', error: original };
  if (!(thrown instanceof GraphQLError && original instanceof GraphQLError)) return { kind: 'bug', error: original };
  // GraphQL says of what is wrong with the request where in the document it is, of a value that we gave only the path.
  const isOurs = thrown.path !== undefined && original.nodes === undefined && thrown.extensions.code === undefined;
  return isOurs ? { kind: 'bug', error: original } : { kind: 'request', error: thrown };
}

function requestCode({ extensions }: GraphQLFormattedError): unknown {
  const code = extensions?.code;
  return code === undefined || code === 'INTERNAL_SERVER_ERROR' ? 'BAD_USER_INPUT' : code;
}

function extensionsOf({ code, params, path, retryAfterMs }: AppError): { readonly code: ErrorCode } {
  return {
    code,
    ...(Object.keys(params).length > 0 && { params }),
    ...(path.length > 0 && { path }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

function bugExtensions({ extensions }: GraphQLFormattedError): Readonly<Record<string, unknown>> {
  const code: ErrorCode = 'INTERNAL';
  return { code, ...(extensions?.requestId !== undefined && { requestId: extensions.requestId }) };
}
