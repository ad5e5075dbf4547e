/** The process that `bench/relay.ts` measures: the relay as the server runs it, in its worker, told of all sessions at once. */
import { pino } from 'pino';
import { sessionId } from '../src/ids.js';
import { RelayHost } from '../src/voice/relay-host.js';
import type { RelayCounters } from '../src/voice/relay-messages.js';
import type { BackendChoice } from '../src/voice/udp-backend.js';
import type { BenchSession } from './relay-scenario.js';

export type MessageToSubject =
  | { readonly type: 'begin'; readonly backend: BackendChoice; readonly sessions: readonly BenchSession[] }
  | { readonly type: 'get_counters' };

export type MessageFromSubject =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'counters'; readonly counters: RelayCounters };

/** So high that it is not what is measured. */
const MAX_BITRATE = 1_000_000_000;

let host: RelayHost | null = null;

process.on('message', (message: MessageToSubject) => void obey(message));
process.on('disconnect', () => process.exit());

async function obey(message: MessageToSubject): Promise<void> {
  if (message.type === 'begin') {
    host = await begin(message.backend, message.sessions);
    reply({ type: 'ready', port: host.voicePort });
  } else if (host !== null) {
    reply({ type: 'counters', counters: await host.counters() });
  }
}

function reply(message: MessageFromSubject): void {
  process.send?.(message);
}

async function begin(backend: BackendChoice, sessions: readonly BenchSession[]): Promise<RelayHost> {
  const logger = pino({ level: 'silent' });
  const relay = await RelayHost.start({ bindAddress: '127.0.0.1', port: 0, maxBitrate: MAX_BITRATE, backend, logger });
  const targets = Map.groupBy(sessions, ({ target }) => target);
  relay.update({
    type: 'replace_all',
    generation: 1,
    sessions: sessions.map(({ id, clientKey, serverKey }) => ({ sessionId: sessionId(id), clientKey, serverKey })),
    routes: Array.from(targets, ([target, members]) => {
      const ids = members.map(({ id }) => sessionId(id));
      return { target, epoch: 0, listeners: ids, speakers: ids };
    }),
  });
  await relay.settled();
  return relay;
}
