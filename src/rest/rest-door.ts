import type { Socket } from 'node:net';
import express, { type Request, type RequestHandler, type Router } from 'express';
import type { Logger } from 'pino';
import { authRoutes } from '../auth/auth.routes.js';
import type { AuthService } from '../auth/auth.service.js';
import { channelRoutes } from '../channels/channel.routes.js';
import type { ChannelService } from '../channels/channel.service.js';
import { AppError } from '../errors.js';
import { authenticate } from '../http/authentication.js';
import { readJson, requireJson } from '../http/json-body.js';
import { requestIdOf, sendProblem } from '../http/problem.js';
import { noteOf } from '../http/request-note.js';
import { traceParentOf } from '../http/request-trace.js';
import { occupancyRoutes } from '../occupancy/occupancy.routes.js';
import type { OccupancyService } from '../occupancy/occupancy.service.js';
import { organizationRoutes } from '../organizations/organization.routes.js';
import type { OrganizationService } from '../organizations/organization.service.js';
import { type Actor, ANONYMOUS, type RequestContext } from '../request-context.js';
import type { RoleService } from '../roles/role.service.js';
import { sessionRoutes } from '../sessions/session.routes.js';
import type { SessionService } from '../sessions/session.service.js';
import type { VoiceQualityService } from '../sessions/voice-quality.service.js';
import { userRoutes } from '../users/user.routes.js';
import type { UserService } from '../users/user.service.js';
import { sendJson, sendOutcome } from './answer.js';
import { digestTag, expectedVersionOf, requireNoneMatchOnReadsOnly } from './entity-tag.js';
import { openApiDocument } from './openapi.js';
import { answerProblems } from './problem-answers.js';
import { REASON_HEADER, reasonOf } from './reason.js';
import { NO_BODY, type Route } from './route.js';

export interface RestServices {
  readonly auth: AuthService;
  readonly organizations: OrganizationService;
  readonly users: UserService;
  readonly roles: RoleService;
  readonly channels: ChannelService;
  readonly sessions: SessionService;
  readonly voiceQuality: VoiceQualityService;
  readonly occupancy: OccupancyService;
}

/** Where the door is mounted. */
export const REST_PATH = '/api/v1';

/** The REST door, to be mounted at {@link REST_PATH} behind `identifyRequests`. */
export function createRestRouter(services: RestServices, logger: Logger): Router {
  const routes = restRoutes(services);
  const router = express.Router();
  const document = JSON.stringify(openApiDocument(routes, REST_PATH));
  router.get('/openapi.json', (request, response) => sendJson(request, response, document, digestTag(document)));
  for (const route of routes) router[route.method](route.url, ...serve(route, services.auth));
  for (const [url, methods] of methodsByUrl(routes)) router.all(url, refuseMethod(methods));
  router.all('/openapi.json', refuseMethod(['get']));
  router.use((_request, response) => sendProblem(response, { code: 'NOT_FOUND', detail: 'There is no such path.' }));
  router.use(answerProblems(logger));
  return router;
}

/** All routes of the door. */
export function restRoutes(services: RestServices): readonly Route[] {
  return [
    ...authRoutes(services),
    ...organizationRoutes(services),
    ...channelRoutes(services),
    ...userRoutes(services),
    ...sessionRoutes(services),
    ...occupancyRoutes(services),
  ];
}

type Handler = RequestHandler<Request['params'], unknown, unknown, Request['query'], { actor: Actor }>;

/** Who nobody knows is refused before anything else of the request is looked at. */
function serve(route: Route, auth: AuthService): Handler[] {
  const identify: Handler = async (request, response, next) => {
    const actor = route.isPublic ? ANONYMOUS : await requireActor(request, auth);
    response.locals.actor = actor;
    noteOf(response).askedBy(actor);
    next();
  };
  const run: Handler = async (request, response) => {
    const { params: path, query, body } = request;
    const ctx: RequestContext = {
      actor: response.locals.actor,
      door: 'rest',
      requestId: requestIdOf(response),
      remoteAddress: addressOf(request),
      traceParent: traceParentOf(response),
      reason: request.method === 'GET' ? undefined : reasonOf(request.get(REASON_HEADER)),
      idempotencyKey: request.method === 'POST' ? request.get('idempotency-key') : undefined,
    };
    requireNoneMatchOnReadsOnly(request.method, request.get('if-none-match'));
    const expectedVersion = expectedVersionOf(request.get('if-match'));
    sendOutcome(request, response, await route.run({ ctx, path, query, body, expectedVersion }));
  };
  return route.body === NO_BODY ? [identify, run] : [identify, requireJson, readJson(), run];
}

async function requireActor(request: Request, auth: AuthService): Promise<Actor> {
  const actor = await authenticate(request, (token) => auth.authenticate(token, addressOf(request)));
  if (actor.kind === 'anonymous') throw new AppError('UNAUTHENTICATED', 'Log in first.');
  return actor;
}

function addressOf({ socket }: { readonly socket: Socket }): string | null {
  return socket.remoteAddress ?? null;
}

function methodsByUrl(routes: readonly Route[]): ReadonlyMap<string, readonly Route['method'][]> {
  const methods = new Map<string, Route['method'][]>();
  for (const { url, method } of routes) methods.set(url, [...(methods.get(url) ?? []), method]);
  return methods;
}

/** Answers every method that the url does not have, and OPTIONS. */
function refuseMethod(methods: readonly Route['method'][]): RequestHandler {
  const allowed = [...methods, ...(methods.includes('get') ? ['head'] : []), 'options'];
  const allow = allowed.map((method) => method.toUpperCase()).join(', ');
  return (request, response) => {
    response.setHeader('allow', allow);
    if (request.method === 'OPTIONS') response.status(204).end();
    else sendProblem(response, { code: 'MALFORMED', status: 405, detail: `The methods here are ${allow}.` });
  };
}
