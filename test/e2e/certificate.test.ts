import { copyFile, rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { eventually } from '../support/eventually.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { selfSigned } from '../voice/self-signed.js';

// Processes are started, which takes long on a machine that does much else.
jest.setTimeout(180_000);

const PASSWORD = 'a password of somebody';

let folder: TemporaryFolder;
let server: DemoServer;
beforeAll(async () => {
  folder = await TemporaryFolder.make();
  await writePair('cert.pem', 'key.pem');
  server = await DemoServer.start({
    environment: {
      PARLEY_SECURITY_TLS_CERT: folder.pathOf('cert.pem'),
      PARLEY_SECURITY_TLS_KEY: folder.pathOf('key.pem'),
    },
  });
  const api = new DemoApi(server.httpUrl);
  await api.login('admin', server.adminPassword);
  const organizationId = await api.createOrganization('Demo', 'demo');
  await api.createUser(organizationId, 'alice', PASSWORD, await api.createSpeakerRole(organizationId, 'speaker'));
});
afterAll(async () => {
  await server.stop();
  await folder[Symbol.asyncDispose]();
});

async function writePair(cert: string, key: string): Promise<void> {
  const pair = await selfSigned();
  await writeFile(folder.pathOf(cert), pair.cert);
  await writeFile(folder.pathOf(key), pair.key);
}

/** The fingerprint of the certificate that is shown at a port. */
async function shownAt(port: number): Promise<string> {
  const socket = connect({ host: server.host, port, rejectUnauthorized: false });
  try {
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return socket.getPeerX509Certificate()?.fingerprint256 ?? '';
  } finally {
    socket.destroy();
  }
}

async function reloads(): Promise<string> {
  const text = await (await fetch(server.metricsUrl)).text();
  return [...text.matchAll(/^parley_certificate_reloads_total\{outcome="(\w+)"\} (\d+)$/gm)]
    .map(([, outcome, count]) => `${outcome} ${count}`)
    .join(', ');
}

it('a new certificate is served to whoever comes, and nobody who is there is dropped', async () => {
  const { certificateFingerprint: first, controlPort, mumblePort } = server;
  const credentials = { organizationTag: 'demo', username: 'alice', password: PASSWORD };
  const at = { host: server.host, port: controlPort, fingerprint: first, credentials, clientName: 'test' };
  const alice = await VoiceClient.connect(at);
  let isGone = false;
  alice.once('disconnect', () => {
    isGone = true;
  });
  alice.once('reconnecting', () => {
    isGone = true;
  });
  expect([await shownAt(controlPort), await shownAt(mumblePort)]).toEqual([first, first]);

  // A key that is not the certificate's: the old pair stays.
  await copyFile(folder.pathOf('key.pem'), folder.pathOf('key.first.pem'));
  await writePair('unused.pem', 'key.pem');
  process.kill(server.pid, 'SIGHUP');
  await eventually(async () => (await reloads()) === 'loaded 0, refused 1');
  expect(server.said).toContain('the new certificate cannot be used: the old one is served on');
  expect(await shownAt(controlPort)).toBe(first);

  // The other half comes too, as a program that renews certificates writes it.
  await rename(folder.pathOf('unused.pem'), folder.pathOf('cert.pem'));
  process.kill(server.pid, 'SIGHUP');
  await eventually(async () => (await reloads()) === 'loaded 1, refused 1');
  const second = await shownAt(controlPort);
  expect(second).not.toBe(first);
  expect(await shownAt(mumblePort)).toBe(second);

  // Without a signal.
  await writePair('cert.pem', 'key.pem');
  await eventually(async () => (await reloads()) === 'loaded 2, refused 1');
  expect([first, second]).not.toContain(await shownAt(controlPort));

  const [channelId = 0] = alice.channels.keys();
  await alice.join(channelId);
  expect(isGone).toBe(false);
  await alice.close();
});

it('HTTPS serves the new certificate too', async () => {
  await using own = await TemporaryFolder.make();
  const pair = await selfSigned();
  await writeFile(own.pathOf('cert.pem'), pair.cert);
  await writeFile(own.pathOf('key.pem'), pair.key);
  const secure = await DemoServer.start({
    environment: {
      PARLEY_SERVER_HTTP_TLS: 'true',
      PARLEY_SECURITY_TLS_CERT: own.pathOf('cert.pem'),
      PARLEY_SECURITY_TLS_KEY: own.pathOf('key.pem'),
    },
    isReady: (said) => said.includes('What to do next'),
  });
  try {
    const port = Number(new URL(secure.httpUrl).port);
    const first = await shownAt(port);
    const next = await selfSigned();
    await writeFile(own.pathOf('cert.pem'), next.cert);
    await writeFile(own.pathOf('key.pem'), next.key);
    process.kill(secure.pid, 'SIGHUP');
    await eventually(async () => (await shownAt(port)) !== first);
  } finally {
    await secure.stop();
  }
});
