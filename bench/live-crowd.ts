import type { ServerBody } from '../src/client/control-stream.js';
import type { Welcome } from '../src/protocol/generated/control_pb.js';
import { inParallel } from './bench-town.js';
import { CrowdConnection } from './crowd-connection.js';
import type { BenchSession, RelayScenario } from './relay-scenario.js';

/** As a crowd comes after a restart: many at once, and fewer than the server has places for newcomers of one network. */
const CONCURRENCY = 64;

export interface LiveCrowdOptions {
  readonly host: string;
  readonly port: number;
  readonly fingerprint: string;
  /** An access token of each user. */
  readonly tokens: readonly string[];
  readonly channelIds: readonly number[];
}

interface ChannelKey {
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** Sessions with control connections that stay open. Their voice is for others to send. */
export class LiveCrowd {
  /** One after the other by id, as a crowd of a bench is. */
  readonly sessions: readonly BenchSession[];
  /** How many logged in per second, each over TLS with an access token, until it had the whole state. */
  readonly loginsPerSecond: number;
  readonly #connections: readonly CrowdConnection[];

  /** Logs everybody in and puts them into channels, so many in each. Throws where somebody is refused. */
  static async enter(options: LiveCrowdOptions, scenario: RelayScenario): Promise<LiveCrowd> {
    const { membersPerChannel, channels } = scenario;
    const visits: Visit[] = [];
    const startMs = performance.now();
    await inParallel(channels * membersPerChannel, CONCURRENCY, async (user) => {
      visits.push(await Visit.begin(options, user));
    });
    const loginsPerSecond = (1000 * visits.length) / (performance.now() - startMs);
    visits.sort((left, right) => left.welcome.sessionId - right.welcome.sessionId);
    await inParallel(visits.length, CONCURRENCY, async (index) => {
      await visits[index]?.join(options.channelIds[Math.floor(index / membersPerChannel)] ?? 0);
    });
    return new LiveCrowd(visits, loginsPerSecond);
  }

  private constructor(visits: readonly Visit[], loginsPerSecond: number) {
    this.sessions = visits.map((visit) => visit.session);
    this.loginsPerSecond = loginsPerSecond;
    this.#connections = visits.map(({ connection }) => connection);
    const [first, last] = [this.sessions.at(0), this.sessions.at(-1)];
    const isWithoutGaps = first !== undefined && last !== undefined && last.id - first.id === visits.length - 1;
    if (!isWithoutGaps) throw new Error('the ids of the sessions have gaps: somebody else has logged in');
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }
}

/** One session, as its client knows it. */
class Visit {
  readonly connection: CrowdConnection;
  readonly welcome: Welcome;
  readonly #keys: ReadonlyMap<number, ChannelKey>;
  #target = 0;

  static async begin({ host, port, fingerprint, tokens }: LiveCrowdOptions, user: number): Promise<Visit> {
    const keys = new Map<number, ChannelKey>();
    const connection = await CrowdConnection.open(
      { host, port, fingerprint, accessToken: tokens[user] ?? '' },
      (body: ServerBody) => {
        if (body.case === 'channelKey') keys.set(body.value.targetId, body.value);
      },
    );
    const [welcome] = await Promise.all([connection.welcome, connection.synchronized]);
    return new Visit(connection, welcome, keys);
  }

  private constructor(connection: CrowdConnection, welcome: Welcome, keys: ReadonlyMap<number, ChannelKey>) {
    this.connection = connection;
    this.welcome = welcome;
    this.#keys = keys;
  }

  /** The key comes before the answer. */
  async join(channelId: number): Promise<void> {
    await this.connection.request({ case: 'join', value: { channelId, password: '' } });
    this.#target = channelId;
  }

  get session(): BenchSession {
    const { sessionId: id, voice } = this.welcome;
    const channel = this.#keys.get(this.#target);
    if (voice === undefined || channel === undefined) throw new Error(`session ${id} has no keys`);
    const { clientKey, serverKey } = voice;
    return { id, clientKey, serverKey, target: this.#target, channelEpoch: channel.epoch, channelKey: channel.key };
  }
}
