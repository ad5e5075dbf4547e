import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { once } from 'node:events';

export const LOOPBACK = '127.0.0.1';

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** A UDP socket on a free loopback port that sends as fast as `dgram` can: numeric addresses are not looked up. */
export async function openLoopbackSocket(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: numericLookup, recvBufferSize: RECEIVE_BUFFER_BYTES });
  // The lookup is synchronous, so the socket may listen before bind returns.
  const listening = once(socket, 'listening');
  socket.bind(0, LOOPBACK);
  await listening;
  return socket;
}

const numericLookup: SocketOptions['lookup'] = (address, _options, callback) => {
  callback(null, address, 4);
};
