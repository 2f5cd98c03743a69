/** The trace of a client goes along with what it sends, also with what is sent again. By a real SDK, which has no async hooks here. */
import * as api from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { defineActor } from '../../../src/index.ts';
import { OtelSpans } from '../../../src/tracing/otel-spans.ts';
import { type Served, serve } from './client-fixture.ts';

const exporter = new InMemorySpanExporter();
api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
afterAll(() => api.trace.disable());

const hop = defineActor({ receive: { note: () => {} } });
const note = { type: 'note' };
let served: Served;

beforeEach(async () => {
  const spans = { system: new OtelSpans(api, 0, '1'), client: new OtelSpans(api, undefined, '1') };
  served = await serve({ actors: { hop }, spans });
  exporter.reset();
});

/** Name and worker of each span from the turn up to its root. */
function pathOfTurn(): unknown[] {
  const all = exporter.getFinishedSpans();
  const path: unknown[] = [];
  let span = all.find(({ name }) => name === 'process hop');
  while (span !== undefined && path.length < 20) {
    const { name, attributes, parentSpanContext } = span;
    path.push([name, attributes['troupe.worker']]);
    span = all.find((one) => one.spanContext().spanId === parentSpanContext?.spanId);
  }
  return path;
}

test.each([
  ['an ask', () => void served.client.ask('hop/a', note), 'ask hop'],
  ['a tell', () => void served.client.tell('hop/a', note), 'send hop'],
  ['a publication', () => void served.client.publish('news', note), 'send topic'],
])('%s of a client is the parent of what the system does with it', async (_what, send, name) => {
  await served.system.subscribe('news', 'hop/a');
  send();
  await served.clock.settle();
  await served.clock.advance(1);
  expect(pathOfTurn()).toEqual([
    ['process hop', 0],
    [name, 0],
    [name, undefined],
  ]);
});

test.each([
  ['tell', () => void served.client.tell('hop/a', note), 'send hop'],
  ['publication', () => void served.client.publish('news', note), 'send topic'],
])('a %s that is sent again after a lost connection keeps its trace', async (_what, send, name) => {
  await served.system.subscribe('news', 'hop/a');
  served.reset();
  await served.clock.settle();
  send();
  expect(pathOfTurn()).toEqual([]);
  await served.clock.advance(10_000);
  expect(pathOfTurn().at(-1)).toEqual([name, undefined]);
});
