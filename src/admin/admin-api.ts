import { z } from 'zod';
import type { Environment } from '../config/config-environment.js';
import { AdminError, AdminExit } from './admin-error.js';
import { type ApiOperation, type ApiTokens, LOGIN, LOGOUT, REFRESH } from './api-operations.js';
import { type Credentials, CredentialsFile } from './credentials-file.js';
import { exchange } from './http-exchange.js';

const DEFAULT_URL = 'http://127.0.0.1:8080';
/** A token that ends so soon is renewed first, in milliseconds. */
const RENEW_BEFORE_MS = 10_000;

const answerShape = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ message: z.string(), extensions: z.object({ code: z.string() }).optional() })).optional(),
});

/** Where the API is, as far as the command line and the environment say. */
export interface ApiPlace {
  readonly url?: string | undefined;
  readonly fingerprint?: string | undefined;
}

/** Who logs in: the password is asked for when it is needed. */
export interface AdminLogin {
  /** Null for a user of the platform. */
  readonly organizationTag: string | null;
  readonly username: string;
  readonly password: string;
}

/** The API of a running server, as somebody who has logged in. */
export class AdminApi {
  readonly url: string;
  readonly #fingerprint: string | null;
  readonly #token: string | undefined;

  /**
   * With `PARLEY_TOKEN` (an access token or an API key), or else the login that is remembered, which is renewed where it
   * is over. Throws AdminError where there is neither.
   */
  static async open(place: ApiPlace, environment: Environment): Promise<AdminApi> {
    const token = environment.PARLEY_TOKEN || undefined;
    const file = new CredentialsFile(environment);
    const known = await file.read();
    const url = place.url ?? known?.url ?? DEFAULT_URL;
    const fingerprint = place.fingerprint ?? (known?.url === originOf(url) ? known.fingerprint : null);
    if (token !== undefined) return new AdminApi(url, fingerprint, token);
    if (known === undefined || known.url !== originOf(url)) {
      throw new AdminError(AdminExit.usage, `Nobody is logged in at ${originOf(url)}: run "parley admin login" first.`);
    }
    if (known.expiresAtMs - Date.now() > RENEW_BEFORE_MS) return new AdminApi(url, fingerprint, known.accessToken);
    return AdminApi.#renewed(file, { ...known, fingerprint });
  }

  /** Logs in and remembers it. */
  static async login(place: ApiPlace, environment: Environment, login: AdminLogin): Promise<AdminApi> {
    const url = originOf(place.url ?? DEFAULT_URL);
    const fingerprint = place.fingerprint ?? null;
    const { login: answer } = await new AdminApi(url, fingerprint, undefined).ask(LOGIN, { input: login });
    const credentials = credentialsOf(url, fingerprint, answer);
    await new CredentialsFile(environment).write(credentials);
    return new AdminApi(url, fingerprint, credentials.accessToken);
  }

  /** Ends the login that is remembered, at the server too where it answers. */
  static async logout(environment: Environment): Promise<void> {
    const file = new CredentialsFile(environment);
    if ((await file.read()) === undefined) throw new AdminError(AdminExit.refused, 'Nobody is logged in.');
    try {
      const api = await AdminApi.open({}, { ...environment, PARLEY_TOKEN: undefined });
      await api.ask(LOGOUT, {});
    } finally {
      await file.remove();
    }
  }

  static async #renewed(file: CredentialsFile, known: Credentials): Promise<AdminApi> {
    const { url, fingerprint, refreshToken } = known;
    const { refresh } = await new AdminApi(url, fingerprint, undefined).ask(REFRESH, { input: { refreshToken } });
    const credentials = credentialsOf(url, fingerprint, refresh);
    await file.write(credentials);
    return new AdminApi(url, fingerprint, credentials.accessToken);
  }

  private constructor(url: string, fingerprint: string | null, token: string | undefined) {
    this.url = originOf(url);
    this.#fingerprint = fingerprint;
    this.#token = token;
  }

  /** Executes an operation. Throws AdminError with the server's words where it is refused. */
  async ask<Data>({ text, answer }: ApiOperation<Data>, variables: Readonly<Record<string, unknown>>): Promise<Data> {
    const { status, body } = await exchange(new URL('/graphql', this.url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
      },
      body: JSON.stringify({ query: text, variables }),
      fingerprint: this.#fingerprint,
    });
    const { data, errors = [] } = this.#parsed(status, body, answerShape);
    const [refusal] = errors;
    if (refusal !== undefined) {
      const isLogin = refusal.extensions?.code === 'UNAUTHENTICATED';
      throw new AdminError(AdminExit.refused, isLogin ? `${refusal.message} (parley admin login)` : refusal.message);
    }
    const checked = answer.safeParse(data);
    if (checked.success) return checked.data;
    throw this.#strange(status);
  }

  /** What the server says of itself to everybody. */
  async readiness(): Promise<{ readonly status: string; readonly checks: Readonly<Record<string, string>> }> {
    const url = new URL('/health/ready', this.url);
    const { status, body } = await exchange(url, { method: 'GET', fingerprint: this.#fingerprint });
    return this.#parsed(status, body, z.object({ status: z.string(), checks: z.record(z.string(), z.string()) }));
  }

  #parsed<Value>(status: number, body: string, shape: z.ZodType<Value>): Value {
    try {
      return shape.parse(JSON.parse(body));
    } catch {
      throw this.#strange(status);
    }
  }

  #strange(status: number): AdminError {
    return new AdminError(AdminExit.notConnected, `${this.url} does not answer as Parley's API does (HTTP ${status}).`);
  }
}

/** Throws AdminError with the first refusal of a mutation's payload. */
export function requireDone(payload: { readonly errors: readonly { readonly message: string }[] } | null): void {
  const [refusal] = payload?.errors ?? [];
  if (refusal !== undefined) throw new AdminError(AdminExit.refused, refusal.message);
}

function credentialsOf(url: string, fingerprint: string | null, tokens: ApiTokens | null): Credentials {
  requireDone(tokens);
  const { accessToken, refreshToken, expiresInS } = tokens ?? {};
  if (typeof accessToken !== 'string' || typeof refreshToken !== 'string' || typeof expiresInS !== 'number') {
    throw new AdminError(AdminExit.notConnected, `${url} gave no tokens.`);
  }
  return { url, fingerprint, accessToken, refreshToken, expiresAtMs: Date.now() + expiresInS * 1000 };
}

function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol)) return parsed.origin;
  throw new AdminError(AdminExit.usage, `"${url}" is no address of an API: say something like ${DEFAULT_URL}.`);
}
