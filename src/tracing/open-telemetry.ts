/** The package `@opentelemetry/api`, which is loaded where an SDK is registered, and nowhere else. */
export type { Attributes, Context, Link, Span, SpanContext, SpanOptions, Tracer } from '@opentelemetry/api';

export type OpenTelemetry = typeof import('@opentelemetry/api');

/** Undefined where the package is not installed. */
export async function loadOpenTelemetry(): Promise<OpenTelemetry | undefined> {
  try {
    return await import('@opentelemetry/api');
  } catch {
    return undefined;
  }
}
