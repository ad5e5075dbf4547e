/** The script of a measured process: `relay` is Parley's relay as the server runs it, `bare` does nothing but send each datagram on to all others of its channel. */
import { pino } from 'pino';
import { sessionId } from '../src/ids.js';
import { RelayHost } from '../src/voice/relay-host.js';
import type { FanOutSession, MessageFromSubject, MessageToSubject } from './fan-out-messages.js';
import { LOOPBACK, openLoopbackSocket } from './loopback-socket.js';

const TARGET_OFFSET = 2;
const SENDER_OFFSET = 6;
const SESSION_TAG_BYTES = 12;
/** So high that it is not what is measured. */
const MAX_BITRATE = 1_000_000_000;

interface FanOut {
  readonly port: number;
  packetsOut(): Promise<number>;
}

const start = process.argv[2] === 'bare' ? startBare : startRelay;
let fanOut: FanOut | null = null;
process.on('message', (message: MessageToSubject) => void answer(message));
process.on('disconnect', () => process.exit());

async function answer(message: MessageToSubject): Promise<void> {
  if (message.type === 'begin') {
    fanOut = await start(message.sessions);
    reply({ type: 'ready', port: fanOut.port });
  } else {
    const packetsOut = (await fanOut?.packetsOut()) ?? 0;
    const { user, system } = process.cpuUsage();
    reply({ type: 'usage', usage: { cpuMicroseconds: user + system, packetsOut } });
  }
}

function reply(message: MessageFromSubject): void {
  process.send?.(message);
}

async function startRelay(sessions: readonly FanOutSession[]): Promise<FanOut> {
  const host = await RelayHost.start({
    bindAddress: LOOPBACK,
    port: 0,
    maxBitrate: MAX_BITRATE,
    backend: 'dgram',
    logger: pino({ level: 'silent' }),
  });
  const routes = Array.from(Map.groupBy(sessions, targetOf), ([target, members]) => {
    const ids = members.map((member) => sessionId(member.sessionId));
    return { target, epoch: 0, listeners: ids, speakers: ids };
  });
  host.update({
    type: 'replace_all',
    generation: 1,
    sessions: sessions.map(({ clientKey, serverKey, ...each }) => ({
      sessionId: sessionId(each.sessionId),
      clientKey,
      serverKey,
    })),
    routes,
  });
  // The worker takes messages in order: with this answer it has the update too.
  await host.counters();
  return {
    port: host.voicePort,
    packetsOut: async () => (await host.counters()).totals.packetsOut,
  };
}

async function startBare(sessions: readonly FanOutSession[]): Promise<FanOut> {
  const socket = await openLoopbackSocket();
  const members = Map.groupBy(sessions, targetOf);
  let packetsOut = 0;
  socket.on('message', (packet) => {
    const sender = packet.readUInt32BE(SENDER_OFFSET);
    const copy = packet.subarray(0, -SESSION_TAG_BYTES);
    for (const member of members.get(packet.readUInt32BE(TARGET_OFFSET)) ?? []) {
      if (member.sessionId === sender) continue;
      socket.send(copy, member.port, LOOPBACK);
      packetsOut += 1;
    }
  });
  return { port: socket.address().port, packetsOut: async () => packetsOut };
}

function targetOf({ target }: FanOutSession): number {
  return target;
}
