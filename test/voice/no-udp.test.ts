import { describe, expect, it } from '@jest/globals';
import { PathMonitor } from '../../src/client/path-monitor.js';
import { CHANNEL, RelayWorld, type SimulatedClient } from './relay-world.js';
import { PERFECT_NETWORK } from './simulated-network.js';

const STEP_MS = 5;
const PACKET_MS = 20;
const DETECTED_WITHIN_MS = 2000;
const BACK_WITHIN_MS = 5000;
const DELAY_MS = 20;
const NETWORK = { ...PERFECT_NETWORK, delayMs: [DELAY_MS, DELAY_MS] } as const;

/** What does not pass any more. */
const CUTS: readonly (readonly [what: string, cut: (talk: Talk) => void])[] = [
  [
    'UDP in both directions',
    (talk) => {
      talk.isHeardByUdp = false;
      talk.world.network.silence(talk.client.address);
    },
  ],
  ['UDP to the client', ({ world, client }) => world.network.silence(client.address)],
];

describe('where UDP stops passing in mid-sentence', () => {
  it.each(
    CUTS.flatMap(([what, cut]) =>
      (['speaks', 'hears'] as const).flatMap((does) =>
        [0, 130, 260, 390].map((afterMs) => ({ what, cut, does, afterMs })),
      ),
    ),
  )(
    '$what: both sides of who $does know it within 2 s, and go back within 5 s of its return, $afterMs',
    ({ cut, does, afterMs }) => {
      const talk = new Talk(does);
      talk.pass(6000 + afterMs);
      expect(talk.paths()).toEqual(['udp', 'udp']);
      cut(talk);
      expect(talk.msUntil('tunnel')).toBeLessThanOrEqual(DETECTED_WITHIN_MS);
      talk.pass(3000);
      expect(talk.paths()).toEqual(['tunnel', 'tunnel']);
      const tunneled = talk.client.tunneled.length;
      talk.pass(1000);
      if (does === 'hears') expect(talk.client.tunneled.length - tunneled).toBeGreaterThanOrEqual(1000 / PACKET_MS);
      talk.restore();
      expect(talk.msUntil('udp')).toBeLessThanOrEqual(BACK_WITHIN_MS);
      talk.pass(5000);
      expect(talk.paths()).toEqual(['udp', 'udp']);
    },
  );
});

describe('where nothing but UDP pings are lost now and then', () => {
  it('voice stays on UDP: 10 % of packets lost each way, for ten minutes', () => {
    const talk = new Talk('speaks', 0.1);
    let tunnelMs = 0;
    for (let passedMs = 0; passedMs < 600_000; passedMs += 1000) {
      talk.pass(1000);
      if (talk.paths()[0] === 'tunnel') tunnelMs += 1000;
    }
    expect(tunnelMs).toBeLessThanOrEqual(2000);
  });
});

/** Two people, of whom one follows the path monitor. */
class Talk {
  readonly world: RelayWorld;
  readonly client: SimulatedClient;
  /** False where nothing of the client passes by UDP. */
  isHeardByUdp = true;
  readonly #other: SimulatedClient;
  readonly #speaks: boolean;
  readonly #monitor = new PathMonitor(0);
  /** TCP takes as long as UDP. */
  readonly #inTunnel: { readonly atMs: number; readonly packet: Uint8Array }[] = [];
  #nowMs = 0;

  constructor(does: 'speaks' | 'hears', lossRate = 0) {
    this.world = new RelayWorld({ seed: 3 });
    this.#other = this.world.connectClient();
    this.client = this.world.addClient();
    this.#speaks = does === 'speaks';
    this.world.setRoute([this.client, this.#other], [this.client, this.#other]);
    this.client.onPacket = (packet) => this.#receive(packet);
    this.world.network.conditions = { ...NETWORK, lossRate };
  }

  /** The way of voice as the client and as the relay see it. */
  paths(): readonly [string, string | undefined] {
    const { sessionTraffic } = this.world.relay.counters();
    return [this.#monitor.mode, sessionTraffic.find(({ sessionId }) => sessionId === this.client.id)?.path];
  }

  msUntil(path: 'udp' | 'tunnel'): number {
    const beganAtMs = this.#nowMs;
    while (!this.paths().every((each) => each === path) && this.#nowMs - beganAtMs < 60_000) this.pass(STEP_MS);
    return this.#nowMs - beganAtMs;
  }

  restore(): void {
    this.isHeardByUdp = true;
    this.client.moveTo(this.client.address.address, this.client.address.port);
  }

  pass(durationMs: number): void {
    for (const untilMs = this.#nowMs + durationMs; this.#nowMs < untilMs; this.#nowMs += STEP_MS) {
      if (this.#nowMs % PACKET_MS === 0) this.#say();
      const due = this.#monitor.due(this.#nowMs);
      if (due.udp) this.#sendByUdp(this.#ping());
      if (due.tunnel) this.#sendByTunnel(this.#ping());
      this.#moveTunnel();
      this.world.network.advance(STEP_MS);
    }
  }

  #say(): void {
    if (!this.#speaks) {
      this.#other.say();
      return;
    }
    const packet = this.client.writer.voice(CHANNEL);
    if (this.#monitor.mode === 'tunnel') this.#sendByTunnel(packet);
    else {
      this.#sendByUdp(packet);
      this.#monitor.voicePassed(this.#nowMs);
    }
  }

  #sendByUdp(packet: Uint8Array): void {
    if (this.isHeardByUdp) this.client.send(packet);
  }

  #sendByTunnel(packet: Uint8Array): void {
    this.#inTunnel.push({ atMs: this.#nowMs + DELAY_MS, packet });
  }

  #moveTunnel(): void {
    for (let [first] = this.#inTunnel; first !== undefined && first.atMs <= this.#nowMs; [first] = this.#inTunnel) {
      this.#inTunnel.shift();
      this.world.sendThroughTunnel(first.packet, this.client.id);
    }
  }

  #ping(): Uint8Array {
    const { timestamp, pathToken } = this.#monitor.nextPing(this.#nowMs);
    return this.client.writer.ping({ timestamp, token: pathToken });
  }

  #receive(packet: Uint8Array): void {
    const nowMs = this.world.network.nowMs;
    const pong = this.client.writer.readPong(packet);
    if (pong === undefined) this.#monitor.voicePassed(nowMs);
    else this.#monitor.pongReceived({ timestamp: pong.timestamp, pathToken: pong.token }, nowMs);
  }
}
