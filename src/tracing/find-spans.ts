/** Traces where the package is there and an SDK has been registered in this process; elsewhere nothing is loaded. */
import type { Spans } from '../observe/spans.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { packageVersion } from '../vocabulary/package-version.ts';
import { loadOpenTelemetry } from './open-telemetry.ts';
import { OtelSpans } from './otel-spans.ts';

/** `auto`: where there is an SDK. `on`: without one it is an error. */
export type TraceMode = 'auto' | 'on' | 'off';

/** Where version 1 of the package keeps what an SDK registers, for all its copies in a process. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/** `worker`: undefined in a client. Rejects INVALID_OPTIONS where traces are asked for and cannot be had. */
export async function findSpans(mode: TraceMode, worker: number | undefined): Promise<Spans | undefined> {
  if (mode === 'off') return undefined;
  const { trace } = ((globalThis as Record<symbol, unknown>)[REGISTERED] ?? {}) as { trace?: unknown };
  if (trace === undefined) {
    if (mode === 'auto') return undefined;
    const text =
      'trace: expected an SDK of OpenTelemetry that is registered before createSystem, in workers too (node --import); got none';
    throw new TroupeError('INVALID_OPTIONS', text);
  }
  const api = await loadOpenTelemetry();
  if (api !== undefined) return new OtelSpans(api, worker, packageVersion());
  if (mode === 'auto') return undefined;
  throw new TroupeError(
    'INVALID_OPTIONS',
    "trace: expected the package '@opentelemetry/api'; got none (npm install @opentelemetry/api)",
  );
}
