/** Traces through a broker: out by an exchange actor and in by a queue, by a real SDK, over a broker in memory. */
import * as api from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { TRACE_STATE_MAX } from '../../../src/observe/trace-context.ts';
import { exchange } from '../../../src/rabbitmq/exchange.ts';
import { BrokerGateway } from '../../../src/rabbitmq/rabbit-gateway.ts';
import { headersWithTrace, traceOfHeaders } from '../../../src/rabbitmq/trace-headers.ts';
import { OtelSpans } from '../../../src/tracing/otel-spans.ts';
import { defineActor, type Kit, startKit } from '../actor/kernel-fixture.ts';
import { MemoryConnection, turns } from './memory-broker.ts';

const broker = { exchanges: new MemoryConnection(), queues: new MemoryConnection() };
vi.mock('amqplib', () => ({ default: undefined, connect: async () => broker.exchanges }));
const exporter = new InMemorySpanExporter();
api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
afterAll(() => api.trace.disable());

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Until it holds, since modules are loaded meanwhile. */
async function settled({ clock }: Kit, isThere: () => boolean = () => true): Promise<void> {
  for (let n = 0; n < 10 || !isThere(); n++) {
    if (n > 1_000) throw new Error('expected it at last');
    await turns();
    await clock.advance(1);
  }
}

function start(): Kit {
  const kit = startKit(
    { exchange: exchange({ url: 'amqp://localhost' }), sink: defineActor({ receive: { note: () => {} } }) },
    {},
    undefined,
    { spans: new OtelSpans(api, 0, '1') },
  );
  const gateway = new BrokerGateway(kit.process.kernel, 'amqp://localhost', async () => broker.queues);
  gateway.consume('q', { to: () => 'sink/a', message: () => ({ type: 'note' }) });
  return kit;
}

test('a message that an actor publishes and another one reads from a queue is one trace', async () => {
  const kit = start();
  await settled(kit);
  const published = kit.system.ask('exchange/orders', { type: 'publish', content: 'hi', headers: { own: 1 } });
  await settled(kit, () => (broker.exchanges.channels[0]?.published.length ?? 0) > 0);
  const [sent] = broker.exchanges.last.published;
  expect(sent?.properties.headers).toMatchObject({ own: 1, traceparent: expect.stringMatching(/^00-.{32}-.{16}-01$/) });
  broker.exchanges.last.emit('ack', { deliveryTag: 1, multiple: false });
  await settled(kit);
  await published;
  broker.queues.last.bring('hi', { messageId: 'm', headers: sent?.properties.headers });
  await settled(kit);
  const all = exporter.getFinishedSpans();
  const path: string[] = [];
  let span = all.find(({ name }) => name === 'process sink');
  for (
    ;
    span && path.length < 20;
    span = all.find((one) => one.spanContext().spanId === span?.parentSpanContext?.spanId)
  )
    path.push(span.name);
  expect(path).toEqual(['process sink', 'ask sink', 'process exchange', 'ask exchange']);
});

describe('headers', () => {
  test('those that make no sense begin a new trace; a state that does not is left behind', () => {
    for (const headers of [undefined, {}, { traceparent: 7 }, { traceparent: `${PARENT}-more` }, { traceparent: '' }])
      expect(traceOfHeaders(headers)).toBeUndefined();
    expect(traceOfHeaders({ traceparent: PARENT, tracestate: 'a=b' })).toBe(`${PARENT}\na=b`);
    for (const tracestate of [7, '', 'a\nb', 'x'.repeat(TRACE_STATE_MAX + 1)])
      expect(traceOfHeaders({ traceparent: PARENT, tracestate })).toBe(PARENT);
  });

  test('a context that the sender of a message has set itself stays', () => {
    expect(headersWithTrace(undefined, `${PARENT}\na=b`)).toEqual({ traceparent: PARENT, tracestate: 'a=b' });
    expect(headersWithTrace({ own: 1 }, PARENT)).toEqual({ own: 1, traceparent: PARENT });
    expect(headersWithTrace({ traceparent: 'mine' }, PARENT)).toEqual({ traceparent: 'mine' });
    expect(headersWithTrace({ own: 1 }, undefined)).toEqual({ own: 1 });
  });
});
