import { type IncomingMessage, request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect, type TLSSocket } from 'node:tls';
import { messageOf } from '../thrown.js';
import { AdminError, AdminExit } from './admin-error.js';

const TIMEOUT_MS = 30_000;
const DEFAULT_TLS_PORT = 443;

export interface ExchangeOptions {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The SHA-256 of the one certificate that is accepted; null for any that the system's authorities vouch for. */
  readonly fingerprint: string | null;
}

/** What came back. */
export interface Exchange {
  readonly status: number;
  readonly body: string;
}

/** One request over HTTP or HTTPS. Nothing is sent before the certificate is accepted. Throws AdminError, in one line. */
export async function exchange(url: URL, options: ExchangeOptions): Promise<Exchange> {
  try {
    const response = await send(url, options);
    return { status: response.statusCode ?? 0, body: await text(response) };
  } catch (error) {
    if (error instanceof AdminError) throw error;
    throw new AdminError(AdminExit.notConnected, `${url.origin} does not answer: ${reasonOf(error)}`);
  }
}

async function send(url: URL, { method, headers = {}, body, fingerprint }: ExchangeOptions): Promise<IncomingMessage> {
  const isTls = url.protocol === 'https:';
  const socket = isTls && fingerprint !== null ? await pinned(url, fingerprint) : undefined;
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { ...headers, connection: 'close' },
      timeout: TIMEOUT_MS,
      ...(socket !== undefined && { createConnection: () => socket }),
    };
    const request = isTls ? requestByHttps(url, options) : requestByHttp(url, options);
    request.on('timeout', () => request.destroy(new Error(`nothing came for ${TIMEOUT_MS / 1000} s`)));
    request.on('error', reject);
    request.on('response', resolve);
    request.end(body);
  });
}

function pinned(url: URL, fingerprint: string): Promise<TLSSocket> {
  const wanted = normalized(fingerprint);
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port === '' ? DEFAULT_TLS_PORT : Number(url.port);
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: TIMEOUT_MS });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error(`nothing came for ${TIMEOUT_MS / 1000} s`)));
    socket.once('secureConnect', () => {
      const shown = socket.getPeerX509Certificate()?.fingerprint256 ?? '';
      if (normalized(shown) === wanted) {
        socket.off('error', reject);
        return resolve(socket);
      }
      socket.destroy();
      reject(
        new AdminError(AdminExit.notConnected, `The server shows another certificate: its fingerprint is ${shown}.`),
      );
    });
  });
}

function normalized(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toUpperCase();
}

function reasonOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (/CERT|SELF_SIGNED|ALTNAME|VERIFY/.test(code)) {
    return `its certificate is not trusted (${code}): log in with --fingerprint and what the server printed at its start.`;
  }
  return code === 'ECONNREFUSED' ? 'nobody listens there.' : messageOf(error);
}
