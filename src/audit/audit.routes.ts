/** The audit log as a file, for tools that keep it elsewhere. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { AppError } from '../errors.js';
import { type Authenticator, authenticate } from '../http/authentication.js';
import { requestIdOf, sendProblem } from '../http/problem.js';
import { noteOf } from '../http/request-note.js';
import { organizationId, userId } from '../ids.js';
import type { RequestContext } from '../request-context.js';
import { checkFields } from '../rest/field-check.js';
import { serial } from '../rest/field-types.js';
import { answerProblems } from '../rest/problem-answers.js';
import { pathId } from '../rest/route.js';
import type { AuditFilter, AuditService } from './audit.service.js';
import type { AuditEntry } from './audit-entry.entity.js';
import { AUDIT_ACTIONS, AUDIT_TARGETS } from './audit-record.js';

/** Where the routes are mounted. */
export const EXPORT_PATH = '/export';

export interface AuditRoutesOptions {
  readonly audit: AuditService;
  /** Who a token speaks for, from an address. */
  readonly authenticate: (token: string, remoteAddress: string | null) => ReturnType<Authenticator>;
  readonly logger: Logger;
}

/**
 * `GET /audit/:organization_id`: the audit log of an organization, the newest entry first, as `application/x-ndjson`, one
 * object in each line with the names of the database columns. `platform` instead of an id is the log of what belongs to no
 * organization. Needs MANAGE; the query narrows it down: `actor_id`, `action` (any number), `target_type`, `target_id`,
 * `since`, `until`. A file that breaks off was not complete.
 */
export function auditRoutes(options: AuditRoutesOptions): Router {
  const router = Router();
  router.get('/audit/:organization_id', exportLog(options));
  router.all('/audit/:organization_id', (_request, response) => {
    response.setHeader('allow', 'GET');
    sendProblem(response, { code: 'MALFORMED', status: 405, detail: 'The method here is GET.' });
  });
  router.use((_request, response) => sendProblem(response, { code: 'NOT_FOUND', detail: 'There is no such path.' }));
  router.use(answerProblems(options.logger));
  return router;
}

const PLATFORM = 'platform';

const pathOf = z.strictObject({
  organization_id: z.union([z.literal(PLATFORM).transform(() => null), pathId('organization', organizationId)]),
});

const queryOf = z.strictObject({
  actor_id: number(serial).optional(),
  // One value of a query is no list.
  action: z.preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z.array(z.enum(AUDIT_ACTIONS)).max(AUDIT_ACTIONS.length).optional(),
  ),
  target_type: z.enum(AUDIT_TARGETS).optional(),
  target_id: number(z.int().min(1)).optional(),
  since: z.iso.datetime({ offset: true }).optional(),
  until: z.iso.datetime({ offset: true }).optional(),
});

function number(schema: z.ZodType<number, number>) {
  return z
    .string()
    .regex(/^[0-9]{1,10}$/, 'It must be a whole number.')
    .transform(Number)
    .pipe(schema);
}

function exportLog({ audit, authenticate: speakerOf, logger }: AuditRoutesOptions): RequestHandler {
  return async (request, response) => {
    const ctx = await contextOf(request, response, speakerOf);
    const { organization_id: id } = checkFields(pathOf, request.params);
    const entries = audit.export(ctx, id, toFilter(checkFields(queryOf, request.query)));
    // Whoever may not read it is told so before anything is sent.
    const first = await entries.next();
    response.setHeader('content-type', 'application/x-ndjson');
    response.setHeader('content-disposition', `attachment; filename="audit-${id ?? PLATFORM}.ndjson"`);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    try {
      await pipeline(Readable.from(linesOf(first, entries)), response);
    } catch (error) {
      if (!isGone(error))
        logger.error({ err: error, requestId: ctx.requestId }, 'an export of the audit log broke off');
      response.destroy();
    }
  };
}

async function contextOf(
  request: Request,
  response: Response,
  speakerOf: AuditRoutesOptions['authenticate'],
): Promise<RequestContext> {
  const remoteAddress = request.socket.remoteAddress ?? null;
  const actor = await authenticate(request, (token) => speakerOf(token, remoteAddress));
  if (actor.kind === 'anonymous') throw new AppError('UNAUTHENTICATED', 'Log in first.');
  noteOf(response).askedBy(actor);
  return { actor, door: 'rest', requestId: requestIdOf(response), remoteAddress };
}

function toFilter({ actor_id, action, target_type, target_id, since, until }: z.output<typeof queryOf>): AuditFilter {
  return {
    actorId: actor_id === undefined ? undefined : userId(actor_id),
    actions: action,
    targetType: target_type,
    targetId: target_id,
    since: since === undefined ? undefined : new Date(since),
    until: until === undefined ? undefined : new Date(until),
  };
}

async function* linesOf(
  first: IteratorResult<AuditEntry, unknown>,
  rest: AsyncGenerator<AuditEntry>,
): AsyncGenerator<string> {
  if (first.done === true) return;
  yield lineOf(first.value);
  for await (const entry of rest) yield lineOf(entry);
}

function lineOf(entry: AuditEntry): string {
  const shown = {
    id: entry.id,
    org_id: entry.organizationId,
    actor_id: entry.actorId,
    actor_name: entry.actorName,
    door: entry.door,
    action: entry.action,
    target_type: entry.targetType,
    target_id: entry.targetId,
    before: entry.before,
    after: entry.after,
    reason: entry.reason,
    request_id: entry.requestId,
    created_at: entry.createdAt.toISOString(),
  };
  return `${JSON.stringify(shown)}\n`;
}

/** True where the caller has gone away in the middle. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
