import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import type { Metrics } from './metrics.js';

export interface MetricsHandlerOptions {
  readonly metrics: Metrics;
  /** What `authorization: Bearer` must say; null where nobody has to. */
  readonly token: string | null;
  readonly logger: Logger;
}

/** Answers `GET /metrics`, and nothing else. */
export function metricsHandler({ metrics, token, logger }: MetricsHandlerOptions): RequestListener {
  return async (request, response) => {
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('cache-control', 'no-store');
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    if (token !== null && !isBearer(request.headers.authorization ?? '', token)) {
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="parley metrics"' }).end();
      return;
    }
    try {
      const text = await metrics.text();
      response.setHeader('content-type', metrics.contentType);
      response.end(text);
    } catch (error) {
      logger.error({ err: error }, 'bug: the metrics cannot be told');
      response.writeHead(500).end();
    }
  };
}

/** The hashes are compared, so that the time which it takes tells nothing of the token, nor of its length. */
function isBearer(authorization: string, token: string): boolean {
  const [, given = ''] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
