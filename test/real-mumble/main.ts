/** `npm run test:mumble`: Mumble's own client, from Debian, on a desktop that nobody sees, with a tone from one to the other. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import type { VoiceEvent } from '../../src/client/voice-client-events.js';
import { eventually } from '../support/eventually.js';
import { Desktop, missingPackages, secondsOfTone, tone } from './desktop.js';
import { startMumble } from './mumble-program.js';

const ORGANIZATION = 'demo';
const CHANNEL = 'Lobby';
const PASSWORD = 'a password for the test';
const HERTZ = 1000;
const TONE_S = 5;
const NEEDED_S = 2;
const FRAME_MS = 10;
const SETTLE_MS = 3000;
const MAX_ATTEMPTS = 3;

/** What was heard must be the tone, for at least two seconds. */
interface Form {
  readonly claim: string;
  run(server: DemoServer, desktop: Desktop): Promise<number>;
}

const FORMS: readonly Form[] = [
  { claim: 'a Mumble client hears another by UDP', run: (server, desktop) => betweenMumbles(server, desktop, false) },
  {
    claim: 'a Mumble client hears another where neither uses UDP',
    run: (server, desktop) => betweenMumbles(server, desktop, true),
  },
  { claim: "Mumble's client and Parley's own hear each other, the same packets both ways", run: acrossWorlds },
];

const missing = missingPackages();
if (missing.length > 0) {
  process.stderr.write(`These packages are missing: apt-get install --no-install-recommends ${missing.join(' ')}\n`);
  process.exitCode = 2;
} else if (!(await allHold())) process.exitCode = 1;

async function allHold(): Promise<boolean> {
  let hold = true;
  for (const { claim, run } of FORMS) {
    const seconds = await inWorld(run);
    const holds = seconds >= NEEDED_S;
    process.stdout.write(`${holds ? 'ok    ' : 'FAILED'} ${claim}: the tone for ${seconds} s of ${TONE_S}\n`);
    hold &&= holds;
  }
  return hold;
}

async function inWorld(run: Form['run']): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-mumble-'));
  const server = await DemoServer.start();
  try {
    const api = new DemoApi(server.httpUrl);
    await api.login('admin', server.adminPassword);
    const organizationId = await api.createOrganization('Demo', ORGANIZATION);
    const roleId = await api.createSpeakerRole(organizationId, 'speakers', []);
    for (const name of ['alice', 'bob', 'carol']) await api.createUser(organizationId, name, PASSWORD, roleId);
    await using desktop = await Desktop.start(folder, ['mouth-alice', 'ear-alice', 'mouth-bob', 'ear-bob']);
    return await run(server, desktop);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function betweenMumbles(server: DemoServer, desktop: Desktop, isTcpOnly: boolean): Promise<number> {
  const watcher = await parleyClient(server, 'carol');
  try {
    await start(server, desktop, 'alice', true, isTcpOnly);
    await start(server, desktop, 'bob', false, isTcpOnly);
    await untilHere(watcher, ['alice', 'bob']);
    // On a busy machine the clients' sound begins long after they are here.
    let seconds = 0;
    for (let attempt = 0; attempt < MAX_ATTEMPTS && seconds < NEEDED_S; attempt += 1) {
      const recording = desktop.record('ear-bob');
      await desktop.play('mouth-alice', tone(HERTZ, TONE_S));
      await sleep(SETTLE_MS / 3);
      seconds = secondsOfTone(await recording(), HERTZ);
    }
    return seconds;
  } finally {
    await watcher.close();
  }
}

/** Parley's client keeps what it hears of alice, and says it again to bob. */
async function acrossWorlds(server: DemoServer, desktop: Desktop): Promise<number> {
  const carol = await parleyClient(server, 'carol');
  const kept: VoiceEvent[] = [];
  try {
    const channel = [...carol.channels.values()].find(({ name }) => name === CHANNEL);
    if (channel === undefined) throw new Error('there is no lobby');
    await carol.join(channel.id);
    await start(server, desktop, 'alice', true, false);
    await untilHere(carol, ['alice']);
    carol.on('voice', (voice) => kept.push(voice));
    await desktop.play('mouth-alice', tone(HERTZ, TONE_S));
    carol.removeAllListeners('voice');
    await start(server, desktop, 'bob', false, false);
    await untilHere(carol, ['bob']);
    const recording = desktop.record('ear-bob');
    const begin = kept[0]?.frameNumber ?? 0;
    const startedAtMs = performance.now();
    for (const { frameNumber, opus, endOfTalk } of kept) {
      await sleep(Math.max(0, startedAtMs + FRAME_MS * (frameNumber - begin) - performance.now()));
      carol.sendVoice(channel.id, frameNumber, opus, endOfTalk);
    }
    await sleep(SETTLE_MS / 3);
    return secondsOfTone(await recording(), HERTZ);
  } finally {
    await carol.close();
  }
}

function start(server: DemoServer, desktop: Desktop, username: string, isTalking: boolean, isTcpOnly: boolean) {
  return startMumble(desktop, {
    ...{ host: server.host, port: server.mumblePort, organizationTag: ORGANIZATION, username, password: PASSWORD },
    ...{ microphone: `mouth-${username}`, speaker: `ear-${username}`, isTalking, isTcpOnly },
  });
}

function parleyClient(server: DemoServer, username: string): Promise<VoiceClient> {
  return VoiceClient.connect({
    host: server.host,
    port: server.controlPort,
    insecure: true,
    credentials: { organizationTag: ORGANIZATION, username, password: PASSWORD },
    clientName: 'test',
  });
}

/** They are in a channel, and their sound has begun. */
async function untilHere(watcher: VoiceClient, usernames: readonly string[]): Promise<void> {
  await eventually(() =>
    usernames.every((name) =>
      [...watcher.sessions.values()].some(({ username, channelIds }) => username === name && channelIds.length > 0),
    ),
  );
  await sleep(SETTLE_MS);
}
