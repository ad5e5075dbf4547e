import { createSocket } from 'node:dgram';
import { type EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
/** Below the range of Linux from which whoever asks for any port gets one (32768 to 60999): nobody comes upon these by chance. */
const FIRST = 20_000;
const LAST = 32_000;

/** So many ports of loopback, all different, that nobody uses at this moment, neither by TCP nor by UDP. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if ((await isFreeByTcp(port)) && (await isFreeByUdp(port))) found.add(port);
  }
  return [...found];
}

/** One of {@link freePorts}. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

async function isFreeByTcp(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, HOST);
  if (!(await began(server))) return false;
  server.close();
  await once(server, 'close');
  return true;
}

async function isFreeByUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  socket.bind(port, HOST);
  const isFree = await began(socket);
  socket.close();
  await once(socket, 'close');
  return isFree;
}

/** False where it fails instead. */
function began(listener: EventEmitter): Promise<boolean> {
  return once(listener, 'listening').then(
    () => true,
    () => false,
  );
}
