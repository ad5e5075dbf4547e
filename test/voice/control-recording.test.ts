import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Organization } from '../../src/organizations/organization.entity.js';
import { eventually } from '../support/eventually.js';
import { VoiceWorld } from './voice-world.js';

const RECORDING = { muted: false, deafened: false, recording: true };

let world: VoiceWorld;
let organization: Organization;
beforeAll(async () => {
  world = await VoiceWorld.open();
  ({ organization } = await world.organization('demo', 'alice', 'bob'));
});
afterEach(async () => {
  await allow(true);
  await world.disconnectAll();
});
afterAll(() => world.close());

describe('a client that records', () => {
  it('says so, and all can see it until it says that it does not', async () => {
    const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
    const seen = () => bob.sessions.get(alice.identity.sessionId)?.recording;
    expect(seen()).not.toBe(true);
    await alice.setSelfState(RECORDING);
    await eventually(() => seen() === true);
    await alice.setSelfState({ muted: false, deafened: false });
    await eventually(() => seen() === false);
  });

  it('is refused where the organization does not allow it, and nothing else of the request is done', async () => {
    await allow(false);
    const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
    await expect(alice.setSelfState({ ...RECORDING, muted: true })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await alice.setSelfState({ muted: false, deafened: true });
    await eventually(() => bob.sessions.get(alice.identity.sessionId)?.selfDeafened === true);
    expect(bob.sessions.get(alice.identity.sessionId)).toMatchObject({ selfMuted: false, recording: false });
  });

  it('is put out when that is not allowed any more, and told why; others stay', async () => {
    const [alice, bob] = [await world.connect('demo', 'alice'), await world.connect('demo', 'bob')];
    await alice.setSelfState(RECORDING);
    const [gone, seen] = [once(alice, 'disconnect'), once(bob, 'session_removed')];
    await allow(false);
    expect(await gone).toEqual([
      expect.objectContaining({
        code: 'KICKED',
        message: 'You were recording, and this organization does not allow that any more.',
      }),
    ]);
    expect(await seen).toEqual([expect.objectContaining({ username: 'alice' }), 'recording_forbidden', '']);
    const again = await world.connect('demo', 'alice');
    await expect(again.setSelfState(RECORDING)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await eventually(() => bob.sessions.size === 2);
  });

  it('does not stay where it began in the moment that it was forbidden', async () => {
    const bob = await world.connect('demo', 'bob');
    for (let round = 0; round < 5; round += 1) {
      const alice = await world.connect('demo', 'alice');
      const began = alice.setSelfState(RECORDING).then(
        () => true,
        () => false,
      );
      await Promise.all([began, allow(false)]);
      await eventually(() => bob.sessions.get(alice.identity.sessionId)?.recording !== true);
      await alice.close();
      await allow(true);
    }
  });
});

describe('whether recording is allowed', () => {
  it('is decided by whoever holds MANAGE in the organization, and written down', async () => {
    const { services } = world;
    const { items } = await services.roles.list(services.system, organization.id, { first: 100, after: null });
    const roleIds = items.filter(({ name }) => name === 'admin').map(({ id }) => id);
    const admin = services.as(await services.user(organization, 'admin', { roleIds }));
    const member = services.as(await services.user(organization, 'member'));
    await expect(
      services.organizations.update(member, organization.id, { recordingAllowed: false }),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const changed = await services.organizations.update(admin, organization.id, { recordingAllowed: false });
    expect(changed.recordingAllowed).toBe(false);
    const page = { first: 1, after: null };
    const log = await services.audit.list(admin, organization.id, { actions: ['organization_updated'] }, page);
    expect(log.items).toMatchObject([{ before: { recordingAllowed: true }, after: { recordingAllowed: false } }]);
  });
});

async function allow(recordingAllowed: boolean): Promise<void> {
  await world.services.organizations.update(world.services.system, organization.id, { recordingAllowed });
}
