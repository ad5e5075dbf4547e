import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createLogger, type LogOptions } from './logging.js';

describe('a log', () => {
  it('is an object per line where nobody watches', () => {
    const { logger, lines } = capture({});
    logger.info({ port: 9000 }, 'voice door open');
    expect(JSON.parse(lines()[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      port: 9000,
      msg: 'voice door open',
    });
  });

  it('is for people on a terminal', () => {
    const { logger, lines } = capture({ isTTY: true });
    logger.warn({ port: 9000, list: [1] }, 'voice door open');
    expect(lines()).toEqual([expect.stringMatching(/^\d\d:\d\d:\d\d warn {2}voice door open port=9000 list=\[1\]$/)]);
  });

  it('shows people what failed, and where', () => {
    const { logger, lines } = capture({ format: 'pretty' });
    logger.error({ err: new Error('no luck', { cause: new TypeError('no reason') }) }, 'it failed');
    expect(lines()[0]).toMatch(/^\d\d:\d\d:\d\d error it failed: no luck$/);
    expect(lines()[1]).toMatch(/^ {4}at /);
    expect(lines().join('\n')).toMatch(/\n {4}because of: no reason\n/);
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.info('not this');
    logger.warn('this');
    expect(lines()).toHaveLength(1);
  });

  it.each(['json', 'pretty'] as const)('holds no password, token, name or address, as %s', (format) => {
    const { logger, lines } = capture({ format });
    const secret = 'hunter2';
    logger.info(
      { password: secret, headers: { authorization: secret }, input: { user: { username: secret } } },
      'request',
    );
    logger.info({ remoteAddress: secret, accessToken: secret, user: { email: secret } }, 'request');
    logger.child({ address: secret }).info('request');
    const failed = Object.assign(
      new Error(
        `insert into "users" ("username") values ('${secret}') - duplicate key value violates unique constraint`,
      ),
      { code: '23505', detail: `Key (username)=(${secret}) already exists.`, params: [secret], query: secret },
    );
    logger.error({ err: failed }, 'bug');
    logger.error({ err: new Error('wrapped', { cause: failed }) }, 'bug');
    expect(lines().join('\n')).not.toContain(secret);
    expect(lines().join('\n')).toContain('duplicate key value');
  });
});

function capture(options: Partial<Omit<LogOptions, 'stream'>> & { isTTY?: boolean }) {
  let written = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  const { isTTY = false, level = 'info', format = 'auto' } = options;
  const logger = createLogger({ level, format, stream: Object.assign(stream, { isTTY }) });
  return { logger, lines: () => written.split('\n').slice(0, -1) };
}
