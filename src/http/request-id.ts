import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';

const HEADER = 'x-request-id';
const SANE = /^[A-Za-z0-9-]{1,64}$/;

/** Gives each request an id, the caller's own where it is a sane one, and tells it in the answer's `x-request-id`. */
export const identifyRequests: RequestHandler = (request, response, next) => {
  const given = request.get(HEADER);
  const requestId = given !== undefined && SANE.test(given) ? given : randomUUID();
  response.locals.requestId = requestId;
  response.setHeader(HEADER, requestId);
  next();
};
