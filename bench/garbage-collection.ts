import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { z } from 'zod';
import { LOOPBACK } from './loopback-socket.js';

const ATTEMPTS = 100;
const RETRY_MS = 50;

const targets = z.array(z.object({ webSocketDebuggerUrl: z.string() }));
const answer = z.object({ id: z.number(), result: z.record(z.string(), z.unknown()) });
const heapUsage = z.object({ usedSize: z.number() });

/**
 * Collects all garbage of the main thread of a Node process that was started with `--inspect-port`, and returns the MB
 * of its heap that live: what is there before says more about when V8 last collected than about what grows.
 */
export async function collectGarbage(pid: number, inspectPort: number): Promise<number> {
  const socket = new WebSocket(await inspectorUrl(pid, inspectPort));
  await once(socket, 'open');
  try {
    // Finalizers of the first collection free what the second one finds.
    for (let round = 0; round < 2; round += 1) await ask(socket, 'HeapProfiler.collectGarbage');
    return heapUsage.parse(await ask(socket, 'Runtime.getHeapUsage')).usedSize / 1e6;
  } finally {
    socket.close();
  }
}

/** The signal opens the inspector, and does nothing where it is open. */
async function inspectorUrl(pid: number, port: number): Promise<string> {
  process.kill(pid, 'SIGUSR1');
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(`http://${LOOPBACK}:${port}/json/list`);
      const [target] = targets.parse(await response.json());
      if (target === undefined) throw new Error('the inspector has nothing to look at');
      return target.webSocketDebuggerUrl;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await sleep(RETRY_MS);
    }
  }
}

let newestId = 0;

function ask(socket: WebSocket, method: string): Promise<unknown> {
  newestId += 1;
  const id = newestId;
  return new Promise((resolve, reject) => {
    const onMessage = (text: WebSocket.RawData) => {
      const told = answer.safeParse(JSON.parse(String(text)));
      if (told.data?.id !== id) return;
      socket.off('message', onMessage);
      socket.off('close', onClose);
      resolve(told.data.result);
    };
    const onClose = () => reject(new Error(`the inspector has closed before it answered ${method}`));
    socket.on('message', onMessage);
    socket.once('close', onClose);
    socket.send(JSON.stringify({ id, method }));
  });
}
