// Loaded by `node --import` in the master and in each worker: an SDK that writes each ended span as a line to a file of its process.
import { appendFileSync } from 'node:fs';
import { trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { context } from '@opentelemetry/api';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

const file = `${process.env.SPANS_DIR}/${process.pid}.jsonl`;
const exporter = {
  export(spans, done) {
    for (const span of spans) {
      const { traceId, spanId } = span.spanContext();
      const { name, kind, attributes, status, links } = span;
      const parent = span.parentSpanContext?.spanId;
      const linked = links.map(({ context: { traceId: of } }) => of);
      appendFileSync(
        file,
        `${JSON.stringify({ traceId, spanId, parent, name, kind, attributes, status, linked, pid: process.pid })}\n`,
      );
    }
    done({ code: 0 });
  },
  shutdown: async () => {},
  forceFlush: async () => {},
};
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
