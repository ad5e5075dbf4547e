import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { certificateFingerprints } from '../../src/certificates/certificate-fingerprints.js';
import { AppError } from '../../src/errors.js';
import { MumbleReject_RejectType as RejectType } from '../../src/protocol/generated/mumble_pb.js';
import type { User } from '../../src/users/user.entity.js';
import { eventually } from '../support/eventually.js';
import { PASSWORD } from '../support/test-services.js';
import { selfSigned } from '../voice/self-signed.js';
import { MumbleWorld } from './mumble-world.js';

type Certificate = Awaited<ReturnType<typeof selfSigned>>;

let world: MumbleWorld;
let count = 0;
beforeAll(async () => {
  world = await MumbleWorld.open();
});
afterEach(async () => {
  await world.disconnectAll();
  expect(world.complaints).toEqual([]);
});
afterAll(() => world.close());

/** An organization of its own, with alice and bob. */
async function tenant() {
  count += 1;
  const tag = `org${count}`;
  const { users, organization } = await world.voice.organization(tag, 'alice', 'bob');
  const [alice, bob] = users;
  if (alice === undefined || bob === undefined) throw new Error('somebody is missing');
  return { tag, organization, alice, bob };
}

/** How the door answers a login: the session's user where it lets somebody in, the type of the Reject otherwise. */
async function attempt(username: string, password: string, certificate?: Certificate) {
  const raw = await world.raw(certificate === undefined ? {} : { certificate });
  raw.send('version', { versionV1: 0x01_04_00 });
  raw.send('authenticate', { username, password, opus: true });
  await eventually(() => raw.all('serverConfig').length > 0 || raw.all('reject').length > 0);
  const [rejected] = raw.all('reject');
  return { raw, isIn: rejected === undefined, type: rejected?.type };
}

function certificatesOf({ id }: User) {
  const { certificates, system } = world.voice.services;
  return certificates.list(system, id, { first: 100, after: null });
}

/** Logs in with the password, which binds the certificate. */
async function bound(username: string, user: User): Promise<Certificate> {
  const certificate = await selfSigned();
  const { raw } = await attempt(username, PASSWORD, certificate);
  await eventually(async () => (await certificatesOf(user)).items.length > 0);
  raw.disconnect();
  return certificate;
}

describe('a client certificate at the Mumble door', () => {
  it('is bound at a login by password, and then replaces it', async () => {
    const { tag, alice, organization } = await tenant();
    const certificate = await bound(`alice@${tag}`, alice);
    expect((await attempt(`ALICE@${tag}`, '', certificate)).type).toBe(RejectType.WRONG_USER_PW);
    const { raw, isIn } = await attempt(`alice@${tag}`, '', certificate);
    expect(isIn).toBe(true);
    expect(raw.stateOf(raw.sessionId).userId).toBe(alice.id);
    const { items } = await certificatesOf(alice);
    const { sha256 } = certificateFingerprints(new X509Certificate(certificate.cert).raw);
    expect(items).toMatchObject([{ userId: alice.id, fingerprint: sha256, lastUsedAt: expect.any(Date) }]);
    const { audit, system } = world.voice.services;
    const log = await audit.list(system, organization.id, {}, { first: 100, after: null });
    expect(log.items.filter(({ action }) => action === 'certificate_bound')).toMatchObject([
      { door: 'mumble', actorId: alice.id, targetType: 'certificate' },
    ]);
  });

  it('opens the door to nobody else: no other user, no other organization, no other certificate', async () => {
    const { tag, alice } = await tenant();
    const other = await tenant();
    const certificate = await bound(`alice@${tag}`, alice);
    expect((await attempt(`bob@${tag}`, '', certificate)).type).toBe(RejectType.WRONG_USER_PW);
    expect((await attempt(`alice@${other.tag}`, '', certificate)).type).toBe(RejectType.WRONG_USER_PW);
    expect((await attempt(`alice@${tag}`, '', await selfSigned())).type).toBe(RejectType.WRONG_USER_PW);
    expect((await attempt(`alice@${tag}`, '')).type).toBe(RejectType.WRONG_USER_PW);
  });

  it('is not bound by a wrong password, nor by an API key', async () => {
    const { tag, alice } = await tenant();
    const { apiKeys } = world.voice.services;
    const { key } = await apiKeys.create(world.voice.services.as(alice), { name: 'voice', scopes: ['voice'] });
    const certificate = await selfSigned();
    await attempt(`alice@${tag}`, 'not the password', certificate);
    expect((await attempt(`alice@${tag}`, key, certificate)).isIn).toBe(true);
    expect((await attempt(`alice@${tag}`, '', certificate)).isIn).toBe(false);
    expect((await certificatesOf(alice)).items).toEqual([]);
  });

  it('is removed by its user, whose session ends, or by whoever manages the user, and by nobody else', async () => {
    const { tag, alice, bob } = await tenant();
    const certificate = await bound(`alice@${tag}`, alice);
    const { raw } = await attempt(`alice@${tag}`, '', certificate);
    const { certificates } = world.voice.services;
    const [only] = (await certificatesOf(alice)).items;
    if (only === undefined) throw new Error('nothing was bound');
    const page = { first: 10, after: null };
    const [asAlice, asBob] = [world.voice.services.as(alice), world.voice.services.as(bob)];
    await expect(certificates.list(asBob, alice.id, page)).rejects.toThrow(AppError);
    await expect(certificates.remove(asBob, only.id)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await certificates.remove(asAlice, only.id);
    await eventually(() => raw.isClosed);
    expect((await attempt(`alice@${tag}`, '', certificate)).isIn).toBe(false);
  });

  it('goes with the password that bound it', async () => {
    const { tag, alice } = await tenant();
    const certificate = await bound(`alice@${tag}`, alice);
    await world.voice.services.auth.changePassword(world.voice.services.as(alice), PASSWORD, 'quite another password');
    expect((await attempt(`alice@${tag}`, '', certificate)).isIn).toBe(false);
    expect((await certificatesOf(alice)).items).toEqual([]);
  });

  it('lets in nobody who is banned', async () => {
    const { tag, alice, organization } = await tenant();
    const certificate = await bound(`alice@${tag}`, alice);
    const { bans, system } = world.voice.services;
    await bans.create(system, organization.id, { userId: alice.id });
    expect((await attempt(`alice@${tag}`, '', certificate)).isIn).toBe(false);
  });

  it('is one of twenty at most, and a login with more holds all the same', async () => {
    const { tag, alice } = await tenant();
    const { certificates } = world.voice.services;
    for (let number = 0; number < 20; number += 1) {
      await certificates.bind(world.voice.services.as(alice), certificateFingerprints(Buffer.from(`${number}`)));
    }
    const { raw, isIn } = await attempt(`alice@${tag}`, PASSWORD, await selfSigned());
    expect(isIn).toBe(true);
    await eventually(() => raw.all('permissionDenied').some(({ reason }) => reason?.includes('20 certificates')));
  });

  it('is not asked for where that is off', async () => {
    const quiet = await MumbleWorld.open({ mumble: { requestsCertificate: false } });
    await quiet.voice.organization('quiet', 'alice');
    const raw = await quiet.raw({ certificate: await selfSigned() });
    await raw.logIn('alice@quiet', PASSWORD);
    const again = await quiet.raw({ certificate: await selfSigned() });
    again.send('authenticate', { username: 'alice@quiet', password: '' });
    await eventually(() => again.all('reject').length > 0);
    await quiet.close();
  });
});
