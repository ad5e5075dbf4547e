import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Database } from '../../src/database/database.js';
import { systemContext } from '../../src/request-context.js';
import { eventually } from '../support/eventually.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { TestDatabase } from '../support/test-database.js';

const CTX = systemContext('test');
const UNAVAILABLE = { code: 'UNAVAILABLE', retryAfterMs: 1000 };

describe('a database that gives no sign of life', () => {
  let test: TestDatabase;
  let proxy: FaultProxy;
  let database: Database;

  beforeEach(async () => {
    test = await TestDatabase.create();
    const { host, port, user, database: name } = test.connection;
    proxy = await FaultProxy.start({ path: `${host}/.s.PGSQL.${port}` });
    const url = `postgresql://${user}@127.0.0.1:${proxy.port}/${name}`;
    const logger = pino({ level: 'silent' });
    const connection = { kind: 'url' as const, url };
    database = await Database.connect({ connection, maxConnections: 3, events: test.events, logger });
  });
  afterEach(async () => {
    await database.close();
    await proxy.close();
    await test.drop();
  });

  const ask = (statement = 'select 1') => database.read(CTX, (em) => em.execute(statement));

  it('keeps nobody waiting, more than there are connections, and is used again once it answers', async () => {
    await ask();
    proxy.stall();
    const waiting = Array.from({ length: 10 }, () => ask());
    for (const each of waiting) await expect(each).rejects.toMatchObject(UNAVAILABLE);
    // Now it is known: who comes is refused at once, and nothing is sent.
    const before = proxy.connections;
    const refused = await Promise.allSettled(Array.from({ length: 100 }, () => ask()));
    expect(refused.every(({ status }) => status === 'rejected')).toBe(true);
    expect(proxy.connections - before).toBeLessThan(5);
    proxy.mend();
    await eventually(() =>
      ask().then(
        () => true,
        () => false,
      ),
    );
    await Promise.all(Array.from({ length: 10 }, () => ask('select pg_sleep(0.01)')));
  });

  it('is waited for as long as it is merely slow', async () => {
    await Promise.all(Array.from({ length: 4 }, () => ask('select pg_sleep(2)')));
  });

  it('is refused at once where it refuses connections, until it takes them again', async () => {
    await ask();
    proxy.cut();
    await expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await eventually(() =>
      ask().then(
        () => false,
        (error: { readonly retryAfterMs?: number }) => error.retryAfterMs === 1000,
      ),
    );
    proxy.mend();
    await eventually(() =>
      ask().then(
        () => true,
        () => false,
      ),
    );
  });
});
