/** Writes outcomes as HTTP. */
import type { Request, Response } from 'express';
import { unreachable } from '../errors.js';
import { digestTag, isKnown, versionTag } from './entity-tag.js';
import type { Outcome } from './outcome.js';

/** Ends the response with the outcome, or with 304 where the caller has it already. */
export function sendOutcome(request: Request, response: Response, outcome: Outcome<unknown>): void {
  switch (outcome.kind) {
    case 'object': {
      const { body, version } = outcome;
      sendJson(request, response, JSON.stringify(body), version === undefined ? undefined : versionTag(version));
      break;
    }
    case 'created': {
      response.status(201).setHeader('location', request.baseUrl + outcome.location);
      sendJson(request, response, JSON.stringify(outcome.body), versionTag(outcome.version));
      break;
    }
    case 'list': {
      const text = JSON.stringify(outcome.body);
      const links = linksOf(request, outcome.limit, outcome.after);
      response.setHeader('link', links);
      sendJson(request, response, text, digestTag(text, links));
      break;
    }
    case 'nothing': {
      response.status(204).setHeader('cache-control', 'no-store');
      response.end();
      break;
    }
    default:
      unreachable(outcome);
  }
}

/** Ends the response with JSON. What is read may be kept by the caller, who has to ask each time if it still holds. */
export function sendJson(request: Request, response: Response, text: string, etag: string | undefined): void {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  response.setHeader('cache-control', isRead ? 'private, no-cache' : 'no-store');
  if (isRead) response.setHeader('vary', 'authorization, x-api-key');
  if (etag !== undefined) response.setHeader('etag', etag);
  if (isRead && etag !== undefined && isKnown(etag, request.get('if-none-match'))) {
    response.status(304).end();
    return;
  }
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.end(text);
}

function linksOf({ baseUrl, path }: Request, limit: number, after: string | null): string {
  const first = `<${baseUrl}${path}?limit=${limit}>; rel="first"`;
  return after === null ? first : `${first}, <${baseUrl}${path}?limit=${limit}&after=${after}>; rel="next"`;
}
