import { FanOutLoad } from './fan-out-load.js';
import { FanOutProcess } from './fan-out-process.js';
import { type Measurement, measurementOf } from './measurement.js';

const CHANNELS = 4;
const MEMBERS_PER_CHANNEL = 51;
const PACKETS_PER_BURST = 1000;
/** Rounds go on for so long, on a busy machine with fewer of them. */
const BUDGET_MS = 12_000;
const MIN_ROUNDS = 3;

interface Burst {
  /** Copies that arrived, per second. */
  readonly copiesPerSecond: number;
  /** CPU time of the forwarding process for each copy that it sent, kernel included. */
  readonly cpuMicrosecondsPerCopy: number;
  readonly lostPercent: number;
}

/** How fast the relay forwards, and for how much CPU time, to 50 listeners a channel, over loopback sockets and `dgram`: beside a loop that does nothing but send. */
export async function benchRelayFanOut(): Promise<readonly Measurement[]> {
  await using open = new AsyncDisposableStack();
  const load = open.adopt(
    await FanOutLoad.open({ channels: CHANNELS, membersPerChannel: MEMBERS_PER_CHANNEL }),
    (opened) => opened.close(),
  );
  const start = async (kind: 'relay' | 'bare') =>
    open.adopt(await FanOutProcess.start(kind, load.sessions), (started) => started.close());
  const relay = await start('relay');
  const bare = await start('bare');
  await load.prove(relay.port);

  const bursts: { readonly relay: Burst; readonly bare: Burst }[] = [];
  // The first burst of each only warms it up.
  for (const process of [relay, bare]) await burst(load, process);
  const startedAtMs = performance.now();
  while (bursts.length < MIN_ROUNDS || performance.now() - startedAtMs < BUDGET_MS) {
    // Who comes first changes, so that what changes in time does not favour one.
    const relayFirst = bursts.length % 2 === 0 ? await burst(load, relay) : null;
    const ofBare = await burst(load, bare);
    bursts.push({ relay: relayFirst ?? (await burst(load, relay)), bare: ofBare });
  }
  const measure = (what: string, unit: string, figureOf: (burst: Burst) => number) =>
    measurementOf(
      { bench: 'fan-out', what, unit, yardstick: 'bare dgram fan-out' },
      bursts.map((pair) => ({ parley: figureOf(pair.relay), reference: figureOf(pair.bare) })),
    );
  return [
    measure('CPU time per copy', 'µs', ({ cpuMicrosecondsPerCopy }) => cpuMicrosecondsPerCopy),
    measure('copies', '/s', ({ copiesPerSecond }) => copiesPerSecond),
    measure('copies lost', '%', ({ lostPercent }) => lostPercent),
  ];
}

async function burst(load: FanOutLoad, process: FanOutProcess): Promise<Burst> {
  const before = await process.usage();
  const { copiesExpected, copiesReceived, elapsedMs } = await load.burst(process.port, PACKETS_PER_BURST);
  const after = await process.usage();
  const copiesSent = after.packetsOut - before.packetsOut;
  return {
    copiesPerSecond: (1000 * copiesReceived) / elapsedMs,
    cpuMicrosecondsPerCopy: (after.cpuMicroseconds - before.cpuMicroseconds) / copiesSent,
    lostPercent: 100 * (1 - copiesReceived / copiesExpected),
  };
}
