/** Holds answers against the OpenAPI document that the server itself gives. */
import { registerSchema, validate } from '@hyperjump/json-schema/openapi-3-1';

/** An answer of the server. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as it came. */
  readonly text: string;
}

interface ResponseObject {
  readonly headers?: Readonly<Record<string, { readonly required: boolean }>>;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

type Schema = Parameters<typeof registerSchema>[0] & object;
interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, ResponseObject>>;
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const DIALECT = 'https://spec.openapis.org/oas/3.1/dialect/base';
const PROBLEM: Schema = { $ref: '#/components/schemas/Problem' };

let registered = 0;

/** What the document promises. */
export class Contract {
  readonly #document: OpenApiDocument;
  readonly #validators = new Map<string, ReturnType<typeof validate>>();

  constructor(document: OpenApiDocument) {
    this.#document = document;
  }

  /** Throws where the answer is none that the document describes. `path` is below the door. The document does not describe itself. */
  async check(method: string, path: string, answer: Answer): Promise<void> {
    const [pathname = ''] = path.split('?');
    if (pathname === '/openapi.json') return;
    const item = this.#itemOf(pathname);
    const operation = item?.[method === 'HEAD' ? 'get' : method.toLowerCase()];
    if (item === undefined) return this.#checkProblem(answer, 404);
    if (operation === undefined) return method === 'OPTIONS' ? undefined : this.#checkProblem(answer, 405);
    const response = operation.responses[answer.status];
    if (response === undefined) throw broken(method, path, answer, 'a status that is not described');
    for (const [name, { required }] of Object.entries(response.headers ?? {})) {
      if (required && !answer.headers.has(name)) throw broken(method, path, answer, `no header ${name}`);
    }
    const contentType = answer.headers.get('content-type')?.split(';')[0] ?? '';
    if (response.content === undefined || method === 'HEAD') {
      if (answer.text !== '') throw broken(method, path, answer, 'a body that is not described');
      return;
    }
    const content = response.content[contentType];
    if (content === undefined) throw broken(method, path, answer, `the content type ${contentType}`);
    await this.#checkBody(content.schema, answer);
  }

  #itemOf(pathname: string) {
    const template = Object.keys(this.#document.paths).find((candidate) =>
      new RegExp(`^${candidate.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
    );
    return template === undefined ? undefined : this.#document.paths[template];
  }

  async #checkProblem(answer: Answer, status: number): Promise<void> {
    if (answer.status !== status && answer.status !== 400) throw new Error(`not ${status}: ${answer.status}`);
    await this.#checkBody(PROBLEM, answer);
  }

  async #checkBody(schema: Schema, { status, text }: Answer): Promise<void> {
    const validator = await this.#validatorOf(schema);
    const result = validator(JSON.parse(text), 'BASIC');
    if (!result.valid) throw new Error(`${status} is not as described: ${text}\n${JSON.stringify(result.errors)}`);
  }

  #validatorOf(schema: Schema): ReturnType<typeof validate> {
    const key = JSON.stringify(schema);
    const known = this.#validators.get(key);
    if (known !== undefined) return known;
    registered += 1;
    const uri = `https://parley.test/${registered}`;
    // References begin at the root of the document, of which the schema is a part.
    registerSchema(asOneSchema(schema, this.#document.components.schemas), uri);
    const validator = validate(uri);
    this.#validators.set(key, validator);
    return validator;
  }
}

/** True where the document is a valid one of OpenAPI 3.1, the schemas in it too. */
export async function isValidDocument(document: OpenApiDocument): Promise<boolean> {
  const { valid } = await validate(
    'https://spec.openapis.org/oas/3.1/schema-base',
    JSON.parse(JSON.stringify(document)),
  );
  return valid;
}

function asOneSchema(schema: Schema, schemas: OpenApiDocument['components']['schemas']): Schema {
  const whole = { $schema: DIALECT, ...schema, $defs: { ...schemas } };
  return JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/'));
}

function broken(method: string, path: string, { status, text }: Answer, what: string): Error {
  return new Error(`${method} ${path} answered ${status} with ${what}: ${text}`);
}
