/** A relay with its runner on a simulated network, and clients that follow the protocol. */
import type { SessionId } from '../../src/ids.js';
import type { UdpSource } from '../../src/relay/outcome.js';
import type { RelayUpdate } from '../../src/relay/relay-update.js';
import type { QualityReport } from '../../src/relay/session-quality.js';
import type { SessionQuality, TunneledDelivery } from '../../src/voice/relay-messages.js';
import { RelayRunner } from '../../src/voice/relay-runner.js';
import { PacketWriter } from './packet-writer.js';
import { Random } from './random.js';
import { type NetworkConditions, SimulatedBackend, SimulatedNetwork } from './simulated-network.js';

export const CHANNEL = 42;
const RELAY: UdpSource = { kind: 'udp', address: '192.0.2.1', port: 9001 };

export class RelayWorld {
  readonly random: Random;
  readonly network: SimulatedNetwork;
  readonly relay: RelayRunner;
  readonly #clients = new Map<SessionId, SimulatedClient>();
  #generation = 0;
  #qualities: readonly SessionQuality[] = [];

  constructor(options: { seed?: number; conditions?: NetworkConditions; maxBitrate?: number } = {}) {
    this.random = new Random(options.seed ?? 1);
    this.network = new SimulatedNetwork(this.random, options.conditions);
    this.relay = new RelayRunner({
      maxBitrate: options.maxBitrate ?? 10_000_000,
      nowMs: () => this.network.nowMs,
      randomToken: () => this.random.token(),
      post: (message) => {
        if (message.type === 'tunneled') for (const delivery of message.deliveries) this.#deliver(delivery);
        if (message.type === 'qualities') this.#qualities = message.qualities;
      },
      defer: (task) => task(),
    });
    this.relay.use(new SimulatedBackend(this.network, RELAY, this.relay));
  }

  update(update: RelayUpdate): void {
    this.relay.onMessage({ type: 'update', update });
  }

  /** A client whose session the relay knows, and which has not said anything yet. */
  addClient(): SimulatedClient {
    const client = new SimulatedClient(this, this.#clients.size + 1);
    this.#clients.set(client.id, client);
    this.update({ type: 'add_session', ...client.writer.keys });
    return client;
  }

  /** A client with a proven address. */
  connectClient(): SimulatedClient {
    const client = this.addClient();
    client.probe();
    this.network.advance(0);
    return client;
  }

  setRoute(listeners: readonly SimulatedClient[], speakers: readonly SimulatedClient[], epoch = 0): void {
    const ids = (clients: readonly SimulatedClient[]) => clients.map(({ id }) => id);
    this.update({ type: 'set_route', target: CHANNEL, epoch, listeners: ids(listeners), speakers: ids(speakers) });
  }

  /** Tells the relay that exactly these clients exist, and that they all hear and speak. */
  replaceAll(clients: readonly SimulatedClient[], epoch = 0): void {
    this.#generation += 1;
    const ids = clients.map(({ id }) => id);
    this.update({
      type: 'replace_all',
      generation: this.#generation,
      sessions: clients.map(({ writer }) => writer.keys),
      routes: [{ target: CHANNEL, epoch, listeners: ids, speakers: ids }],
    });
  }

  sendToRelay(packet: Uint8Array, from: UdpSource): void {
    this.network.send(packet, from, RELAY);
  }

  sendThroughTunnel(packet: Uint8Array, sessionId: SessionId): void {
    this.relay.onMessage({ type: 'tunneled', packets: [{ sessionId, packet }] });
  }

  /** What the relay knows of a client's voice. */
  qualityOf({ id }: SimulatedClient): SessionQuality | undefined {
    this.#qualities = [];
    this.relay.onMessage({ type: 'get_qualities', requestId: 1, sessionIds: [id] });
    return this.#qualities[0];
  }

  report({ id }: SimulatedClient, report: QualityReport): void {
    this.relay.onMessage({ type: 'quality_report', sessionId: id, report });
  }

  drops(): Partial<Record<string, number>> {
    const drops = Object.entries(this.relay.counters().totals.drops);
    return Object.fromEntries(drops.filter(([, count]) => count > 0));
  }

  #deliver({ sessionIds, packet }: TunneledDelivery): void {
    for (const id of sessionIds) this.#clients.get(id)?.tunneled.push(packet);
  }
}

export class SimulatedClient {
  readonly writer: PacketWriter;
  /** Voice packets that came by UDP. */
  readonly heard: Uint8Array[] = [];
  /** What came through the tunnel. */
  readonly tunneled: Uint8Array[] = [];
  /** Pongs that came by UDP. */
  readonly pongs: Uint8Array[] = [];
  /** Gets what comes by UDP. */
  onPacket: (packet: Uint8Array) => void = () => undefined;
  readonly #world: RelayWorld;
  #echoed = 0n;
  #address: UdpSource;

  constructor(world: RelayWorld, number: number) {
    this.#world = world;
    this.writer = new PacketWriter(number, world.random);
    this.#address = { kind: 'udp', address: `198.51.100.${number}`, port: 40_000 + number };
    this.#listen();
  }

  get id(): SessionId {
    return this.writer.id;
  }

  get address(): UdpSource {
    return this.#address;
  }

  /** The client has another address from now on, and the former one is nobody's. */
  moveTo(address: string, port: number): void {
    this.#world.network.silence(this.#address);
    this.#address = { kind: 'udp', address, port };
    this.#listen();
  }

  /** Sends voice, and returns what the receivers are to get. */
  say(payload = this.#world.random.bytes(100), epoch = 0): Uint8Array {
    const packet = this.writer.voice(CHANNEL, { payload, epoch });
    this.send(packet);
    return packet.subarray(0, -12);
  }

  sayThroughTunnel(): Uint8Array {
    const packet = this.writer.voice(CHANNEL, { payload: this.#world.random.bytes(100) });
    this.#world.sendThroughTunnel(packet, this.id);
    return packet.subarray(0, -12);
  }

  probe(): void {
    this.send(this.writer.ping({ token: this.#echoed }));
  }

  send(packet: Uint8Array): void {
    this.#world.sendToRelay(packet, this.#address);
  }

  #listen(): void {
    this.#world.network.listen(this.#address, (packet) => this.#onPacket(packet));
  }

  #onPacket(packet: Uint8Array): void {
    this.onPacket(packet);
    if (packet[0] !== 0x52) {
      this.heard.push(packet);
      return;
    }
    const pong = this.writer.readPong(packet);
    if (pong === undefined) throw new Error('a pong that is not the relay’s own');
    this.pongs.push(packet);
    if (pong.token === 0n || pong.token === this.#echoed) return;
    this.#echoed = pong.token;
    this.probe();
  }
}
