import { Router } from 'express';
import type { Health } from './health.js';

/** Where the routes are mounted. */
export const HEALTH_PATH = '/health';

/**
 * What load balancers and supervisors ask, without a login, so it tells no reasons.
 *
 * - `GET /live`: 200 as long as the process answers. A restart would not mend what else is wrong.
 * - `GET /ready`: 200 where everything works, otherwise 503; the JSON says what is down.
 */
export function healthRoutes(health: Health): Router {
  const router = Router();
  router.get('/live', (_request, response) => {
    response.json({ status: 'live' });
  });
  router.get('/ready', async (_request, response) => {
    const report = await health.report();
    response.status(report.status === 'ready' ? 200 : 503).json(report);
  });
  return router;
}
