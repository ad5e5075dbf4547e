import { Counter, Gauge, type Metric } from 'prom-client';
import { LINK_DROP_REASONS } from '../relay/link.js';
import type { LinkCounters } from '../voice/relay-links.js';
import { BROKEN_MS, type RelayNodeLinks } from './node-links.js';

/** The figures of the links to other nodes, read at each scrape. */
export function linkMetrics(links: RelayNodeLinks): readonly Metric[] {
  // All are asked for at a scrape, and the workers count once for all of them.
  let reading: Promise<readonly LinkCounters[]> | null = null;
  const read = () => {
    reading ??= links.counters().finally(() => {
      reading = null;
    });
    return reading;
  };
  const packets = new Counter({
    name: 'parley_link_packets_total',
    help: 'Voice packets that came from other nodes, and copies that were sent to them: one for each node, however many hear it there.',
    labelNames: ['direction'],
    registers: [],
    async collect() {
      const counters = await read();
      this.reset();
      this.inc(
        { direction: 'in' },
        sum(counters, ({ packetsIn }) => packetsIn),
      );
      this.inc(
        { direction: 'out' },
        sum(counters, ({ packetsOut }) => packetsOut),
      );
    },
  });
  const bytes = new Counter({
    name: 'parley_link_bytes_total',
    help: 'Bytes of the voice packets between nodes.',
    labelNames: ['direction'],
    registers: [],
    async collect() {
      const counters = await read();
      this.reset();
      this.inc(
        { direction: 'in' },
        sum(counters, ({ bytesIn }) => bytesIn),
      );
      this.inc(
        { direction: 'out' },
        sum(counters, ({ bytesOut }) => bytesOut),
      );
    },
  });
  const drops = new Counter({
    name: 'parley_link_drops_total',
    help: 'Datagrams of other nodes that were dropped, by reason; `unheard` is for nobody here, or of a key that is over.',
    labelNames: ['reason'],
    registers: [],
    async collect() {
      const counters = await read();
      this.reset();
      for (const reason of LINK_DROP_REASONS)
        this.inc(
          { reason },
          sum(counters, (each) => each.drops[reason]),
        );
    },
  });
  const up = new Gauge({
    name: 'parley_link_up',
    help: `1 where all links to a node carry: something genuine came from it in the last ${BROKEN_MS / 1000} s.`,
    labelNames: ['node'],
    registers: [],
    async collect() {
      const states = (await read()).flatMap((each) => each.states);
      this.reset();
      const carrying = new Map<string, boolean>();
      for (const { slot, heardAgoMs } of states) {
        const node = links.nameOf(slot);
        const carries = heardAgoMs !== null && heardAgoMs <= BROKEN_MS;
        carrying.set(node, carries && (carrying.get(node) ?? true));
      }
      for (const [node, carries] of carrying) this.set({ node }, carries ? 1 : 0);
    },
  });
  const roundTrip = new Gauge({
    name: 'parley_link_round_trip_seconds',
    help: 'How long the newest ping to a node has taken, there and back.',
    labelNames: ['node'],
    registers: [],
    async collect() {
      const states = (await read()).flatMap((each) => each.states);
      this.reset();
      for (const { slot, roundTripMs } of states) {
        if (roundTripMs !== null) this.set({ node: links.nameOf(slot) }, roundTripMs / 1000);
      }
    },
  });
  return [packets, bytes, drops, up, roundTrip];
}

function sum(counters: readonly LinkCounters[], numberOf: (counters: LinkCounters) => number): number {
  return counters.reduce((total, each) => total + numberOf(each), 0);
}
