import Table from 'cli-table3';
import { median } from './measurement.js';
import { type RelayName, type RelayRun, WARM_UP_MS } from './relay-bench.js';

/** One line of the table: the medians of all rounds. */
export interface RelayRow {
  readonly load: string;
  readonly relay: RelayName;
  readonly packetsOutPerSecond: number;
  readonly lossPercent: number;
  /** Of the whole process, all threads. */
  readonly cpuNsPerPacketOut: number;
  /** Against `c` in the same round. */
  readonly ratioToC: number | null;
  /** From before a client sends to the kernel's time of arrival at another. */
  readonly latencyUs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly p999: number };
  /** From the batch read to the last copy sent, as Parley's own metric says. */
  readonly routingP99Ms: number | null;
  /** Garbage collections of the relay's thread while people talk, per second, and how long one takes. */
  readonly gcPerSecond: number | null;
  readonly meanGcPauseMs: number | null;
  /** The longest of all rounds, from the start of the thread on. */
  readonly longestGcPauseMs: number | null;
  readonly residentMb: number;
  /** What else ran on the machine meanwhile, in percent of a processor. */
  readonly othersPercent: number;
  /** Wrong bytes, wrong receivers, doubles; and what the load itself lost. All are to be 0. */
  readonly wrong: number;
  readonly ownDrops: number;
}

/** Puts the rounds of a relay together. */
export function rowOf(load: string, relay: RelayName, rounds: readonly (readonly RelayRun[])[]): RelayRow {
  const runs = rounds.flat().filter((run) => run.relay === relay);
  const medianOf = (read: (run: RelayRun) => number) => median(runs.map(read));
  const ratios = rounds.flatMap((round) => {
    const yardstick = round.find((run) => run.relay === 'c');
    const own = round.find((run) => run.relay === relay);
    return yardstick === undefined || own === undefined ? [] : [cpuNs(own) / cpuNs(yardstick)];
  });
  const figures = runs.flatMap((run) => (run.figures === null ? [] : [run.figures]));
  return {
    load,
    relay,
    packetsOutPerSecond: medianOf((run) => (1000 * run.load.receivedInWindow) / run.load.windowMs),
    lossPercent: medianOf((run) => 100 * lossOf(run)),
    cpuNsPerPacketOut: medianOf(cpuNs),
    ratioToC: ratios.length === 0 ? null : median(ratios),
    latencyUs: {
      p50: medianOf((run) => run.load.latencyUs.p50),
      p95: medianOf((run) => run.load.latencyUs.p95),
      p99: medianOf((run) => run.load.latencyUs.p99),
      p999: medianOf((run) => run.load.latencyUs.p999),
    },
    routingP99Ms: figures.length === 0 ? null : median(figures.map(({ routingP99Ms }) => routingP99Ms)),
    ...gcOf(runs),
    longestGcPauseMs: figures.length === 0 ? null : Math.max(...figures.map((each) => each.longestGcPauseMs)),
    residentMb: medianOf((run) => run.load.residentKb / 1024),
    othersPercent: medianOf(({ load: { busyMs, serverCpuMs, ownCpuMs, stolenMs, windowMs } }) =>
      Math.max(0, (100 * (busyMs - serverCpuMs - ownCpuMs + stolenMs)) / windowMs),
    ),
    wrong: runs.reduce((sum, run) => sum + run.load.bad + run.load.misrouted + run.load.duplicates, 0),
    ownDrops: runs.reduce((sum, run) => sum + run.load.ownDrops, 0),
  };
}

function gcOf(runs: readonly RelayRun[]): Pick<RelayRow, 'gcPerSecond' | 'meanGcPauseMs'> {
  const talks = runs.flatMap(({ before, figures, load }) =>
    before === null || figures === null
      ? []
      : [
          {
            count: figures.gcPauses - before.gcPauses,
            ms: figures.gcMs - before.gcMs,
            talkMs: load.windowMs + WARM_UP_MS,
          },
        ],
  );
  if (talks.length === 0) return { gcPerSecond: null, meanGcPauseMs: null };
  const sumOf = (read: (talk: (typeof talks)[number]) => number) => talks.reduce((sum, talk) => sum + read(talk), 0);
  const count = sumOf((talk) => talk.count);
  const meanGcPauseMs = count === 0 ? 0 : sumOf(({ ms }) => ms) / count;
  return { gcPerSecond: (1000 * count) / sumOf(({ talkMs }) => talkMs), meanGcPauseMs };
}

function cpuNs({ load }: RelayRun): number {
  return (1e6 * load.serverCpuMs) / load.receivedInWindow;
}

/** From 0 to 1. */
export function lossOf({ load }: RelayRun): number {
  return 1 - load.delivered / load.expected;
}

/** For people. */
export function tableOf(rows: readonly RelayRow[]): string {
  const table = new Table({
    head: [
      'load',
      'relay',
      'out/s',
      'loss %',
      'ns/out',
      'to C',
      'p50 µs',
      'p95',
      'p99',
      'p99.9',
      'route p99 ms',
      'GC/s',
      'GC ms',
      'longest',
      'MB',
      'others %',
      'wrong',
    ],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', ...Array.from({ length: 15 }, () => 'right' as const)],
  });
  for (const row of rows) {
    const { p50, p95, p99, p999 } = row.latencyUs;
    table.push([
      row.load,
      row.relay,
      Math.round(row.packetsOutPerSecond).toLocaleString('en'),
      row.lossPercent.toFixed(3),
      Math.round(row.cpuNsPerPacketOut),
      row.ratioToC?.toFixed(2) ?? '',
      ...[p50, p95, p99, p999].map((value) => Math.round(value).toLocaleString('en')),
      row.routingP99Ms?.toFixed(2) ?? '',
      row.gcPerSecond?.toFixed(1) ?? '',
      row.meanGcPauseMs?.toFixed(2) ?? '',
      row.longestGcPauseMs?.toFixed(2) ?? '',
      Math.round(row.residentMb),
      Math.round(row.othersPercent),
      row.wrong + row.ownDrops,
    ]);
  }
  return table.toString();
}
