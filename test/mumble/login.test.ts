import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelId } from '../../src/ids.js';
import { Metrics } from '../../src/metrics/metrics.js';
import type { Organization } from '../../src/organizations/organization.entity.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { QUIET_SOURCES } from '../support/quiet-metrics.js';
import { PASSWORD } from '../support/test-services.js';
import { MumbleWorld } from './mumble-world.js';

const WRONG_USER_PW = 3;
const INVALID_USERNAME = 2;

let world: MumbleWorld;
let organization: Organization;
let alice: User;
let lobby: ChannelId;
beforeAll(async () => {
  world = await MumbleWorld.open();
  const demo = await world.voice.organization('demo', 'alice', 'bob');
  ({ organization, lobby } = demo);
  const [first] = demo.users;
  if (first === undefined) throw new Error('there is no alice');
  alice = first;
});
afterEach(() => world.disconnectAll());
afterAll(() => world.close());

describe('a Mumble client', () => {
  it('of an independent library logs in, sees its organization and is brought to the first channel', async () => {
    const client = await world.client('demo', 'alice');
    await eventually(() => client.self?.channelId === lobby);
    expect(client.channels.root?.name).toBe('demo');
    expect(client.channels.byId(lobby)).toMatchObject({ name: 'Lobby', parent: 0 });
    expect(client.self).toMatchObject({ name: 'alice', userId: alice.id, mute: false, suppress: false });
  });

  it('is counted under its door in the metrics, and a client of Parley under the other', async () => {
    const doors = { voiceDoor: () => world.voice.door.counters(), mumbleDoor: () => world.door.counters() };
    const metrics = new Metrics({ ...QUIET_SOURCES, ...doors });
    const sessions = async (door: string) =>
      Number(new RegExp(`^parley_sessions\\{door="${door}"\\} (\\d+)$`, 'm').exec(await metrics.text())?.[1]);
    expect([await sessions('mumble'), await sessions('voice')]).toEqual([0, 0]);
    await world.loggedIn('demo', 'alice');
    await world.voice.connect('demo', 'bob');
    await eventually(async () => (await sessions('mumble')) === 1 && (await sessions('voice')) === 1);
  });

  it('is told in the order that real clients expect', async () => {
    const raw = await world.loggedIn('demo', 'alice');
    const names: readonly string[] = raw.received.map(({ name }) => name);
    const order = [
      'version',
      'cryptSetup',
      'codecVersion',
      'channelState',
      'userState',
      'permissionQuery',
      'serverSync',
      'serverConfig',
    ];
    const first = order.map((name) => names.indexOf(name));
    expect(first).toEqual([...first].sort((left, right) => left - right));
    expect(first).not.toContain(-1);
    expect(raw.all('version')[0]).toMatchObject({ versionV1: 0x010400 });
    expect(raw.all('serverSync')[0]).toMatchObject({ maxBandwidth: 1_000_000 });
    expect(raw.all('codecVersion')[0]).toMatchObject({ opus: true });
    expect(raw.all('cryptSetup')[0]?.key).toHaveLength(16);
  });

  it('is a session like all others, with its door named', async () => {
    await world.client('demo', 'alice', { clientName: 'a bot' });
    const page = await world.voice.sessions.list(world.voice.services.system, organization.id, {
      first: 10,
      after: null,
    });
    expect(page.items).toMatchObject([{ userId: alice.id, door: 'mumble' }]);
    await eventually(async () => (await world.voice.occupancyStore.members(lobby)).length === 1);
    expect((await world.door.counters()).sessions).toBe(1);
    expect(world.voice.door.counters().sessions).toBe(0);
  });

  it('is told that the password is wrong in the way that makes it ask again', async () => {
    const raw = await world.raw();
    raw.send('authenticate', { username: 'alice@demo', password: 'not this', opus: true });
    expect(await raw.next('reject')).toMatchObject({ type: WRONG_USER_PW });
    await eventually(() => raw.isClosed);
    await expect(world.client('demo', 'nobody')).rejects.toThrow();
  });

  it('is told that its name lacks the organization, and may name it by the host instead', async () => {
    const nameless = await world.raw();
    nameless.send('authenticate', { username: 'alice', password: PASSWORD, opus: true });
    expect(await nameless.next('reject')).toMatchObject({ type: INVALID_USERNAME });
    const named = await world.raw({ servername: 'DEMO.voice.example' });
    await named.logIn('alice', PASSWORD);
    const elsewhere = await world.raw({ servername: 'demo.voice.example.com' });
    elsewhere.send('authenticate', { username: 'alice', password: PASSWORD, opus: true });
    expect(await elsewhere.next('reject')).toMatchObject({ type: INVALID_USERNAME });
  });

  it('logs in by an API key for voice, under the name of the one whose key it is', async () => {
    const { key } = await world.voice.services.apiKeys.create(world.voice.services.as(alice), {
      name: 'bot',
      scopes: ['voice'],
    });
    const raw = await world.raw();
    await raw.logIn('alice@demo', key);
    for (const name of ['bob@demo', 'alice@other']) {
      const other = await world.raw();
      other.send('authenticate', { username: name, password: key, opus: true });
      expect(await other.next('reject')).toMatchObject({ type: WRONG_USER_PW });
    }
    expect(raw.isClosed).toBe(false);
  });

  it('takes the place of an older session of the same user, at whatever door', async () => {
    const own = await world.voice.connect('demo', 'alice');
    const gone = new Promise((resolve) => own.once('disconnect', resolve));
    const first = await world.loggedIn('demo', 'alice');
    await gone;
    const second = await world.loggedIn('demo', 'alice');
    expect(
      await eventually(() => first.all('userRemove').find(({ session }) => session === first.sessionId)),
    ).toMatchObject({ ban: false });
    await eventually(() => first.isClosed);
    expect(second.sessionId).not.toBe(first.sessionId);
  });

  it('is sent off when it takes too long', async () => {
    const hasty = await MumbleWorld.open({ mumble: { handshakeTimeoutMs: 300 } });
    try {
      const raw = await hasty.raw();
      await eventually(() => raw.isClosed);
      expect((await hasty.door.counters()).sentOff.late).toBe(1);
    } finally {
      await hasty.close();
    }
  });

  it('gets its ping back with what the server has counted', async () => {
    const raw = await world.loggedIn('demo', 'alice');
    await raw.openUdp();
    raw.send('ping', { timestamp: 77n });
    expect(await raw.next('ping')).toMatchObject({ timestamp: 77n, good: 1, late: 0, lost: 0, resync: 0 });
  });
});
