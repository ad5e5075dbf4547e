import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pagesOfLists } from '../../src/database/list-pages.js';
import { type OrganizationId, organizationId } from '../../src/ids.js';
import { Role } from '../../src/roles/role.entity.js';
import { TestServices } from '../support/test-services.js';

const NOBODY = organizationId(2_000_000_000);

describe('pages of several lists', () => {
  let services: TestServices;
  let red: OrganizationId;
  let blue: OrganizationId;
  beforeAll(async () => {
    services = await TestServices.create();
    [red, blue] = [(await services.organization('red')).id, (await services.organization('blue')).id];
    for (const name of ['a', 'b', 'c']) await services.roles.create(services.system, red, { name, permissions: 1 });
  });
  afterAll(() => services.drop());

  const roles = (keys: readonly OrganizationId[], first: number, ctx = services.system, newestFirst = false) =>
    services.test.database.read(ctx, async (em) => {
      const list = { column: 'org_id', keyOf: (role: Role) => role.organizationId, keys, newestFirst };
      const pages = await pagesOfLists(em, Role, { ...list, page: { first, after: null } });
      return [...pages].map(([key, { items, hasNextPage }]) => [key, items.map(({ name }) => name), hasNextPage]);
    });

  it('are each as long as was asked for, in the order of the ids', async () => {
    expect(await roles([blue, NOBODY, red], 3)).toEqual([
      [blue, ['admin', 'member'], false],
      [NOBODY, [], false],
      [red, ['admin', 'member', 'a'], true],
    ]);
    expect(await roles([red, blue], 1, services.system, true)).toEqual([
      [red, ['c'], true],
      [blue, ['member'], true],
    ]);
  });

  it('are empty where there are no lists', async () => {
    expect(await roles([], 3)).toEqual([]);
  });

  it('show nothing of another organization, whatever the keys are', async () => {
    const { admin } = await services.admin('green');
    expect(await roles([red, blue], 3, admin)).toEqual([
      [red, [], false],
      [blue, [], false],
    ]);
  });
});
