import { AppError } from '../errors.js';
import type { RequestContext } from '../request-context.js';
import type { Tracing } from './tracing.js';

/** The same services, with a span for each call within a request that is traced. */
export function tracedServices<Services extends object>(services: Services, tracing: Tracing): Services {
  const traced = Object.entries(services).map(([name, service]) => [name, tracedService(service, tracing)]);
  return Object.assign({}, services, Object.fromEntries(traced));
}

function tracedService(service: unknown, tracing: Tracing): unknown {
  if (typeof service !== 'object' || service === null || service.constructor === Object) return service;
  const { name } = service.constructor;
  return new Proxy(service, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]) => {
        const [ctx, ...rest] = args;
        // The service itself is `this`, because its private fields are not the proxy's.
        if (!isTracedContext(ctx)) return Reflect.apply(member, target, args);
        const span = tracing.start(`${name}.${String(property)}`, { parent: ctx.traceParent });
        const inner = { ...ctx, traceParent: span.traceParent };
        const result: unknown = Reflect.apply(member, target, [inner, ...rest]);
        if (!(result instanceof Promise)) return result;
        return result.then(
          (value: unknown) => {
            span.end();
            return value;
          },
          (error: unknown) => {
            span.end(failureOf(error));
            throw error;
          },
        );
      };
    },
  });
}

/** What a span says of an error: its code, and never its words. */
export function failureOf(error: unknown): string {
  return error instanceof AppError ? error.code : 'INTERNAL';
}

function isTracedContext(value: unknown): value is RequestContext & { readonly traceParent: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'requestId' in value &&
    'traceParent' in value &&
    typeof value.traceParent === 'string'
  );
}
