import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Channel } from '../../src/channels/channel.entity.js';
import { ChannelAcl } from '../../src/channels/channel-acl.entity.js';
import { userId } from '../../src/ids.js';
import { Organization } from '../../src/organizations/organization.entity.js';
import { ANONYMOUS, type RequestContext, systemContext, type UserActor } from '../../src/request-context.js';
import { Role } from '../../src/roles/role.entity.js';
import { UserRole } from '../../src/roles/user-role.entity.js';
import { User } from '../../src/users/user.entity.js';
import { TestDatabase } from '../support/test-database.js';

/** What a resolver could do that has forgotten every condition. */
const countAll = (em: EntityManager) =>
  Promise.all([
    em.count(Organization, {}),
    em.count(User, {}),
    em.count(Role, {}),
    em.count(Channel, {}),
    em.count(UserRole, {}),
    em.count(ChannelAcl, {}),
  ]);

describe('the second wall between tenants', () => {
  let test: TestDatabase;
  let red: Organization;
  let blue: Organization;
  beforeAll(async () => {
    test = await TestDatabase.create();
    red = await furnish('red');
    blue = await furnish('blue');
  });
  afterAll(() => test.drop());

  async function furnish(tag: string): Promise<Organization> {
    return test.database.write(systemContext('test'), async ({ em }) => {
      const organization = em.create(Organization, { name: tag, tag });
      await em.persist(organization).flush();
      const organizationId = organization.id;
      const user = em.create(User, { organizationId, username: tag, usernameKey: tag });
      const role = em.create(Role, { organizationId, name: tag, permissions: 7 });
      const channel = em.create(Channel, { organizationId, name: tag, nameKey: tag });
      await em.persist([user, role, channel]).flush();
      em.create(UserRole, { userId: user.id, roleId: role.id });
      em.create(ChannelAcl, { channelId: channel.id, roleId: role.id, permissions: 1 });
      return organization;
    });
  }

  it('gives a user who forgets every condition nothing but the own organization', async () => {
    const found = await test.database.read(asUserOf(red), (em) => em.find(Channel, {}));
    expect(found.map(({ name }) => name)).toEqual(['red']);
    expect(await test.database.read(asUserOf(red), countAll)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('gives a user nothing of another organization, asked for by its very id', async () => {
    const foreign = await test.database.read(asUserOf(red), (em) => em.findOne(Organization, { id: blue.id }));
    expect(foreign).toBeNull();
  });

  it('lets a user neither change nor delete what is not the own', async () => {
    await test.database.write(asUserOf(red), async ({ em }) => {
      await em.nativeUpdate(Channel, {}, { description: 'mine' });
      await em.nativeDelete(ChannelAcl, {});
    });
    const all = await test.database.read(systemContext('test'), (em) =>
      em.find(Channel, {}, { orderBy: { id: 'asc' } }),
    );
    expect(all.map(({ description }) => description)).toEqual(['mine', null]);
    expect(await test.database.read(asUserOf(blue), (em) => em.count(ChannelAcl, {}))).toBe(1);
    expect(await test.database.read(asUserOf(red), (em) => em.count(ChannelAcl, {}))).toBe(0);
  });

  it('gives nobody who is not known anything, nor a platform user who is no admin', async () => {
    const nobody: RequestContext = { ...systemContext('test'), actor: ANONYMOUS };
    expect(await test.database.read(nobody, countAll)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await test.database.read(asUserOf(null), countAll)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('hides nothing from a platform admin', async () => {
    expect(await test.database.read(asUserOf(null, true), (em) => em.count(Organization, {}))).toBe(2);
  });

  it('does not mix the organizations of requests that come at once', async () => {
    const asked = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? red : blue));
    const names = await Promise.all(
      asked.map((organization) =>
        test.database.read(asUserOf(organization), async (em) =>
          (await em.find(User, {})).map(({ username }) => username),
        ),
      ),
    );
    expect(names).toEqual(asked.map(({ tag }) => [tag]));
  });

  function asUserOf(organization: Organization | null, platformAdmin = false): RequestContext {
    const actor: UserActor = {
      kind: 'user',
      userId: userId(1),
      organizationId: organization?.id ?? null,
      username: 'somebody',
      platformAdmin,
      credential: { tokenVersion: 0, loginId: null, apiKey: null },
      scopes: null,
    };
    return { ...systemContext('test'), actor };
  }
});
