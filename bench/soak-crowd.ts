import { setTimeout as sleep } from 'node:timers/promises';
import { VoiceClient } from '../src/client/voice-client.js';
import { inParallel, type Town } from './bench-town.js';
import type { Forwarder } from './forwarder.js';

const FRAME_MS = 20;
const FRAMES_OF_10_MS = FRAME_MS / 10;
const OPUS = new Uint8Array(80).fill(0xfc);
const CONNECT_CONCURRENCY = 8;
const SETTLE_STEP_MS = 100;
const SETTLE_STEPS = 300;

export interface SoakCrowdOptions {
  readonly town: Town;
  readonly host: string;
  /** Of the forwarder and the server: the first one's connections are broken now and then. */
  readonly forwarder: Forwarder;
  readonly controlPort: number;
  readonly fingerprint: string;
  /** In each of the first channels so many stay for good, and one of them talks. */
  readonly stayersPerChannel: number;
  readonly talkers: number;
  /** A number from 0 to 1. */
  readonly random: () => number;
}

/** Voice that those who stay should have heard, and did. */
export interface HeardVoice {
  readonly expected: number;
  readonly heard: number;
}

/** How often something was done. */
export interface ChurnCounts {
  moves: number;
  leaves: number;
  joins: number;
  logins: number;
  breaks: number;
  failures: number;
}

/** The clients of the soak: some stay and talk, the others come, go, move, and lose their connections. */
export class SoakCrowd {
  readonly churn: ChurnCounts = { moves: 0, leaves: 0, joins: 0, logins: 0, breaks: 0, failures: 0 };
  readonly #options: SoakCrowdOptions;
  readonly #clients: (VoiceClient | null)[] = [];
  readonly #reconnecting = new Set<VoiceClient>();
  readonly #busy = new Map<number, Promise<void>>();
  #talk: NodeJS.Timeout | null = null;
  #frame = 0;
  #sent = 0;
  #heard = 0;

  static async enter(options: SoakCrowdOptions): Promise<SoakCrowd> {
    const crowd = new SoakCrowd(options);
    await inParallel(options.town.tokens.length, CONNECT_CONCURRENCY, async (user) => {
      await crowd.#connect(user);
      await crowd.#clients[user]?.join(crowd.#homeOf(user));
    });
    return crowd;
  }

  private constructor(options: SoakCrowdOptions) {
    this.#options = options;
  }

  /** The sessions that clients hold, by id, with the channels that they are in. */
  get held(): ReadonlyMap<number, readonly number[]> {
    return new Map(
      this.#present().map(({ identity, sessions }) => [
        identity.sessionId,
        sessions.get(identity.sessionId)?.channelIds ?? [],
      ]),
    );
  }

  /** How many sessions each client sees: the smallest and the largest number. */
  get seen(): { readonly least: number; readonly most: number } {
    const sizes = this.#present().map(({ sessions }) => sessions.size);
    return { least: Math.min(...sizes), most: Math.max(...sizes) };
  }

  get voice(): HeardVoice {
    return { expected: this.#sent * (this.#options.stayersPerChannel - 1), heard: this.#heard };
  }

  beginTalk(): void {
    const startMs = performance.now();
    let ticks = 0;
    this.#talk = setInterval(() => {
      // What a late timer has missed is said now, so that the rate is kept.
      for (const due = Math.floor((performance.now() - startMs) / FRAME_MS); ticks < due; ticks += 1) this.#speak();
    }, FRAME_MS);
  }

  endTalk(): void {
    if (this.#talk !== null) clearInterval(this.#talk);
    this.#talk = null;
  }

  /** Somebody who does not stay does something. */
  stir(): void {
    const stayers = this.#options.stayersPerChannel * this.#options.talkers;
    const user = stayers + Math.floor(this.#options.random() * (this.#clients.length - stayers));
    if (this.#busy.has(user)) return;
    const act = this.#act(user)
      .catch(() => {
        this.churn.failures += 1;
      })
      .finally(() => this.#busy.delete(user));
    this.#busy.set(user, act);
  }

  /** Waits until everybody has done what they were doing, and nobody seeks a connection. Throws where that takes half a minute. */
  async settle(): Promise<void> {
    await Promise.all(this.#busy.values());
    for (let step = 0; step < SETTLE_STEPS; step += 1) {
      await sleep(SETTLE_STEP_MS);
      if (this.#reconnecting.size === 0) return sleep(10 * SETTLE_STEP_MS);
    }
    throw new Error(`${this.#reconnecting.size} clients do not come back`);
  }

  async close(): Promise<void> {
    await Promise.all(this.#busy.values());
    await Promise.all(this.#present().map((client) => client.close()));
  }

  async #act(user: number): Promise<void> {
    const client = this.#clients[user];
    const choice = this.#options.random();
    if (client === null || client === undefined) {
      await this.#connect(user);
      this.churn.logins += 1;
    } else if (this.#reconnecting.has(client)) {
      // It is busy.
    } else if (choice < 0.2) {
      this.#clients[user] = null;
      await client.close();
      await this.#connect(user);
      this.churn.logins += 1;
    } else if (choice < 0.3) {
      if (this.#options.forwarder.break(Math.floor(this.#options.random() * this.#options.forwarder.connections)))
        this.churn.breaks += 1;
    } else await this.#move(client, choice < 0.6);
  }

  async #move(client: VoiceClient, isLeaveEnough: boolean): Promise<void> {
    const [present] = client.sessions.get(client.identity.sessionId)?.channelIds ?? [];
    if (present !== undefined) {
      await client.leave(present);
      this.churn.leaves += 1;
      if (isLeaveEnough) return;
    }
    const { channelIds } = this.#options.town;
    const next = channelIds[Math.floor(this.#options.random() * channelIds.length)];
    if (next === undefined) return;
    await client.join(next);
    if (present === undefined) this.churn.joins += 1;
    else this.churn.moves += 1;
  }

  #speak(): void {
    this.#frame += FRAMES_OF_10_MS;
    const { stayersPerChannel, talkers } = this.#options;
    for (let talker = 0; talker < talkers; talker += 1) {
      const user = talker * stayersPerChannel;
      this.#clients[user]?.sendVoice(this.#homeOf(user), this.#frame, OPUS, false);
      this.#sent += 1;
    }
  }

  async #connect(user: number): Promise<void> {
    const { town, host, forwarder, controlPort, fingerprint } = this.#options;
    const client = await VoiceClient.connect({
      host,
      port: this.#stays(user) ? controlPort : forwarder.port,
      fingerprint,
      credentials: { accessToken: town.tokens[user] ?? '' },
      clientName: 'parley soak',
    });
    this.#clients[user] = client;
    client.on('reconnecting', () => this.#reconnecting.add(client));
    client.on('reconnected', () => this.#reconnecting.delete(client));
    client.on('disconnect', () => {
      this.#reconnecting.delete(client);
      if (this.#clients[user] === client) this.#clients[user] = null;
    });
    if (!this.#stays(user)) return;
    client.on('voice', () => {
      this.#heard += 1;
    });
  }

  #stays(user: number): boolean {
    return user < this.#options.stayersPerChannel * this.#options.talkers;
  }

  #homeOf(user: number): number {
    const { town, stayersPerChannel } = this.#options;
    return town.channelIds[Math.floor(user / stayersPerChannel) % town.channelIds.length] ?? 0;
  }

  #present(): VoiceClient[] {
    return this.#clients.filter((client) => client !== null);
  }
}
