import { createSecretKey, randomInt } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { ClientMessageSchema } from '../../src/protocol/generated/control_pb.js';
import { eventually } from '../support/eventually.js';
import { RawControl } from '../voice/raw-control.js';
import { framesHeard, gapsIn, SteadyTalk } from '../voice/steady-talk.js';
import { requireEqual, requireThat } from './expectation.js';
import { FuzzRandom } from './fuzz-random.js';
import { FuzzFailure, type FuzzTarget } from './fuzz-target.js';
import { mutate } from './mutate.js';
import { messageOf, randomMessage } from './random-message.js';
import { sealedPacket } from './sealed-packet.js';

const ORGANIZATION = 'demo';
const CHANNEL = 'Campfire';
const PASSWORD = 'a password for the demo';
const ROUNDS_PER_EPISODE = 40;
const DATAGRAMS_PER_ROUND = 200;
/** A pause after so many, because a full receive buffer of the system would be a gap that nobody is to blame for. */
const DATAGRAMS_AT_ONCE = 20;
const LONGEST_DATAGRAM_BYTES = 65_507;
const BODIES = ClientMessageSchema.oneofs.flatMap(({ fields }) => fields);

/**
 * A whole server, as `npm start` runs it, gets garbage by TCP, TLS and UDP from strangers and from somebody who has logged
 * in, while two people talk: they hear no gap, the server logs no bug, and it ends as it should.
 */
export const SOCKETS_TARGET: FuzzTarget = {
  name: 'sockets',
  unit: 'datagrams, connections and frames',
  testEpisodes: 0,
  async episode(seed) {
    try {
      return await disturbTalk(new FuzzRandom(seed));
    } catch (cause) {
      throw new FuzzFailure({ target: 'sockets', seed, caseText: JSON.stringify({ seed }), cause });
    }
  },
  async replay(text) {
    const { seed }: { readonly seed: number } = JSON.parse(text);
    await disturbTalk(new FuzzRandom(seed));
  },
};

