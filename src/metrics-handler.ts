import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import type { Metrics } from './metrics.js';

/** Answers `GET /metrics`, and nothing else. */
export function metricsHandler(metrics: Metrics, logger: Logger): RequestListener {
  return async (request, response) => {
    response.setHeader('x-content-type-options', 'nosniff');
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
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
