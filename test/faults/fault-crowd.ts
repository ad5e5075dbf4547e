import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { inParallel } from '../../bench/bench-town.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import type { VoiceClientErrorCode } from '../../src/client/voice-client-error.js';
import { VoiceClientError } from '../../src/client/voice-client-error.js';
import type { FaultTown } from './fault-town.js';

/** Where a client connects to. */
export interface ClientWay {
  readonly host: string;
  readonly port: number;
}

export interface FaultCrowdOptions {
  readonly town: FaultTown;
  /** How many come: the first `stayers` of them stay in their channels, and what they hear is counted. */
  readonly users: number;
  readonly stayers: number;
  /** Where the client of a user connects to first. */
  readonly waysOf: (user: number) => ClientWay;
  /** The first user of each channel talks. */
  readonly talks: boolean;
}

const FRAME_MS = 20;
const OPUS = new Uint8Array(60).fill(0xfc);
const CONNECT_CONCURRENCY = 16;
const REJOIN_PAUSE_MS = 100;

interface Member {
  readonly client: VoiceClient;
  /** When it lost its connection, or null while it has one and is in its channel. */
  lostAtMs: number | null;
  lastHeardMs: number;
  longestGapMs: number;
}

/** Voice that should have been heard, and was. */
export interface HeardVoice {
  readonly expected: number;
  readonly heard: number;
}

/** Clients of one process, by the client library: each is in one channel, and goes back there after whatever happens. */
export class FaultCrowd {
  readonly #options: FaultCrowdOptions;
  readonly #members = new Map<number, Member>();
  /** How long each return took that was complete, in milliseconds. */
  readonly returnsMs: number[] = [];
  /** The codes with which clients have given up. */
  readonly ended: VoiceClientErrorCode[] = [];
  /** Sessions that went on, and those that had to begin anew. */
  resumed = 0;
  renewed = 0;
  #talk: NodeJS.Timeout | null = null;
  #frame = 0;
  #sent = 0;
  #heard = 0;

  static async enter(options: FaultCrowdOptions): Promise<FaultCrowd> {
    const crowd = new FaultCrowd(options);
    await inParallel(options.users, CONNECT_CONCURRENCY, (user) => crowd.connect(user));
    return crowd;
  }

  private constructor(options: FaultCrowdOptions) {
    this.#options = options;
  }

