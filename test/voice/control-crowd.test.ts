import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { RawControl } from './raw-control.js';
import { VoiceWorld } from './voice-world.js';

const CROWD = 250;
const PLACES = 50;
/** How many log in at once. */
const RUSH = 50;
/** They come one after the other and wait for the last, without a ping. */
const PATIENCE_MS = 120_000;

let world: VoiceWorld;
let organization: Organization;
let lobby: ChannelId;
beforeAll(async () => {
  world = await VoiceWorld.open({ maxConnections: CROWD, maxUsersPerChannel: PLACES, idleTimeoutMs: PATIENCE_MS });
  ({ organization, lobby } = await world.organization('crowd'));
});
afterAll(() => world.close());

describe('a crowd', () => {
  it(
    'who join at once leave exactly as many in as fit, and everybody sees the same',
    async () => {
      const tokens = await accessTokens();
      const people: RawControl[] = [];
      for (let done = 0; done < CROWD; done += RUSH) {
        people.push(...(await Promise.all(tokens.slice(done, done + RUSH).map(enter))));
      }
      const requests = people.map((person) => person.send({ case: 'join', value: { channelId: lobby } }));
      const answers = await Promise.all(people.map((person, index) => person.answerTo(requests[index] ?? 0)));
      expect(answers.filter((answer) => answer.case === 'done')).toHaveLength(PLACES);
      expect(answers.filter((answer) => answer.case === 'refused')).toHaveLength(CROWD - PLACES);
      expect(new Set(people.flatMap(({ refusals }) => refusals))).toEqual(new Set(['CHANNEL_FULL']));

      const members = new Set<number>(await world.occupancyStore.members(lobby));
      expect(members.size).toBe(PLACES);
      const inside = people.filter(({ cases }) => cases.includes('channelKey'));
      expect(inside).toHaveLength(PLACES);
      expect((await world.relay.counters()).sessions).toBe(CROWD);
      for (const person of people) {
        await eventually(() => {
          const { sessions, occupied } = viewOf(person);
          return sessions === CROWD && occupied.size === PLACES && [...occupied].every((id) => members.has(id));
        });
      }
      await Promise.all(people.map((person) => person.close()));
      await eventually(() => world.registry.size === 0);
      expect(await world.occupancyStore.members(lobby)).toEqual([]);
      await eventually(async () => (await world.relay.counters()).sessions === 0);
      expect(world.complaints).toEqual([]);
    },
    PATIENCE_MS,
  );
});

/** Access tokens of as many users, made without the work of hashing as many passwords. */
async function accessTokens(): Promise<readonly string[]> {
  const { test, auth, system } = world.services;
  const users = await test.database.write(system, async ({ em }) => {
    await em.execute(
      `insert into users (org_id, username, username_key)
       select ?, 'user' || n, 'user' || n from generate_series(1, ?) as n`,
      [organization.id, CROWD],
    );
    await em.execute(
      `insert into user_roles (user_id, role_id)
       select u.id, r.id from users u join roles r on r.org_id = u.org_id and r.name = 'member' where u.org_id = ?`,
      [organization.id],
    );
    return em.find(User, { organizationId: organization.id });
  });
  const tokens: string[] = [];
  for (let done = 0; done < CROWD; done += 20) {
    const logins = await Promise.all(users.slice(done, done + 20).map((user) => auth.loginAs(system, user)));
    tokens.push(...logins.map(({ accessToken }) => accessToken));
  }
  return tokens;
}

async function enter(token: string): Promise<RawControl> {
  const raw = await RawControl.open(world.door.port);
  const credentials = { case: 'accessToken', value: token } as const;
  const answer = await raw.request({ case: 'login', value: { protocolVersion: 1, credentials } });
  expect(answer.case).toBe('welcome');
  return raw;
}

/** What a client knows of the others from what it was told. */
function viewOf({ received }: RawControl): { readonly sessions: number; readonly occupied: ReadonlySet<number> } {
  const sessions = new Map<number, boolean>();
  for (const { body } of received) {
    if (body.case === 'sessionState') sessions.set(body.value.sessionId, body.value.channelIds.length > 0);
    if (body.case === 'sessionRemoved') sessions.delete(body.value.sessionId);
  }
  return { sessions: sessions.size, occupied: new Set([...sessions].flatMap(([id, isIn]) => (isIn ? [id] : []))) };
}
