import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { VoiceClient } from '../../src/client/voice-client.js';
import type { TextEvent } from '../../src/client/voice-client-events.js';
import type { ChannelId } from '../../src/ids.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { Permission } from '../../src/permissions/bits.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { DatabaseGate } from './database-gate.js';
import { VoiceWorld } from './voice-world.js';

let gate: DatabaseGate;
let world: VoiceWorld;
let organization: Organization;
let users: readonly User[];
let lobby: ChannelId;
beforeAll(async () => {
  [gate, world] = await DatabaseGate.around(() => VoiceWorld.open());
  ({ organization, users, lobby } = await world.organization('demo', 'alice', 'bob', 'carol'));
  await world.organization('other', 'mallory');
});
afterEach(() => world.disconnectAll());
afterAll(async () => {
  await world.close();
  await gate.remove();
});

describe('a text to a channel', () => {
  it('reaches all who are in it, deafened ones too, and neither its sender nor anybody else', async () => {
    const [alice, bob, carol] = await connected('alice', 'bob', 'carol');
    const mallory = await world.connect('other', 'mallory');
    for (const client of [alice, bob]) await client.join(lobby);
    await bob.setSelfState({ muted: true, deafened: true });
    const [byAlice, byBob] = [textsOf(alice), textsOf(bob)];
    const byOthers = [textsOf(carol), textsOf(mallory)];
    await alice.sendText({ channelId: lobby }, 'Grüß euch!\nSeid ihr da?');
    await bob.sendText({ channelId: lobby }, 'Ja.');
    await eventually(() => byAlice.length === 1 && byBob.length === 1);
    const { sessionId, userId, username } = alice.identity;
    expect(byBob).toEqual([{ sessionId, userId, username, channelId: lobby, text: 'Grüß euch!\nSeid ihr da?' }]);
    expect(byAlice).toMatchObject([{ username: 'bob', text: 'Ja.' }]);
    expect(byOthers).toEqual([[], []]);
  });

  it('can be written from outside by whoever holds JOIN, but not past its password', async () => {
    const { channels, acl, roles, system } = world.services;
    const vault = await channels.create(system, organization.id, { name: 'Vault', password: 'sesame' });
    const closed = await channels.create(system, organization.id, { name: 'Closed' });
    const warden = await roles.create(system, organization.id, { name: 'warden', permissions: 0 });
    await acl.setEntry(system, closed.id, warden.id, Permission.JOIN);
    const [alice, bob] = await connected('alice', 'bob');
    await alice.sendText({ channelId: lobby }, 'Hello?');
    await expect(alice.sendText({ channelId: closed.id }, 'x')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(alice.sendText({ channelId: vault.id }, 'x')).rejects.toMatchObject({ code: 'PASSWORD_REQUIRED' });
    await bob.join(vault.id, 'sesame');
    await alice.join(vault.id, 'sesame');
    const heard = textsOf(bob);
    await alice.sendText({ channelId: vault.id }, 'Open.');
    await eventually(() => heard.length === 1);
  });

  it('is refused at once when the right is taken', async () => {
    const { channels, acl, system } = world.services;
    const hall = await channels.create(system, organization.id, { name: 'Hall' });
    const [alice] = await connected('alice');
    await alice.join(hall.id);
    await alice.sendText({ channelId: hall.id }, 'Still here.');
    const left = once(alice, 'channel_left');
    await acl.setEntry(system, hall.id, await world.memberRole(organization), Permission.SPEAK);
    await left;
    await expect(alice.sendText({ channelId: hall.id }, 'x')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('still arrives while the database is away', async () => {
    const [alice, bob] = await connected('alice', 'bob');
    for (const client of [alice, bob]) await client.join(lobby);
    const heard = textsOf(bob);
    await gate.shut();
    await alice.sendText({ channelId: lobby }, 'Is it only me?');
    await eventually(() => heard.length === 1);
    await gate.open();
  });
});

describe('a text to a user', () => {
  it('reaches that user alone, in any channel or none', async () => {
    const [alice, bob, carol] = await connected('alice', 'bob', 'carol');
    await alice.join(lobby);
    const [byBob, byCarol] = [textsOf(bob), textsOf(carol)];
    await alice.sendText({ userId: bob.identity.userId }, 'Psst 🤫');
    await eventually(() => byBob.length === 1);
    expect(byBob).toMatchObject([{ username: 'alice', channelId: undefined, text: 'Psst 🤫' }]);
    expect(byCarol).toEqual([]);
  });

  it('is refused alike whether the user is away, of another organization or none at all, and for oneself', async () => {
    const [alice] = await connected('alice');
    const mallory = await world.connect('other', 'mallory');
    const away = users.find(({ username }) => username === 'carol')?.id ?? 0;
    const refusals: unknown[] = [];
    for (const userId of [away, mallory.identity.userId, 999_999, 0, 4_000_000_000]) {
      await alice.sendText({ userId }, 'x').catch(({ code, message }) => refusals.push([code, message]));
    }
    expect(refusals).toEqual(Array(5).fill(['NOT_FOUND', 'There is no such user.']));
    const self = alice.sendText({ userId: alice.identity.userId }, 'x');
    await expect(self).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('a text', () => {
  it('is refused where it is empty, too long, or holds what a terminal obeys', async () => {
    const [alice] = await connected('alice');
    for (const text of ['', ' \n\t', 'x'.repeat(1001), 'a\u001b[2Jb', 'a\u202eb']) {
      await expect(alice.sendText({ channelId: lobby }, text)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
    await alice.sendText({ channelId: lobby }, '🤫'.repeat(1000));
  });

  it('without a receiver, or to a channel that there is not, is refused', async () => {
    const raw = await world.raw();
    await raw.login('demo', 'alice', PASSWORD);
    await raw.request({ case: 'sendText', value: { text: 'x' } });
    for (const channelId of [0, 999_999, 4_000_000_000]) {
      await raw.request({ case: 'sendText', value: { receiver: { case: 'channelId', value: channelId }, text: 'x' } });
    }
    expect(raw.refusals).toEqual(['INVALID_INPUT', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']);
  });

  it('is one of a few in a short time, and who writes too much can leave and mute all the same', async () => {
    const [alice, bob] = await connected('alice', 'bob');
    for (const client of [alice, bob]) await client.join(lobby);
    const heard = textsOf(bob);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => alice.sendText({ channelId: lobby }, `${index}`)),
    );
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refused.length).toBeGreaterThan(15);
    for (const reason of refused) expect(reason).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 1000 });
    await alice.setSelfState({ muted: true, deafened: false });
    await alice.leave(lobby);
    await eventually(() => heard.length === outcomes.length - refused.length);
  });
});

async function connected(...names: readonly string[]): Promise<[VoiceClient, VoiceClient, VoiceClient]> {
  const clients: VoiceClient[] = [];
  for (const name of names) clients.push(await world.connect('demo', name));
  const [first, second = first, third = first] = clients;
  if (first === undefined || second === undefined || third === undefined) throw new Error('nobody was named');
  return [first, second, third];
}

function textsOf(client: VoiceClient): TextEvent[] {
  const texts: TextEvent[] = [];
  client.on('text', (text) => texts.push(text));
  return texts;
}
