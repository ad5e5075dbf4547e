import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MAX_BODY_BYTES } from '../../src/http/json-body.js';
import { TestServer } from '../support/test-server.js';
import { MeDocument } from './generated/graphql.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server.stop());

const JSON_TYPE = { 'content-type': 'application/json' };
const QUERY = JSON.stringify({ query: '{ __typename }' });
const MUTATION = 'mutation { logout { errors { code } } }';

function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = JSON_TYPE): Promise<Response> {
  return fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
}

/** What is not as far as an operation is answered with problem details. */
async function expectProblem(response: Response, status: number, code: string): Promise<void> {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(await response.json()).toMatchObject({ status, code, detail: expect.any(String) });
}

describe('a body', () => {
  it.each([
    ['no JSON', '{"query": '],
    ['no object', '"text"'],
    ['bytes', '\u0000\u0001\u0002'],
  ])('that is %s is MALFORMED', async (_name, body) => {
    await expectProblem(await post(body), 400, 'MALFORMED');
  });

  it.each([
    ['empty object', {}],
    ['list, which would be a batch', [{ query: '{ __typename }' }]],
    ['query that is no text', { query: 5 }],
    ['list of variables', { query: '{ __typename }', variables: [1] }],
    ['text for variables', { query: '{ __typename }', variables: '{}' }],
    ['number for an operation name', { query: '{ __typename }', operationName: 1 }],
  ])('with an %s is refused', async (_name, body) => {
    const response = await post(JSON.stringify(body));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  it('larger than 256 kB is TOO_LARGE, also where it is so only after decompression', async () => {
    const body = JSON.stringify({ query: '{ __typename }', padding: 'x'.repeat(MAX_BODY_BYTES) });
    await expectProblem(await post(body), 413, 'TOO_LARGE');
    const bomb = new Response(body).body?.pipeThrough(new CompressionStream('gzip'));
    const compressed = new Uint8Array(await new Response(bomb).arrayBuffer());
    await expectProblem(await post(compressed, { ...JSON_TYPE, 'content-encoding': 'gzip' }), 413, 'TOO_LARGE');
  });

  it.each([
    ['a form', 'application/x-www-form-urlencoded', 'query=%7B__typename%7D'],
    ['text', 'text/plain', QUERY],
    ['a multipart form', 'multipart/form-data; boundary=x', '--x--'],
    ['bytes', 'application/octet-stream', QUERY],
  ])('that is sent as %s is refused, as a foreign web page could send it', async (_name, type, body) => {
    await expectProblem(await post(body, { 'content-type': type }), 415, 'MALFORMED');
  });

  it('that is no UTF-8 is refused, and not read with its wrong bytes replaced', async () => {
    const latin1 = new Uint8Array(Buffer.from('{"query":"{ __typename } # caf\xe9"}', 'latin1'));
    await expectProblem(await post(latin1, JSON_TYPE), 400, 'MALFORMED');
  });

  it('in an unknown encoding is refused', async () => {
    await expectProblem(await post(QUERY, { ...JSON_TYPE, 'content-encoding': 'compress' }), 415, 'MALFORMED');
    await expectProblem(await post(QUERY, { 'content-type': 'application/json; charset=latin1' }), 415, 'MALFORMED');
  });
});

describe('a GET', () => {
  const get = (query: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'application/json', ...headers },
    });

  it('is refused without a header that a foreign web page cannot send', async () => {
    const response = await get('{ __typename }');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ message: expect.stringContaining('CSRF') }] });
  });

  it('may query, and never mutate', async () => {
    const preflight = { 'apollo-require-preflight': 'true' };
    expect(await (await get('{ __typename }', preflight)).json()).toMatchObject({ data: { __typename: 'Query' } });
    const response = await get(MUTATION, preflight);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });
});

it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s executes nothing', async (method) => {
  const response = await fetch(`${server.url}/graphql`, {
    method,
    headers: JSON_TYPE,
    ...(method === 'OPTIONS' ? {} : { body: QUERY }),
  });
  expect(response.status).toBe(405);
});

describe('a token', () => {
  const [header, payload] = [{ alg: 'none' }, { sub: '1', iss: 'parley', aud: 'parley' }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );

  it.each([
    ['Bearer nonsense'],
    [`Bearer ${header}.${payload}.`],
    ['Bearer '],
    ['Basic YWRtaW46YWRtaW4='],
    ['nonsense'],
    ['Bearer a b'],
  ])('that does not hold is answered with 401, and not taken for nobody: %s', async (authorization) => {
    const response = await post(QUERY, { ...JSON_TYPE, authorization });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({
      errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it('that has been changed in its last character does not hold', async () => {
    const last = server.adminToken.at(-3) === 'A' ? 'B' : 'A';
    const forged = `${server.adminToken.slice(0, -3)}${last}${server.adminToken.slice(-2)}`;
    expect((await server.ask(MeDocument, {}, forged)).status).toBe(401);
  });
});

describe('every answer', () => {
  it('has a request id, the sane one of the caller or a new one', async () => {
    const idOf = async (given: string) =>
      (await post(QUERY, { ...JSON_TYPE, 'x-request-id': given })).headers.get('x-request-id');
    expect(await idOf('trace-42')).toBe('trace-42');
    for (const given of ['', 'a b', 'x'.repeat(65), '<script>']) expect(await idOf(given)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is not to be stored, framed or sniffed, and does not name the software', async () => {
    const { headers } = await post(QUERY);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it('is a problem where there is nothing', async () => {
    await expectProblem(await fetch(`${server.url}/nothing`), 404, 'NOT_FOUND');
    await expectProblem(await fetch(`${server.url}/graphqlx`, { method: 'POST', body: '{' }), 404, 'NOT_FOUND');
    await expectProblem(await fetch(`${server.url}/%ff`), 404, 'NOT_FOUND');
  });
});

describe('a browser at /graphql', () => {
  const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

  it('gets GraphiQL in one compressed page that loads nothing from elsewhere', async () => {
    const { headers, bytes } = await download(`${server.url}/graphql`, { ...html, 'accept-encoding': 'gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    const page = gunzipSync(bytes).toString('utf8');
    expect(page).toContain('<title>Parley</title>');
    expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)="https?:/);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|unsafe-eval|upgrade-insecure-requests/);
  });

  it('gets it once, and then only that it has not changed', async () => {
    const { headers } = await download(`${server.url}/graphql`, html);
    const again = await download(`${server.url}/graphql`, { ...html, 'if-none-match': String(headers.etag) });
    expect(again.status).toBe(304);
    expect(again.bytes).toHaveLength(0);
  });

  it('gets it plain where it cannot decompress', async () => {
    const { headers, bytes } = await download(`${server.url}/graphql`, html);
    expect(headers['content-encoding']).toBeUndefined();
    expect(bytes.toString('utf8')).toContain('<title>Parley</title>');
  });
});

/** Reads an answer as it is on the wire: `fetch` would decompress it. */
function download(url: string, headers: Record<string, string>) {
  return new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; bytes: Buffer }>(
    (resolve, reject) => {
      request(url, { headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, bytes: Buffer.concat(chunks) }),
        );
      })
        .on('error', reject)
        .end();
    },
  );
}
