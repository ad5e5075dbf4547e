import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { Housekeeping } from '../../src/housekeeping.js';
import { TestServices } from '../support/test-services.js';

let services: TestServices;
beforeAll(async () => {
  services = await TestServices.create();
});
afterAll(() => services.drop());

const count = (table: string) =>
  services.test.database.read(services.system, async (em) => {
    const [row] = await em.execute<{ count: number }[]>(`select count(*)::int as count from ${table}`);
    return row?.count;
  });

describe('housekeeping', () => {
  it('deletes what has had its time, and nothing else', async () => {
    const { organization, admin } = await services.admin('red');
    await services.roles.create({ ...admin, idempotencyKey: 'old' }, organization.id, { name: 'old', permissions: 1 });
    await services.roles.create({ ...admin, idempotencyKey: 'new' }, organization.id, { name: 'new', permissions: 1 });
    const user = await services.user(organization, 'alice');
    await services.auth.loginAs(services.system, user);
    const entries = await count('audit_entries');
    await services.test.database.write(services.system, async ({ em }) => {
      await em.execute(
        "update idempotency_keys set created_at = localtimestamp - interval '25 hours' where key = 'old'",
      );
      await em.execute(
        "update audit_entries set created_at = localtimestamp - interval '31 days' where action = 'role_created'",
      );
      await em.execute("update refresh_tokens set expires_at = localtimestamp - interval '1 second'");
    });
    const { database } = services.test;
    const options = { database, audit: services.audit, auditRetentionDays: 30, logger: pino({ level: 'silent' }) };
    await new Housekeeping(options).stop();
    expect(await count('idempotency_keys')).toBe(1);
    expect(await count('refresh_tokens')).toBe(0);
    expect(await count('audit_entries')).toBe((entries ?? 0) - 2);
  });
});
