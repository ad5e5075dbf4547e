import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { pino } from 'pino';
import { AppError, ERROR_CODES, type ErrorCode } from '../../src/errors.js';
import { identifyRequests } from '../../src/http/request-id.js';
import { answerProblems } from '../../src/rest/problem-answers.js';
import { listen } from '../support/test-server.js';

const SECRET = 'the reason of a bug';
const CODES = Object.entries(ERROR_CODES).map(([code, { httpStatus }]) => [code as ErrorCode, httpStatus] as const);

let server: Server;
let url: string;
const logged: string[] = [];
beforeAll(async () => {
  const app = express();
  const logger = pino({ level: 'error' }, { write: (line) => logged.push(line) });
  app.use(identifyRequests);
  app.get('/bug', () => {
    throw new Error(SECRET);
  });
  app.get('/:code/:wait', ({ params: { code, wait } }) => {
    const retryAfterMs = Number(wait);
    throw new AppError(code as ErrorCode, 'Told to everybody.', wait === '0' ? {} : { retryAfterMs });
  });
  app.use(answerProblems(logger));
  server = createServer(app);
  url = await listen(server);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function get(path: string) {
  const answer = await fetch(url + path);
  const { status, headers } = answer;
  return { status, headers, body: Object(JSON.parse(await answer.text())) };
}

describe('a problem', () => {
  it.each(CODES.filter(([code]) => code !== 'INTERNAL' && code !== 'CONFLICT'))(
    'of %s is answered with %d',
    async (code, expected) => {
      const { status, headers, body } = await get(`/${code}/0`);
      expect(status).toBe(expected);
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(body).toMatchObject({ status, code, detail: 'Told to everybody.', request_id: expect.any(String) });
      expect(headers.has('www-authenticate')).toBe(status === 401);
      expect(headers.has('retry-after')).toBe(status === 429 || status === 503);
    },
  );

  it.each([
    [1, '1'],
    [1000, '1'],
    [1001, '2'],
    [60_000, '60'],
  ])('that is over in %d ms asks to wait %s s', async (waitMs, seconds) => {
    expect((await get(`/RATE_LIMITED/${waitMs}`)).headers.get('retry-after')).toBe(seconds);
    expect((await get(`/UNAVAILABLE/${waitMs}`)).headers.get('retry-after')).toBe(seconds);
  });

  it('that is a bug is logged, and not shown', async () => {
    const { status, body } = await get('/bug');
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.stringify(body)).not.toContain(SECRET);
    expect(logged.join()).toContain(SECRET);
    expect(logged.join()).toContain(body.request_id);
  });
});
