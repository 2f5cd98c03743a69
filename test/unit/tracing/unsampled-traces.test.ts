/** Contexts of traces that were left out are remembered by their text, up to a bound: then all are forgotten, and begin anew. */
import * as api from '@opentelemetry/api';
import { AlwaysOnSampler, BasicTracerProvider, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { UNSAMPLED_MAX, UnsampledTraces } from '../../../src/tracing/unsampled-traces.ts';

const textOf = (n: number): string => `00-0af7651916cd43dd8448eb211c80319c-${String(n + 1).padStart(16, '0')}-00`;

test(`${UNSAMPLED_MAX} of them`, () => {
  const provider = new BasicTracerProvider({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) });
  const traces = new UnsampledTraces(api, provider.getTracer('test'));
  const first = traces.of(textOf(0));
  expect(first?.fields).toEqual({ trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: '0000000000000001' });
  for (let n = 1; n < UNSAMPLED_MAX; n++) traces.of(textOf(n));
  expect(traces.of(textOf(0))).toBe(first);
  traces.of(textOf(UNSAMPLED_MAX));
  const again = traces.of(textOf(0));
  expect([again === first, again?.fields]).toEqual([false, first?.fields]);
});
