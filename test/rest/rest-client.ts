import type { Answer, Contract } from './contract.js';

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'PATCH';

interface RequestOptions {
  /** Sent as JSON, or as it is where it is text or bytes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer, its body read as JSON. */
export interface JsonAnswer extends Answer {
  readonly body: unknown;
}

/** Asks the REST door, and holds every answer against its OpenAPI document. */
export class RestClient {
  readonly #url: string;
  readonly #contract: Contract;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, contract: Contract, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url;
    this.#contract = contract;
    this.#headers = headers;
  }

  /** The same door, by another token. */
  with(token: string): RestClient {
    return this.withHeaders({ authorization: `Bearer ${token}` });
  }

  withHeaders(headers: Readonly<Record<string, string>>): RestClient {
    return new RestClient(this.#url, this.#contract, headers);
  }

  get(path: string, headers?: RequestOptions['headers']): Promise<JsonAnswer> {
    return this.request('GET', path, headers === undefined ? {} : { headers });
  }

  post(path: string, body: unknown, headers: RequestOptions['headers'] = {}): Promise<JsonAnswer> {
    return this.request('POST', path, { body, headers });
  }

  put(path: string, body: unknown, headers: RequestOptions['headers'] = {}): Promise<JsonAnswer> {
    return this.request('PUT', path, { body, headers });
  }

  delete(path: string, headers: RequestOptions['headers'] = {}): Promise<JsonAnswer> {
    return this.request('DELETE', path, { headers });
  }

  async request(method: Method, path: string, { body, headers = {} }: RequestOptions): Promise<JsonAnswer> {
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(this.#url + path, {
      method,
      headers: { ...json, ...this.#headers, ...headers },
      body: body === undefined ? null : isRaw(body) ? body : JSON.stringify(body),
    });
    const answer = { status: response.status, headers: response.headers, text: await response.text() };
    await this.#contract.check(method, path, answer);
    return { ...answer, body: answer.text === '' ? undefined : JSON.parse(answer.text) };
  }
}

function isRaw(body: unknown): body is string | Uint8Array<ArrayBuffer> {
  return typeof body === 'string' || body instanceof Uint8Array;
}
