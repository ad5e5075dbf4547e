import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChannelId, userId } from '../../src/ids.js';
import { type BuiltOrganization, present, TestServer } from '../support/test-server.js';
import { PASSWORD } from '../support/test-services.js';
import {
  BansDocument,
  CreateBanDocument,
  CreateChannelDocument,
  KickSessionsDocument,
  LiftBanDocument,
  LoginDocument,
  MeDocument,
  MoveSessionsDocument,
  MuteSessionsDocument,
  OccupancyDocument,
} from './generated/graphql.js';

let server: TestServer;
let red: BuiltOrganization;
beforeAll(async () => {
  server = await TestServer.start();
  red = await server.buildOrganization();
});
afterAll(() => server.stop());

describe('a ban', () => {
  it('of a user is made with its reason, listed, enforced, and lifted', async () => {
    const { organizationId, ownerToken } = { organizationId: red.id, ownerToken: red.ownerToken };
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const input = { organizationId, userId: red.memberId, reason: 'shouting', expiresAt };
    const { createBan } = await server.execute(CreateBanDocument, { input }, ownerToken);
    expect(createBan).toMatchObject({
      ban: {
        ...{ addressRange: null, reason: 'shouting', expiresAt },
        ...{ user: { username: 'mike' }, issuedBy: { username: 'olga' } },
      },
      errors: [],
    });
    const { id } = present(createBan?.ban);
    const { organization } = await server.execute(BansDocument, { organizationId }, ownerToken);
    expect(organization?.bans.nodes).toMatchObject([{ id, reason: 'shouting' }]);
    const login = { organizationTag: red.tag, username: 'mike', password: PASSWORD };
    expect((await server.ask(LoginDocument, { input: login })).errors).toMatchObject([
      { extensions: { code: 'BANNED' } },
    ]);
    expect(await server.ask(MeDocument, {}, red.memberToken)).toMatchObject({
      status: 403,
      errors: [{ extensions: { code: 'BANNED' } }],
    });
    const { liftBan } = await server.execute(LiftBanDocument, { input: { id, reason: 'calm again' } }, ownerToken);
    expect(liftBan).toEqual({ liftedId: id, errors: [] });
    expect((await server.ask(MeDocument, {}, red.memberToken)).errors).toEqual([]);
  });

  it('of a network is kept as what it covers', async () => {
    const input = { organizationId: red.id, addressRange: '2001:db8::1:2/48' };
    const { createBan } = await server.execute(CreateBanDocument, { input }, red.ownerToken);
    expect(createBan?.ban).toMatchObject({ addressRange: '2001:db8::/48', user: null, reason: null, expiresAt: null });
  });

  it.each([
    ['of nobody', {}, 'INVALID_INPUT'],
    ['of a network and a user at once', { userId: 'member', addressRange: '192.0.2.0/24' }, 'INVALID_INPUT'],
    ['of no network', { addressRange: 'everybody' }, 'INVALID_INPUT'],
    ['of half the world', { addressRange: '128.0.0.0/1' }, 'INVALID_INPUT'],
    ['that is over', { addressRange: '192.0.2.1', expiresAt: '2020-01-01T00:00:00.000Z' }, 'INVALID_INPUT'],
    ['of the owner', { userId: 'owner' }, 'OWNER_REQUIRED'],
  ])('%s is refused', async (_name, { userId: who, ...values }: { userId?: string; addressRange?: string }, code) => {
    const ids: Record<string, string> = { member: red.memberId, owner: red.ownerId };
    const input = { organizationId: red.id, ...values, ...(who !== undefined && { userId: present(ids[who]) }) };
    const { createBan } = await server.execute(CreateBanDocument, { input }, red.ownerToken);
    expect(createBan).toMatchObject({ ban: null, errors: [{ code }] });
  });

  it('of a user of another organization, or of nobody, is NOT_FOUND', async () => {
    const blue = await server.buildOrganization();
    for (const who of [blue.memberId, '2000000000', 'nobody']) {
      const input = { organizationId: red.id, userId: who };
      const { errors } = await server.ask(CreateBanDocument, { input }, red.ownerToken);
      expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    }
  });
});

describe('sessions', () => {
  let attic: string;
  let sessionId: string;
  beforeAll(async () => {
    const input = { organizationId: red.id, name: 'Attic' };
    const { createChannel } = await server.execute(CreateChannelDocument, { input }, red.ownerToken);
    attic = present(createChannel?.channel).id;
    const { services, sessions, occupancy } = server;
    const mike = services.as(await services.users.get(services.system, userId(Number(red.memberId))));
    const session = await sessions.open(mike, { clientName: 'test' });
    sessionId = `${session.id}`;
    await occupancy.join(mike, session.id, Number(red.lobbyId) as ChannelId, '');
  });

  const placeOf = async (channelId: string, token = red.ownerToken) =>
    present((await server.execute(OccupancyDocument, { channelId }, token)).channel);

  it('are seen in the channel where they are, and counted', async () => {
    expect(await placeOf(red.lobbyId)).toEqual({
      occupancy: 1,
      sessions: {
        nodes: [
          {
            ...{ id: sessionId, muted: false, user: { username: 'mike', email: null } },
            channels: { nodes: [{ id: red.lobbyId }] },
          },
        ],
      },
    });
    expect(await placeOf(attic)).toEqual({ occupancy: 0, sessions: { nodes: [] } });
  });

  it('are not muted where there are none, or more than 100', async () => {
    for (const count of [0, 101]) {
      const input = { sessionIds: Array.from({ length: count }, (_, index) => `${index + 1}`) };
      const { muteSessions } = await server.execute(MuteSessionsDocument, { input }, red.ownerToken);
      expect(muteSessions).toMatchObject({
        ...{ results: [], errors: [{ code: 'INVALID_INPUT', path: ['input', 'sessionIds'] }] },
      });
    }
  });

  it('are muted, moved and kicked, with a result for each', async () => {
    const { ownerToken } = red;
    const mute = { sessionIds: [sessionId, '4000000000'], muted: true, reason: 'noise' };
    const { muteSessions } = await server.execute(MuteSessionsDocument, { input: mute }, ownerToken);
    expect(muteSessions).toMatchObject({
      results: [
        { sessionId, done: true, code: null, message: null },
        { sessionId: '4000000000', done: false, code: 'NOT_FOUND' },
      ],
      errors: [],
    });
    expect((await placeOf(red.lobbyId)).sessions.nodes).toMatchObject([{ muted: true }]);
    const move = { sessionIds: [sessionId], toChannelId: attic };
    const { moveSessions } = await server.execute(MoveSessionsDocument, { input: move }, ownerToken);
    expect(moveSessions?.results).toMatchObject([{ done: true }]);
    expect([(await placeOf(red.lobbyId)).occupancy, (await placeOf(attic)).occupancy]).toEqual([0, 1]);
    const denied = await server.execute(KickSessionsDocument, { input: { sessionIds: [sessionId] } }, red.memberToken);
    expect(denied.kickSessions?.results).toMatchObject([{ done: false, code: 'PERMISSION_DENIED' }]);
    const { kickSessions } = await server.execute(
      KickSessionsDocument,
      { input: { sessionIds: [sessionId] } },
      ownerToken,
    );
    expect(kickSessions?.results).toMatchObject([{ done: true }]);
    expect((await placeOf(attic)).occupancy).toBe(0);
  });
});
