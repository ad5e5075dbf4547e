/** The port through which work is traced. Where tracing is off there is none of it: null, and one comparison. */

/** Never a name, an address or a secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** The span that this is a part of, as a W3C `traceparent`. Left out, a trace begins. */
  readonly parent?: string | undefined;
  /** True where `parent` came from outside: then it does not decide whether this is kept. */
  readonly isParentForeign?: boolean;
  /** A span of another trace that this comes of. */
  readonly link?: string | undefined;
  readonly kind?: 'internal' | 'server' | 'client' | 'consumer';
  readonly attributes?: SpanAttributes;
  /** How long ago it began, in milliseconds. */
  readonly startedAgoMs?: number;
}

/** A piece of work under way. What is not ended is not told. */
export interface Span {
  /** For what is a part of it. */
  readonly traceParent: string;
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** With a code where it failed: `PERMISSION_DENIED`. */
  end(failure?: string): void;
}

export interface Tracing {
  start(name: string, options: SpanOptions): Span;
  /** Tells what has not been told yet, for as long as a second. */
  close(): Promise<void>;
}
