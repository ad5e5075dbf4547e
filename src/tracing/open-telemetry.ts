/** Traces told to a collector by OTLP over HTTP. To be loaded only where they are wanted. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Span, SpanOptions, Tracing } from './tracing.js';

export interface OpenTelemetryOptions {
  /** Where the collector takes traces: `http://localhost:4318/v1/traces`. */
  readonly url: string;
  /** The share of traces that are kept, from 0 to 1. */
  readonly sampleRatio: number;
  readonly version: string;
}

const EXPORT_INTERVAL_MS = 1000;
const CLOSE_MS = 1000;
const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
} as const;

export class OpenTelemetry implements Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;

  constructor({ url, sampleRatio, version }: OpenTelemetryOptions) {
    const sampler = new TraceIdRatioBasedSampler(sampleRatio);
    const exporter = new OTLPTraceExporter({ url });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'parley', 'service.version': version }),
      // Who asks from outside does not decide what we keep.
      sampler: new ParentBasedSampler({ root: sampler, remoteParentSampled: sampler, remoteParentNotSampled: sampler }),
      spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: EXPORT_INTERVAL_MS })],
    });
    this.#tracer = this.#provider.getTracer('parley', version);
  }

  start(name: string, options: SpanOptions): Span {
    const { parent, isParentForeign = false, link, kind = 'internal', attributes = {}, startedAgoMs = 0 } = options;
    const linked = link === undefined ? undefined : spanContext(link, false);
    const span = this.#tracer.startSpan(
      name,
      {
        kind: KINDS[kind],
        attributes,
        startTime: Date.now() - startedAgoMs,
        links: linked === undefined ? [] : [{ context: linked }],
      },
      parent === undefined ? ROOT_CONTEXT : contextOf(parent, isParentForeign),
    );
    return {
      traceParent: traceParentOf(span.spanContext()),
      rename: (to) => void span.updateName(to),
      set: (more) => void span.setAttributes({ ...more }),
      end: (failure) => {
        if (failure !== undefined) span.setAttribute('error.type', failure).setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  async close(): Promise<void> {
    // A collector that is away does not keep the server from ending.
    await Promise.race([this.#provider.shutdown().catch(() => undefined), sleep(CLOSE_MS)]);
  }
}

function contextOf(parent: string, isRemote: boolean): Context {
  const context = spanContext(parent, isRemote);
  return context === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, context);
}

/** Undefined for what is no `traceparent`. */
function spanContext(traceParent: string, isRemote: boolean): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = ''] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceParent) ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote };
}

function traceParentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
