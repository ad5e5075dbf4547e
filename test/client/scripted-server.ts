/**
 * The far end of the protocol, played by a test: TLS and UDP on 127.0.0.1, answers as the test says them. For what a
 * real server does not do when asked: silence, nonsense, messages in an unlucky order.
 */
import { createCipheriv, X509Certificate } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { X509CertificateGenerator } from '@peculiar/x509';
import {
  type ClientMessage,
  ClientMessageSchema,
  ServerMessageSchema,
} from '../../src/protocol/generated/control_pb.js';

export const SESSION_ID = 4_000_000_007;
export const CLIENT_KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
export const SERVER_KEY = Buffer.from('101112131415161718191a1b1c1d1e1f', 'hex');
export const CHANNEL_KEY = Buffer.from('202122232425262728292a2b2c2d2e2f', 'hex');

type ServerBody = NonNullable<MessageInitShape<typeof ServerMessageSchema>['body']>;

/** What the server does with each message of a client. */
export type Script = (message: ClientMessage, connection: ScriptedConnection, server: ScriptedServer) => unknown;

/** The server's end of one control connection. */
export class ScriptedConnection {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  send(body: ServerBody, requestId = 0): void {
    const message = toBinary(ServerMessageSchema, create(ServerMessageSchema, { requestId, body }));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(message.length);
    this.#socket.write(Buffer.concat([length, message]));
  }

  sendBytes(hex: string): void {
    this.#socket.write(Buffer.from(hex, 'hex'));
  }

  end(): void {
    this.#socket.end();
  }
}

export class ScriptedServer {
  readonly fingerprint: string;
  readonly #tls: Server;
  readonly #udp: Socket;
  readonly #connections = new Set<TLSSocket>();
  /** The token that pongs carry; undefined while UDP is silent. */
  pathToken: bigint | undefined = 0x1234n;
  bytesReceived = 0;
  readonly voiceReceived: Buffer[] = [];
  #counter = 0;
  #client: { readonly port: number; readonly address: string } | undefined;

  static async start(script: Script): Promise<ScriptedServer> {
    const { key, cert } = await selfSigned();
    const tls = createServer({ key, cert });
    const udp = createSocket('udp4');
    const server = new ScriptedServer(tls, udp, new X509Certificate(cert).fingerprint256, script);
    udp.bind(0, '127.0.0.1');
    tls.listen(0, '127.0.0.1');
    await Promise.all([once(udp, 'listening'), once(tls, 'listening')]);
    return server;
  }

  private constructor(tls: Server, udp: Socket, fingerprint: string, script: Script) {
    this.#tls = tls;
    this.#udp = udp;
    this.fingerprint = fingerprint;
    tls.on('secureConnection', (socket) => this.#serve(socket, script));
    udp.on('message', (packet, { port, address }) => {
      this.#client = { port, address };
      if (packet.readUInt8(0) === 0x51) this.#pong(packet);
      else this.voiceReceived.push(packet);
    });
  }

  get port(): number {
    return portOf(this.#tls.address());
  }

  get udpPort(): number {
    return portOf(this.#udp.address());
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Sends a datagram to where the client last sent from. */
  sendDatagram(packet: Uint8Array): void {
    if (this.#client === undefined) throw new Error('the client has sent no datagram');
    this.#udp.send(packet, this.#client.port, this.#client.address);
  }

  /** The answer to a login: welcome, a channel, the own session. */
  welcome(connection: ScriptedConnection, requestId: number): void {
    const voice = { udpPort: this.udpPort, clientKey: CLIENT_KEY, serverKey: SERVER_KEY };
    const limits = { maxBitrate: 128_000, defaultBitrate: 32_000, maxJoinedChannels: 16, idleTimeoutMs: 30_000 };
    const who = {
      sessionId: SESSION_ID,
      userId: 3,
      username: 'alice',
      organizationName: 'Demo',
      serverName: 'scripted',
    };
    connection.send({ case: 'welcome', value: { ...who, voice, limits } }, requestId);
    connection.send({ case: 'channelState', value: { id: 42, name: 'Lobby', permissions: 3, maxUsers: 50 } });
    connection.send({ case: 'sessionState', value: { sessionId: SESSION_ID, userId: 3, username: 'alice' } });
    connection.send({ case: 'synchronized', value: {} });
  }

  async stop(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    this.#udp.close();
    this.#tls.close();
    await once(this.#tls, 'close');
  }

  #serve(socket: TLSSocket, script: Script): void {
    this.#connections.add(socket);
    const connection = new ScriptedConnection(socket);
    let received = Buffer.alloc(0);
    socket.on('close', () => this.#connections.delete(socket));
    // A client that refuses the certificate cuts the connection, which is what some tests are about.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.bytesReceived += chunk.length;
      received = Buffer.concat([received, chunk]);
      while (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
        const end = 4 + received.readUInt32BE(0);
        script(fromBinary(ClientMessageSchema, received.subarray(4, end)), connection, this);
        received = received.subarray(end);
      }
    });
  }

  #pong(ping: Buffer): void {
    if (this.pathToken === undefined) return;
    this.#counter++;
    const pong = Buffer.alloc(32);
    pong.writeUInt8(0x52, 0);
    pong.writeUInt32BE(SESSION_ID, 6);
    pong.writeUIntBE(this.#counter, 10, 6);
    ping.copy(pong, 16, 16, 24);
    pong.writeBigUInt64BE(this.pathToken, 24);
    const nonce = Buffer.concat([Buffer.alloc(2), pong.subarray(6, 16)]);
    const cipher = createCipheriv('aes-128-gcm', SERVER_KEY, nonce, { authTagLength: 12 });
    cipher.setAAD(pong);
    cipher.final();
    this.sendDatagram(Buffer.concat([pong, cipher.getAuthTag()]));
  }
}

async function selfSigned(): Promise<{ key: string; cert: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { name: 'CN=scripted', keys, signingAlgorithm: algorithm, notAfter: new Date(Date.now() + 86_400_000) },
    crypto,
  );
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
    cert: certificate.toString('pem'),
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server does not listen');
  return address.port;
}