async function disturbTalk(random: FuzzRandom): Promise<number> {
  const server = await DemoServer.start();
  try {
    const count = await disturb(server, random);
    requireEqual(
      server.said.split('\n').filter((line) => /"level":"?(error|50)|\bbug\b/i.test(line)),
      [],
      'errors in the log',
    );
    return count;
  } finally {
    await server.stop();
  }
}

async function disturb(server: DemoServer, random: FuzzRandom): Promise<number> {
  await using people = new AsyncDisposableStack();
  await prepare(server);
  const alice = people.adopt(await enter(server, 'alice'), (client) => client.close());
  const bob = people.adopt(await enter(server, 'bob'), (client) => client.close());
  const heard = framesHeard(bob, alice);
  const talk = new SteadyTalk(alice, channelIdOf(alice));
  people.defer(() => talk.stop());
  const mallory = people.adopt(await Mallory.open(server, random), (each) => each.close());
  for (let round = 0; round < ROUNDS_PER_EPISODE; round++) await mallory.disturb();
  const said = talk.lastFrame;
  await eventually(() => Math.max(...heard) >= said);
  requireEqual(gapsIn(heard), [], 'frames that were not heard');
  requireThat(alice.pathMode === 'udp' && bob.pathMode === 'udp', 'somebody has lost UDP');
  const { ok } = await fetch(`${server.httpUrl}/health/ready`);
  requireThat(ok, 'the server is not ready any more');
  return mallory.count;
}

async function prepare({ httpUrl, adminPassword }: DemoServer): Promise<void> {
  const api = new DemoApi(httpUrl);
  await api.login('admin', adminPassword);
  const organizationId = await api.createOrganization('Demo', ORGANIZATION);
  const roleId = await api.createSpeakerRole(organizationId, 'speaker');
  for (const username of ['alice', 'bob', 'mallory']) await api.createUser(organizationId, username, PASSWORD, roleId);
  await api.createChannel(organizationId, CHANNEL);
}

async function enter(
  { host, controlPort, certificateFingerprint }: DemoServer,
  username: string,
): Promise<VoiceClient> {
  const client = await VoiceClient.connect({
    host,
    port: controlPort,
    fingerprint: certificateFingerprint,
    credentials: { organizationTag: ORGANIZATION, username, password: PASSWORD },
    clientName: 'fuzz',
  });
  await client.join(channelIdOf(client));
  return client;
}

function channelIdOf(client: VoiceClient): number {
  const channel = [...client.channels.values()].find(({ name }) => name === CHANNEL);
  if (channel === undefined) throw new Error(`there is no channel ${CHANNEL}`);
  return channel.id;
}

/** Who sends all that is wrong. */
class Mallory {
  readonly #server: DemoServer;
  readonly #random: FuzzRandom;
  readonly #udp: UdpSocket;
  #control: RawControl | undefined;
  #session = { id: 0, udpPort: 0, key: createSecretKey(Buffer.alloc(16)) };
  #counter = 0;
  /** Datagrams, connections and frames that were sent. */
  count = 0;

  static async open(server: DemoServer, random: FuzzRandom): Promise<Mallory> {
    const udp = createSocket('udp4');
    udp.bind(0, server.host);
    await once(udp, 'listening');
    const mallory = new Mallory(server, random, udp);
    await mallory.#logIn();
    requireThat(mallory.#control !== undefined, 'nobody is let in');
    return mallory;
  }

  private constructor(server: DemoServer, random: FuzzRandom, udp: UdpSocket) {
    this.#server = server;
    this.#random = random;
    this.#udp = udp;
    udp.on('error', () => undefined);
  }

  async disturb(): Promise<void> {
    await this.#sendDatagrams();
    await this.#knock();
    await this.#sendFrames();
  }

  async close(): Promise<void> {
    await this.#control?.close();
    this.#udp.close();
  }

  async #sendDatagrams(): Promise<void> {
    for (let sent = 0; sent < DATAGRAMS_PER_ROUND; sent++) {
      this.#udp.send(this.#datagram(), this.#session.udpPort, this.#server.host, () => undefined);
      this.count++;
      if (sent % DATAGRAMS_AT_ONCE === 0) await sleep(5);
    }
  }

  #datagram(): Uint8Array {
    const random = this.#random;
    if (random.chance(0.3)) return random.bytes(random.length(LONGEST_DATAGRAM_BYTES));
    this.#counter++;
    const isPing = random.chance(0.3);
    const fields = {
      kind: isPing ? 0x51 : 0x50,
      epoch: random.below(3),
      target: random.chance(0.7) ? random.below(5) : random.edge(),
      session: random.chance(0.9) ? this.#session.id : random.edge(),
      counter: this.#counter,
      body: random.bytes(isPing ? 16 : random.between(20, 1150)),
    };
    const packet = sealedPacket(fields, this.#session.key);
    return random.chance(0.5) ? packet : mutate(packet, random);
  }

  /** A connection that does not get as far as a login. */
  async #knock(): Promise<void> {
    const random = this.#random;
    this.count++;
    if (random.chance(0.5)) {
      const socket = connect(this.#server.controlPort, this.#server.host);
      socket.on('error', () => undefined);
      socket.write(random.bytes(random.length(20_000)));
      await sleep(random.below(20));
      socket.destroy();
      return;
    }
    const raw = await RawControl.open(this.#server.controlPort).catch(() => undefined);
    raw?.sendBytes(random.chance(0.5) ? random.bytes(random.length(20_000)) : this.#frames(3));
    await sleep(random.below(20));
    await raw?.close();
  }

  async #sendFrames(): Promise<void> {
    if (this.#control === undefined || this.#control.isClosed) await this.#logIn();
    this.#control?.sendBytes(this.#frames(this.#random.between(1, 30)));
    await sleep(this.#random.below(20));
  }

  #frames(count: number): Uint8Array {
    const frames = Array.from({ length: count }, () => this.#frame());
    this.count += count;
    return Buffer.concat(frames);
  }

  #frame(): Uint8Array {
    const random = this.#random;
    const message = random.chance(0.8)
      ? messageOf(ClientMessageSchema, random.pick(BODIES), random.edge(), random)
      : randomMessage(ClientMessageSchema, random);
    const content = random.chance(0.98) ? message : mutate(message, random);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(random.chance(0.99) ? content.length : random.edge());
    return Buffer.concat([length, content]);
  }

  /** What was sent before may have made the server refuse this for a while: then it is tried again later. */
  async #logIn(): Promise<void> {
    const raw = await RawControl.open(this.#server.controlPort).catch(() => undefined);
    if (raw === undefined) return;
    const answer = await raw.login(ORGANIZATION, 'mallory', PASSWORD).catch(() => undefined);
    if (answer?.case !== 'welcome' || answer.value.voice === undefined) {
      await raw.close();
      return;
    }
    const { sessionId: id, voice } = answer.value;
    this.#control = raw;
    this.#counter = randomInt(1, 100);
    this.#session = { id, udpPort: voice.udpPort, key: createSecretKey(voice.clientKey) };
  }
}
