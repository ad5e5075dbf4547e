/** A collector of traces: takes what is exported by OTLP over HTTP, as JSON. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const spanShape = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(attribute).default([]),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
  status: z.object({ code: z.number().default(0) }).default({ code: 0 }),
});
const exportShape = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(z.object({ spans: z.array(spanShape) })),
    }),
  ),
});

export type CollectedSpan = z.output<typeof spanShape>;

export class Collector {
  readonly spans: CollectedSpan[] = [];
  /** All that came, as it was written. */
  text = '';
  readonly #server: Server;

  static async start(): Promise<Collector> {
    const collector = new Collector();
    collector.#server.listen(0, '127.0.0.1');
    await once(collector.#server, 'listening');
    return collector;
  }

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const body = await json(request);
      this.text += JSON.stringify(body);
      for (const { scopeSpans } of exportShape.parse(body).resourceSpans) {
        for (const { spans } of scopeSpans) this.spans.push(...spans);
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('there is no port');
    return `http://127.0.0.1:${address.port}/v1/traces`;
  }

  childrenOf({ spanId }: CollectedSpan): readonly CollectedSpan[] {
    return this.spans.filter(({ parentSpanId }) => parentSpanId === spanId);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** What an attribute of a span says, or undefined. */
export function attributeOf({ attributes }: CollectedSpan, key: string): unknown {
  const found = attributes.find((each) => each.key === key);
  return found === undefined ? undefined : Object.values(found.value)[0];
}