  /** The sessions that clients hold, by id, with the channels that they are in. */
  get held(): ReadonlyMap<number, readonly number[]> {
    return new Map(
      [...this.#members.values()].map(({ client: { identity, sessions } }) => [
        identity.sessionId,
        sessions.get(identity.sessionId)?.channelIds ?? [],
      ]),
    );
  }

  /** How many have lost their connection, and are not back in their channel yet. */
  get away(): number {
    return [...this.#members.values()].filter(({ lostAtMs }) => lostAtMs !== null).length;
  }

  get size(): number {
    return this.#members.size;
  }

  /** What was heard since {@link beginTalk}, while nobody lost a session. */
  get voice(): HeardVoice {
    const { stayers, town } = this.#options;
    const listeners = stayers - Math.min(stayers, town.channelIds.length);
    return { expected: (this.#sent * listeners) / Math.max(1, this.#talkers().length), heard: this.#heard };
  }

  /** The longest time in which somebody heard nothing, of those who are here, in milliseconds. */
  get longestGapMs(): number {
    return Math.max(
      0,
      ...[...this.#members].filter(([user]) => !this.#isTalker(user)).map(([, each]) => each.longestGapMs),
    );
  }

  client(user: number): VoiceClient {
    const member = this.#members.get(user);
    if (member === undefined) throw new Error(`user ${user} is not here`);
    return member.client;
  }

  /** As Redis would write it. */
  sessionIdOf(user: number): string | null {
    const member = this.#members.get(user);
    return member === undefined ? null : String(member.client.identity.sessionId);
  }

  homeOf(user: number): number {
    const { channelIds } = this.#options.town;
    return channelIds[user % channelIds.length] ?? 0;
  }

  async connect(user: number): Promise<void> {
    const { town, waysOf } = this.#options;
    const { host, port } = waysOf(user);
    const client = await VoiceClient.connect({
      ...{ host, port, insecure: true },
      credentials: { accessToken: town.tokens[user] ?? '' },
      clientName: 'parley faults',
    });
    const member: Member = { client, lostAtMs: null, lastHeardMs: 0, longestGapMs: 0 };
    this.#members.set(user, member);
    client.on('reconnecting', () => {
      member.lostAtMs ??= performance.now();
    });
    client.on('reconnected', (resumed) => {
      if (resumed) this.resumed += 1;
      else this.renewed += 1;
      void this.#goHome(user, member);
    });
    client.on('disconnect', ({ code }) => {
      this.ended.push(code);
      this.#members.delete(user);
    });
    client.on('voice', ({ channelId }) => {
      if (channelId !== this.homeOf(user) || user >= this.#options.stayers) return;
      const nowMs = performance.now();
      if (member.lastHeardMs > 0) member.longestGapMs = Math.max(member.longestGapMs, nowMs - member.lastHeardMs);
      member.lastHeardMs = nowMs;
      this.#heard += 1;
    });
    await client.join(this.homeOf(user));
  }

  /** Takes somebody away, who says goodbye. */
  async dismiss(user: number): Promise<void> {
    const { client } = this.#members.get(user) ?? {};
    this.#members.delete(user);
    await client?.close();
  }

  beginTalk(): void {
    this.#sent = 0;
    this.#heard = 0;
    for (const member of this.#members.values()) Object.assign(member, { lastHeardMs: 0, longestGapMs: 0 });
    // What a late timer has missed is not said: many packets at once would be more than the relay lets one session send.
    this.#talk = setInterval(() => this.#speak(), FRAME_MS);
  }

  /** Stops talking, and waits for what is on its way. */
  async endTalk(): Promise<void> {
    if (this.#talk !== null) clearInterval(this.#talk);
    this.#talk = null;
    await sleep(500);
  }

  /** Waits until everybody is back in their channel; false where that takes longer. */
  async untilAllBack(limitMs: number): Promise<boolean> {
    const endMs = performance.now() + limitMs;
    while (this.away > 0 && performance.now() < endMs) await sleep(20);
    return this.away === 0;
  }

  async close(): Promise<void> {
    if (this.#talk !== null) clearInterval(this.#talk);
    const users = [...this.#members.keys()];
    await inParallel(users.length, CONNECT_CONCURRENCY, async (index) => this.dismiss(users[index] ?? 0));
  }

  /** A new session is in no channel; a join may fail as long as what it needs is away. */
  async #goHome(user: number, member: Member): Promise<void> {
    const { client } = member;
    while (this.#members.get(user) === member) {
      const isHome = client.sessions.get(client.identity.sessionId)?.channelIds.includes(this.homeOf(user)) === true;
      if (isHome || (await client.join(this.homeOf(user)).then(() => true, isOver)) === true) break;
      await sleep(REJOIN_PAUSE_MS);
    }
    if (member.lostAtMs !== null) this.returnsMs.push(performance.now() - member.lostAtMs);
    member.lostAtMs = null;
  }

  #speak(): void {
    this.#frame += FRAME_MS / 10;
    for (const user of this.#talkers()) {
      const client = this.#members.get(user)?.client;
      try {
        client?.sendVoice(this.homeOf(user), this.#frame, OPUS, false);
        this.#sent += 1;
      } catch (error) {
        // A session that has just begun anew is in no channel yet.
        if (!(error instanceof VoiceClientError)) throw error;
      }
    }
  }

  #talkers(): number[] {
    if (!this.#options.talks) return [];
    return [...this.#members.keys()].filter((user) => this.#isTalker(user));
  }

  #isTalker(user: number): boolean {
    return user < this.#options.town.channelIds.length;
  }
}

/** The session itself is over: it cannot go home any more, and its end is told elsewhere. */
function isOver(error: unknown): boolean {
  return error instanceof VoiceClientError && error.code === 'REPLACED';
}
