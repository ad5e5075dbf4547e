import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { channelId } from '../../src/ids.js';
import type { User } from '../../src/users/user.entity.js';
import { RestWorld } from './rest-world.js';

let world: RestWorld;
beforeAll(async () => {
  world = await RestWorld.create();
});
afterAll(() => world.end());

/** A voice session of the user in the organization's first channel. */
async function talk(user: User): Promise<{ readonly sessionId: number; readonly lobby: number }> {
  const ctx = world.services.as(user);
  const session = await world.sessions.open({ ...ctx, door: 'voice' }, { clientName: 'Test 1.0' });
  const { items } = await world.services.channels.list(ctx, session.organizationId, { first: 1, after: null });
  const lobby = channelId(items[0]?.id ?? 0);
  await world.occupancy.join(ctx, session.id, lobby, '');
  return { sessionId: session.id, lobby };
}

describe('sessions', () => {
  it('are listed with the channels that they are in', async () => {
    const { organization, admin, memberUser } = await world.tenant();
    const { sessionId, lobby } = await talk(memberUser);
    const answer = await admin.get(`/orgs/${organization.id}/sessions`);
    expect(answer).toMatchObject({
      status: 200,
      body: [
        {
          id: sessionId,
          org_id: organization.id,
          user_id: memberUser.id,
          username: 'member',
          door: 'voice',
          client_name: 'Test 1.0',
          self_muted: false,
          self_deafened: false,
          channel_ids: [lobby],
        },
      ],
    });
  });

  it('are counted page by page', async () => {
    const { organization, admin } = await world.tenant();
    const talkers = [];
    for (const name of ['a', 'b', 'c']) talkers.push(await talk(await world.services.user(organization, name)));
    const first = await admin.get(`/orgs/${organization.id}/sessions?limit=2`);
    const after = /after=([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1];
    const second = await admin.get(`/orgs/${organization.id}/sessions?limit=2&after=${after}`);
    const ids = [first, second].flatMap(({ body }) => Object.values(Object(body)).map((each) => Object(each).id));
    expect(ids).toEqual(talkers.map(({ sessionId }) => sessionId));
    expect(second.body).toHaveLength(1);
  });

  it('show who is in a channel, until they leave', async () => {
    const { organization, member, memberUser } = await world.tenant();
    const other = await world.services.user(organization, 'other');
    const { lobby, sessionId } = await talk(other);
    await talk(memberUser);
    const path = `/channels/${lobby}/users`;
    const both = await member.get(path);
    expect(both.body).toMatchObject([
      { id: memberUser.id, username: 'member' },
      { id: other.id, username: 'other', session_id: sessionId, org_id: organization.id },
    ]);
    expect((await member.get(`${path}?limit=1`)).body).toMatchObject([{ id: memberUser.id }]);
    await world.sessions.closeOfUser(world.services.system, memberUser.id, 'disconnected');
    expect((await member.get(path)).body).toMatchObject([{ id: other.id }]);
  });

  it('of others are not shown', async () => {
    const [red, blue] = await Promise.all([world.tenant(), world.tenant()]);
    const { lobby } = await talk(red.memberUser);
    expect((await blue.owner.get(`/orgs/${red.organization.id}/sessions`)).status).toBe(404);
    expect((await blue.owner.get(`/channels/${lobby}/users`)).status).toBe(404);
    expect((await blue.owner.get(`/orgs/${blue.organization.id}/sessions`)).body).toEqual([]);
    expect((await world.platformAdmin.get(`/channels/${lobby}/users`)).body).toHaveLength(1);
  });
});
