/**
 * The context of a trace in the headers of a message: `traceparent` and `tracestate`, as W3C names them and OpenTelemetry's instrumentations of
 * AMQP 0-9-1 write and read them.
 */
import { traceParts } from '../observe/trace-context.ts';

type Headers = { readonly [name: string]: unknown };

const PARENT = 'traceparent';
const STATE = 'tracestate';

/** Undefined where there is none, or none that makes sense; a state that does not is left behind. */
export function traceOfHeaders(headers: Headers | undefined): string | undefined {
  const parent = headers?.[PARENT];
  if (typeof parent !== 'string' || traceParts(parent) === undefined) return undefined;
  const whole = `${parent}\n${String(headers?.[STATE])}`;
  return typeof headers?.[STATE] === 'string' && traceParts(whole) !== undefined ? whole : parent;
}

/** The headers of a publication. Those that its sender has set itself stay. */
export function headersWithTrace(headers: unknown, trace: string | undefined): Headers {
  const own = (headers ?? {}) as Headers;
  if (trace === undefined || Object.hasOwn(own, PARENT)) return own;
  const [parent, state] = trace.split('\n');
  return { ...own, [PARENT]: parent, ...(state !== undefined && { [STATE]: state }) };
}
