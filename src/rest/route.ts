/** A route of the REST door as data: the router serves it, and the OpenAPI document describes it. */
import { z } from 'zod';
import { type ErrorCode, notFound } from '../errors.js';
import { parseSerial } from '../ids.js';
import type { RequestContext } from '../request-context.js';
import { checkFields } from './field-check.js';
import type { Outcome, OutcomeOf } from './outcome.js';

type OutcomeKind = Outcome<unknown>['kind'];

/** A request to a route, checked. */
export interface Call<Path, Query, Body> {
  readonly ctx: RequestContext;
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  /** The version that the caller has read, from `If-Match`. */
  readonly expectedVersion: number | undefined;
}

interface RouteDescription {
  /** The name of the operation. */
  readonly operationId: string;
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Below the door: `/orgs/:id`. */
  readonly url: string;
  /** What it does, and who may. */
  readonly summary: string;
  /** What it may be refused for, beyond what every route may be. With CONFLICT it takes `If-Match`. */
  readonly refusals: readonly ErrorCode[];
}

/** A route with its types: what comes in, and the kind of its outcome. */
export interface RouteDefinition<
  Path extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Shown extends z.ZodType,
  Kind extends OutcomeKind,
> extends RouteDescription {
  /** The `:name`s of the url, made of {@link pathId}. */
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  readonly outcome: Kind;
  /** What is answered; in a list, one item of it. */
  readonly shown: Shown;
  /** True where nobody has to log in, and no credentials are looked at. */
  readonly isPublic?: boolean;
  readonly handle: (
    call: Call<z.output<Path>, z.output<Query>, z.output<Body>>,
  ) => Promise<OutcomeOf<Kind, z.input<Shown>>>;
}

/** A route whose types are hidden behind `run`. */
export interface Route extends RouteDescription {
  readonly path: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
  readonly outcome: OutcomeKind;
  readonly shown: z.ZodType;
  readonly isPublic: boolean;
  /** Checks the request and does it. Throws AppError or InvalidFields. */
  readonly run: (call: Call<unknown, unknown, unknown>) => Promise<Outcome<unknown>>;
}

/** The path of a route without ids, and the query of one without parameters. */
export const NO_PARAMETERS = z.strictObject({});
/** The body of a route that takes none, and what a route shows that answers nothing. */
export const NO_BODY = z.undefined();

export function defineRoute<
  Path extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Shown extends z.ZodType,
  Kind extends OutcomeKind,
>(definition: RouteDefinition<Path, Query, Body, Shown, Kind>): Route {
  const { path, query, body, handle, isPublic = false } = definition;
  return {
    ...definition,
    isPublic,
    run: async (call) =>
      handle({
        ...call,
        path: checkFields(path, call.path),
        query: checkFields(query, call.query),
        body: checkFields(body, call.body),
      }),
  };
}

/** An id in a path. Text that cannot be one is NOT_FOUND, as an id that nothing has. */
export function pathId<Id extends number>(noun: string, brand: (serial: number) => Id) {
  return z.string().transform((text) => {
    const serial = parseSerial(text);
    if (serial === undefined) throw notFound(noun);
    return brand(serial);
  });
}
