import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Organization } from '../../src/organizations/organization.entity.js';
import type { RequestContext } from '../../src/request-context.js';
import { TestServices } from '../support/test-services.js';

let services: TestServices;
let red: Organization;
let admin: RequestContext;
beforeAll(async () => {
  services = await TestServices.create();
  ({ organization: red, admin } = await services.admin('red'));
});
afterAll(() => services.drop());

function keyed(idempotencyKey: string): RequestContext {
  return { ...admin, idempotencyKey };
}

describe('a creation with an idempotency key', () => {
  it('makes one object, however often it comes', async () => {
    const input = { name: 'Games', password: 'sesame' };
    const first = await services.channels.create(keyed('a'), red.id, input);
    const again = await services.channels.create(keyed('a'), red.id, input);
    expect(again.id).toBe(first.id);
  });

  it('makes one object when it comes many times at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 10 }, () =>
        services.users.create(keyed('b'), red.id, { username: 'bob', password: 'secret password' }),
      ),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  });

  it('is refused for another request, and where its object is gone', async () => {
    const role = await services.roles.create(keyed('c'), red.id, { name: 'one', permissions: 1 });
    const conflict = { code: 'CONFLICT', path: ['input', 'idempotencyKey'] };
    await expect(services.roles.create(keyed('c'), red.id, { name: 'two', permissions: 1 })).rejects.toMatchObject(
      conflict,
    );
    await expect(services.channels.create(keyed('c'), red.id, { name: 'one' })).rejects.toMatchObject(conflict);
    await services.roles.delete(admin, role.id);
    await expect(services.roles.create(keyed('c'), red.id, { name: 'one', permissions: 1 })).rejects.toMatchObject(
      conflict,
    );
  });

  it('has nothing to do with the keys of others', async () => {
    const blue = await services.admin('blue');
    const ours = await services.channels.create(keyed('d'), red.id, { name: 'Same' });
    const theirs = await services.channels.create({ ...blue.admin, idempotencyKey: 'd' }, blue.organization.id, {
      name: 'Same',
    });
    expect(theirs.id).not.toBe(ours.id);
  });

  it('leaves the key free when it fails', async () => {
    await services.channels.create(admin, red.id, { name: 'Taken' });
    await expect(services.channels.create(keyed('e'), red.id, { name: 'Taken' })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    await services.channels.create(keyed('e'), red.id, { name: 'Free' });
  });

  it('may use the key again after a day', async () => {
    const first = await services.channels.create(keyed('f'), red.id, { name: 'Yesterday' });
    await services.test.database.write(services.system, async ({ em }) => {
      await em.execute("update idempotency_keys set created_at = localtimestamp - interval '25 hours' where key = 'f'");
    });
    const second = await services.channels.create(keyed('f'), red.id, { name: 'Today' });
    expect(second.id).not.toBe(first.id);
  });

  it.each(['', 'x'.repeat(129), 'with space', 'ünïcode', 'new\nline'])('refuses the key %j', async (key) => {
    await expect(services.channels.create(keyed(key), red.id, { name: 'Key' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });
});
