import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/**
 * Sends a request and gives the body of the answer. By `node:http` and not `fetch`, which costs the one processor that the
 * load has more than the server's answer costs the other.
 */
export function exchange(
  url: string,
  method: 'GET' | 'POST',
  headers: Readonly<Record<string, string>>,
  body?: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** An access token. Throws where the server gives none, with what it says. */
export async function accessToken(
  httpUrl: string,
  credentials: { readonly org_tag: string; readonly username: string; readonly password: string },
): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const text = await exchange(`${httpUrl}/api/v1/auth/token`, 'POST', headers, JSON.stringify(credentials));
  const answer: unknown = JSON.parse(text);
  if (typeof answer === 'object' && answer !== null && 'access_token' in answer) return String(answer.access_token);
  throw new Error(`no token: ${text}`);
}
