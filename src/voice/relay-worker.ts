/** The script of the relay's thread: gives the runner a UDP backend, a clock, randomness and the main thread. */
import { randomBytes } from 'node:crypto';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { MumbleGateway } from '../mumble/mumble-gateway.js';
import { chooseMumblePath } from '../mumble/mumble-path.js';
import { DgramBackend } from './dgram-backend.js';
import { GcPauses } from './gc-pauses.js';
import { choosePacketPath } from './packet-path.js';
import type { MessageFromRelayWorker, MessageToRelayWorker, RelayWorkerOptions } from './relay-messages.js';
import { RelayRunner } from './relay-runner.js';
import type { UdpBackendOptions } from './udp-backend.js';

/** How often the main thread is told who speaks, and of packets that are traced, in milliseconds. */
const ACTIVITY_INTERVAL_MS = 100;
/** How often each link to another node is asked whether it is there, in milliseconds. */
const LINK_PING_INTERVAL_MS = 1000;

if (parentPort === null) throw new Error('relay-worker is the script of a worker thread');
await run(parentPort, workerData);

async function run(mainThread: MessagePort, options: RelayWorkerOptions): Promise<void> {
  const post = (message: MessageFromRelayWorker) => mainThread.postMessage(message);
  let at: UdpBackendOptions = { bindAddress: options.bindAddress, port: options.port };
  try {
    const choice = options.backend ?? 'auto';
    const { start, makeTagKey } = choosePacketPath(choice);
    const gcPauses = new GcPauses();
    const nowMs = () => performance.now();
    const runner = new RelayRunner({
      maxBitrate: options.maxBitrate,
      firstServerCounter: options.firstServerCounter,
      makeTagKey,
      nowMs,
      randomToken: () => randomBytes(8).readBigUInt64BE(),
      gcPauses: () => gcPauses.summary(),
      post,
      hasLinks: options.link != null,
      defer: setImmediate,
    });
    const backend = await start(options, runner);
    runner.use(backend);
    runner.serveBy(
      new MumbleGateway({
        ...chooseMumblePath(choice),
        ...{ makeTagKey, nowMs },
        toRelay: (sessionId, packet) => runner.receiveTunneled(sessionId, packet),
        post: (message) => post({ type: 'gateway', message }),
        defer: setImmediate,
      }),
    );
    if (options.link != null) {
      at = options.link;
      await openLinks(runner, at);
    }
    mainThread.on('message', (message: MessageToRelayWorker) => runner.onMessage(message));
    setInterval(() => {
      runner.tellActivity();
      runner.tellPackets();
    }, ACTIVITY_INTERVAL_MS);
    post({ type: 'ready', port: backend.port, backend: backend.counters() });
  } catch (error) {
    post({ type: 'failed', code: codeOf(error), reason: reasonOf(error), at });
    mainThread.close();
  }
}

/** A handful of datagrams for each that comes from a client: Node's own UDP does for them. */
async function openLinks({ links }: RelayRunner, at: UdpBackendOptions): Promise<void> {
  if (links === null) return;
  links.use(await DgramBackend.start(at, links));
  setInterval(() => links.ping(), LINK_PING_INTERVAL_MS);
}

/** One line: what cannot be loaded is explained with all places where it was looked for. */
function reasonOf(error: unknown): string {
  const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
  return line;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
}
