import { DefaultLogger, type LogContext, type LoggerOptions } from '@mikro-orm/core';
import type { Tracing } from '../tracing/tracing.js';

/** Tells each statement, without its values, to the trace of the request that it was for. */
export class StatementLogger extends DefaultLogger {
  readonly #tracing: Tracing;

  constructor(options: LoggerOptions, tracing: Tracing) {
    super(options);
    this.#tracing = tracing;
  }

  override logQuery({ query, took, level, traceParent }: { readonly query: string } & LogContext): void {
    if (typeof traceParent !== 'string') return;
    const [verb = 'SQL'] = query.trim().split(/\s/, 1);
    const span = this.#tracing.start(verb.toLowerCase(), {
      parent: traceParent,
      kind: 'client',
      startedAgoMs: typeof took === 'number' ? took : 0,
      attributes: { 'db.system.name': 'postgresql', 'db.query.text': query },
    });
    span.end(level === 'error' ? 'failed' : undefined);
  }
}
