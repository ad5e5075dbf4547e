/** Whether work is traced. */
import { Closers } from '../closers.js';
import type { Config } from '../config.js';
import type { Tracing } from '../tracing/tracing.js';
import { VERSION } from '../version.js';

/** Null where it is not: then nothing of OpenTelemetry is loaded. */
export async function openTracing({ tracing }: Config, closers: Closers): Promise<Tracing | null> {
  const { otlp_url: url, sample_ratio: sampleRatio } = tracing;
  if (url === null) return null;
  const { OpenTelemetry } = await import('../tracing/open-telemetry.js');
  const opened = new OpenTelemetry({ url, sampleRatio, version: VERSION });
  closers.add(() => opened.close());
  return opened;
}
