/** `npm run demo`: a server of its own, two people, and a voice that is heard. Ends with 1 when a packet was lost or changed. */
import Table from 'cli-table3';
import { readOggOpus } from '../src/client/ogg-opus.js';
import { VoiceClient } from '../src/client/voice-client.js';
import { DemoApi } from './demo-api.js';
import { DemoServer } from './demo-server.js';
import { type TalkResult, talkAcross } from './demo-talk.js';

const ORGANIZATION_TAG = 'demo';
const CHANNEL = 'Campfire';
const PASSWORD = 'a password for the demo';
const SAMPLE = 'samples/welcome.opus';

say('Starting a server on free ports, with its data in a temporary folder.');
const server = await DemoServer.start();
try {
  await prepareOrganization(server);
  const result = await letThemTalk(server);
  process.stdout.write(`${tableOf(result)}\n`);
  process.exitCode = result.packetsByteIdentical === result.packetsSent ? 0 : 1;
} finally {
  await server.stop();
  say('The server has ended and its data is deleted.');
}

/** The README's steps: an organization, a role, two users, a channel. */
async function prepareOrganization({ httpUrl, adminPassword }: DemoServer): Promise<void> {
  const api = new DemoApi(httpUrl);
  await api.login('admin', adminPassword);
  const organizationId = await api.createOrganization('Demo', ORGANIZATION_TAG);
  const roleId = await api.createSpeakerRole(organizationId, 'speaker');
  await api.createUser(organizationId, 'alice', PASSWORD, roleId);
  await api.createUser(organizationId, 'bob', PASSWORD, roleId);
  await api.createChannel(organizationId, CHANNEL);
  say(`Made the organization "${ORGANIZATION_TAG}" with the users alice and bob and the channel ${CHANNEL}.`);
}

async function letThemTalk(at: DemoServer): Promise<TalkResult> {
  const { packets } = await readOggOpus(SAMPLE);
  await using people = new AsyncDisposableStack();
  const bob = people.adopt(await enter(at, 'bob'), (client) => client.close());
  const alice = people.adopt(await enter(at, 'alice'), (client) => client.close());
  say(`bob listens, alice speaks ${SAMPLE} (${packets.length} packets, by ${alice.pathMode}).`);
  return await talkAcross(alice, bob, channelIdOf(alice), packets);
}

async function enter(
  { host, controlPort, certificateFingerprint }: DemoServer,
  username: string,
): Promise<VoiceClient> {
  const client = await VoiceClient.connect({
    host,
    port: controlPort,
    fingerprint: certificateFingerprint,
    credentials: { organizationTag: ORGANIZATION_TAG, username, password: PASSWORD },
    clientName: 'parley demo',
  });
  try {
    await client.join(channelIdOf(client));
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

function channelIdOf(client: VoiceClient): number {
  const channel = [...client.channels.values()].find(({ name }) => name === CHANNEL);
  if (channel === undefined) throw new Error(`${client.identity.username} does not see the channel ${CHANNEL}.`);
  return channel.id;
}

function tableOf({ packetsSent, packetsHeard, packetsLost, packetsByteIdentical, latencyMs }: TalkResult): string {
  const table = new Table({
    head: ['sent', 'heard', 'lost', 'byte-identical', 'latency p50', 'latency p99'],
    style: { head: [], border: [] },
  });
  table.push([
    packetsSent,
    packetsHeard,
    packetsLost,
    packetsByteIdentical,
    `${latencyMs.p50.toFixed(2)} ms`,
    `${latencyMs.p99.toFixed(2)} ms`,
  ]);
  return table.toString();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
