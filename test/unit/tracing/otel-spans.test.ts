/** Traces of one process by a real SDK with an exporter in memory. Over processes and kills: test/cluster/traces.test.ts. */
import * as api from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { systemMetricsText } from '../../../src/exposition/system-metrics-text.ts';
import { logUnawaited } from '../../../src/process/unawaited-asks.ts';
import { findSpans } from '../../../src/tracing/find-spans.ts';
import { OtelSpans } from '../../../src/tracing/otel-spans.ts';
import type { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { defineActor, startKit } from '../actor/kernel-fixture.ts';

const exporter = new InMemorySpanExporter();

beforeEach(() => {
  exporter.reset();
  api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
afterEach(() => {
  api.trace.disable();
  api.context.disable();
});

const receive = {
  ask: (ctx, { to, message }) => ctx.ask(to, message),
  tell: (ctx, { to, message }) => void ctx.tell(to, message),
  publish: (ctx, { topic, message }) => void ctx.publish(topic, message),
  after: (ctx, { ms, message }) => void ctx.after(ms, message),
  every: (ctx, { ms, message }) => void ctx.every(ms, message),
  later: async (ctx, { to, message }) => {
    await ctx.now();
    ctx.tell(to, message);
  },
  open(ctx) {
    ctx.state.isOpen = true;
    ctx.unstashAll();
  },
  note: (ctx, { stash }) => {
    if (stash && !ctx.state.isOpen) ctx.stash();
  },
  slow: (_ctx, { ms }) => new Promise<void>((done) => void timers.setTimer(ms, done)),
  fail() {
    throw new RangeError('on purpose');
  },
  // biome-ignore lint/suspicious/noExplicitAny: messages of a test
} satisfies Record<string, (ctx: any, message: any) => unknown>;
const plain = defineActor({ state: () => ({ isOpen: false }), receive });
const kept = defineActor({
  durable: true,
  state: () => ({ isOpen: false }),
  // biome-ignore lint/suspicious/noExplicitAny: messages of a test
  receive: { ...receive, remind: (ctx, { when, message }: any) => void ctx.remind('one', when, message) },
});

const note = { type: 'note' };
let timers: VirtualClock;

function start(): ReturnType<typeof startKit> {
  const kit = startKit({ plain, kept }, {}, undefined, { spans: new OtelSpans(api, 0, '1') });
  timers = kit.clock;
  return kit;
}

function spans(): { name: string; type: unknown; trace: string; parent: string | undefined; span: ReadableSpan }[] {
  const all = exporter.getFinishedSpans();
  const nameOf = (id: string | undefined): string | undefined =>
    all.find((one) => one.spanContext().spanId === id)?.name;
  return all.map((span) => ({
    ...{ name: span.name, type: span.attributes['troupe.message.type'], trace: span.spanContext().traceId },
    ...{ parent: nameOf(span.parentSpanContext?.spanId), span },
  }));
}

/** The trace of the first span that handled a type, and the name of its parent. */
function handled(type: string, at = 0): { trace: string; parent: string | undefined; links: string[] } {
  const found = spans().filter((one) => one.name.startsWith('process ') && one.type === type)[at];
  if (found === undefined)
    throw new Error(`a turn of '${type}' was expected; got ${spans().map((one) => `${one.name} ${one.type}`)}`);
  return { trace: found.trace, parent: found.parent, links: found.span.links.map(({ context }) => context.traceId) };
}

describe.each([
  ['with async hooks', () => api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())],
  ['without', () => {}],
])('%s a trace goes on', (_, prepare) => {
  beforeEach(() => void prepare());

  test.each([
    ['a tell', 'plain/a', { type: 'tell', to: 'plain/b', message: note }, 'send plain'],
    ['an ask', 'plain/a', { type: 'ask', to: 'plain/b', message: note }, 'ask plain'],
    ['a tell after an await', 'plain/a', { type: 'later', to: 'plain/b', message: note }, 'send plain'],
    ['a timer', 'plain/a', { type: 'after', ms: 100, message: note }, 'process plain'],
    ['a publication', 'plain/a', { type: 'publish', topic: 'news', message: note }, 'send topic'],
    ['the outbox', 'kept/a', { type: 'tell', to: 'kept/b', message: note }, 'send kept'],
    ['an ask after a commit', 'kept/a', { type: 'ask', to: 'kept/b', message: note }, 'ask kept'],
    ['a publication after a commit', 'kept/a', { type: 'publish', topic: 'news', message: note }, 'send topic'],
    ['a timer after a commit', 'kept/a', { type: 'after', ms: 100, message: note }, 'process kept'],
    ['a reminder', 'kept/a', { type: 'remind', when: { atMs: 0 }, message: note }, 'process kept'],
  ])('by %s', async (_what, id, message, parent) => {
    const { system, clock } = start();
    await system.subscribe('news', 'plain/reader');
    system.tell(id, message);
    await clock.advance(1_000);
    expect(handled('note')).toMatchObject({ trace: handled(message.type).trace, parent });
    expect(handled(message.type).parent).toMatch(/^send /);
  });

  test.each(['plain/a', 'kept/a'])('through the stash of %s', async (id) => {
    const { system, clock } = start();
    system.tell(id, { type: 'note', stash: true });
    await clock.advance(100);
    system.tell(id, { type: 'open' });
    await clock.advance(100);
    expect(handled('note', 1).trace).toBe(handled('note').trace);
    expect(handled('open').trace).not.toBe(handled('note').trace);
  });

  test.each([
    ['a timer', 'plain/a', { type: 'every', ms: 100, message: note }],
    ['a reminder', 'kept/a', { type: 'remind', when: { everyMs: 1_000 }, message: note }],
  ])('not by %s that beats: each time is a trace of its own, with a link', async (_what, id, message) => {
    const { system, clock } = start();
    system.tell(id, message);
    await clock.advance(5_000);
    const [first, second] = [handled('note'), handled('note', 1)];
    const { trace } = handled(message.type);
    expect([first.links, second.links]).toEqual([[trace], [trace]]);
    expect(new Set([first.trace, second.trace, trace]).size).toBe(3);
  });
});

it('a commit is in the trace of its turn; one of several has links to the others', async () => {
  const { system, clock } = start();
  for (const key of ['a', 'b', 'c']) system.tell(`kept/${key}`, { type: 'open' });
  await clock.advance(100);
  const commits = spans().filter(({ name }) => name === 'commit');
  const traces = commits.flatMap(({ trace, span }) => [trace, ...span.links.map(({ context }) => context.traceId)]);
  expect(traces.sort()).toEqual([0, 1, 2].map((at) => handled('open', at).trace).sort());
  expect(commits.length).toBeLessThan(3);
});

it('a handler that throws is an error of both spans, which have no message in them', async () => {
  const { system } = start();
  await system.ask('plain/a', { type: 'fail' }).catch(() => {});
  const [handling, asking] = ['process plain', 'ask plain'].map((name) => spans().find((one) => one.name === name));
  expect(handling?.span).toMatchObject({
    name: 'process plain',
    status: { code: 2 },
    attributes: { 'error.type': 'RangeError' },
  });
  expect(asking?.span).toMatchObject({
    name: 'ask plain',
    status: { code: 2 },
    attributes: { 'error.type': 'HANDLER_FAILED' },
  });
  expect(JSON.stringify(spans().map(({ span }) => span.events))).toBe('[[],[]]');
});

it('what is sent in a span of the program is of its trace, and so is what comes with a context from outside', async () => {
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const { system, clock, process } = start();
  const trace = api.trace.getTracer('test').startActiveSpan('mine', (span) => {
    system.tell('plain/a', note);
    span.end();
    return span.spanContext().traceId;
  });
  const outside = '0af7651916cd43dd8448eb211c80319c';
  process.kernel.spans?.within(`00-${outside}-b7ad6b7169203331-01`, () => system.tell('plain/b', note));
  process.kernel.spans?.within('nonsense', () => system.tell('plain/c', note));
  await clock.advance(10);
  expect([0, 1].map((at) => handled('note', at).trace)).toEqual([trace, outside]);
  expect(handled('note', 2).trace).not.toBe(outside);
});

it('lines of an actor have the trace of its turn', async () => {
  const fields: object[] = [];
  const logging = defineActor({ receive: { go: (ctx) => ctx.log.info({}, 'here') } });
  const kit = startKit({ logging }, {}, undefined, { spans: new OtelSpans(api, 0, '1') });
  Object.assign(kit.process.kernel.log, {
    child: (bindings: object) => {
      fields.push(bindings);
      return kit.log;
    },
  });
  await kit.system.ask('logging/a', { type: 'go' });
  expect(fields).toEqual([
    {
      actor: 'logging/a',
      incarnation: expect.any(String),
      trace_id: handled('go').trace,
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    },
  ]);
});

describe('spans are found', () => {
  it('where an SDK is registered, and elsewhere an error where they are asked for', async () => {
    expect(await findSpans('auto', 0)).toBeInstanceOf(OtelSpans);
    expect(await findSpans('on', 0)).toBeInstanceOf(OtelSpans);
    expect(await findSpans('off', 0)).toBeUndefined();
    api.trace.disable();
    expect(await findSpans('auto', 0)).toBeUndefined();
    await expect(findSpans('on', 0)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('node --import'),
    });
  });
});

test('the metrics have the trace of the longest turn that was measured, where that is exported', async () => {
  const { system, clock } = start();
  const textOf = async (): Promise<string> => {
    const source = { name: 'troupe', version: '1', metrics: await system.metrics(), workers: [] };
    return systemMetricsText(source).text('openmetrics');
  };
  await textOf();
  system.tell('plain/a', { type: 'slow', ms: 40 });
  await clock.advance(100);
  system.tell('plain/a', { type: 'slow', ms: 30 });
  await clock.advance(100);
  const { span } = spans().find(({ name }) => name === 'process plain') ?? {};
  const { traceId, spanId } = (span as ReadableSpan).spanContext();
  const exemplar = `le="0.05"} 2 # {trace_id="${traceId}",span_id="${spanId}"} 0.04 ${(clock.wall() - 160) / 1_000}\n`;
  expect(await textOf()).toContain(exemplar);

  api.trace.disable();
  api.trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));
  const unseen = start();
  await unseen.system.metrics();
  unseen.system.tell('plain/a', { type: 'note' });
  await unseen.clock.advance(100);
  expect((await unseen.system.metrics()).kinds.plain?.handlingMs).toMatchObject({ count: 1 });
  expect((await unseen.system.metrics()).kinds.plain?.handlingMs?.exemplar).toBeUndefined();
});

test('lines of the system about a message have the trace of that message', async () => {
  let asked: unknown;
  const asking = defineActor({
    receive: {
      ask: (ctx) => ctx.ask('plain/b', { type: 'fail' }).catch((error) => void (asked = error)),
    },
  });
  const { system, clock, log } = startKit({ plain, asking }, {}, undefined, { spans: new OtelSpans(api, 0, '1') });
  system.tell('plain/a', { type: 'fail' });
  await clock.advance(10);
  const failed = { trace_id: handled('fail').trace, span_id: expect.stringMatching(/^[0-9a-f]{16}$/) };
  const line = (text: RegExp): object | undefined => log.lines.find((one) => text.test(one.text))?.fields;
  expect(line(/^an actor threw$/)).toMatchObject({ actor: 'plain/a', ...failed });
  system.tell('plain/b', { type: 'nothing' });
  await clock.advance(10);
  const [sent] = spans().filter(({ type }) => type === 'nothing');
  expect(line(/became a dead letter/)).toMatchObject({ type: 'nothing', trace_id: sent?.trace });

  await system.ask('asking/a', { type: 'ask' });
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const off = logUnawaited();
  try {
    process.emit('unhandledRejection', asked as Error, Promise.resolve());
  } finally {
    off();
    for (const other of others) process.on('unhandledRejection', other);
  }
  expect(line(/nobody awaited$/)).toMatchObject({ actor: 'asking/a', trace_id: handled('ask').trace });
});

describe('a trace that the sampler leaves out', () => {
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';
  const seen: (string | undefined)[] = [];
  const messages = [
    { type: 'tell', to: 'kept/a', message: { type: 'ask', to: 'plain/b', message: note } },
    { type: 'publish', topic: 'news', message: note },
    { type: 'after', ms: 100, message: note },
  ];

  function startWith(sampler: Sampler): ReturnType<typeof start> & { begun: string[]; spans: OtelSpans } {
    const begun: string[] = [];
    api.trace.disable();
    const processors = [new SimpleSpanProcessor(exporter)];
    api.trace.setGlobalTracerProvider(
      new BasicTracerProvider({
        spanProcessors: processors,
        sampler: {
          shouldSample: (context, id, name, ...rest) => {
            if (name !== 'unsampled') begun.push(name);
            return sampler.shouldSample(context, id, name, ...rest);
          },
          toString: () => 'noted',
        },
      }),
    );
    const ofKit = new OtelSpans(api, 0, '1');
    const kit = startKit({ plain, kept, context: reader }, {}, undefined, { spans: ofKit });
    return { ...kit, begun, spans: ofKit };
  }
  const reader = defineActor({
    receive: {
      note: () => void seen.push(api.trace.getSpan(api.context.active())?.spanContext().traceId),
    },
  });

  it('makes no span wherever it goes, and goes on as it is', async () => {
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const { system, clock, begun, spans: ofKit } = startWith(new ParentBasedSampler({ root: new AlwaysOnSampler() }));
    await system.subscribe('news', 'context/a');
    seen.length = 0;
    for (const message of messages)
      ofKit.within(parent, () => {
        expect(ofKit.told({ id: undefined }, 'plain/a', message.type)).toMatch(/-00$/);
        system.tell('plain/a', message);
      });
    begun.length = 0;
    await clock.advance(1_000);
    expect(begun).toEqual([]);
    expect(exporter.getFinishedSpans()).toEqual([]);
    expect(seen).toEqual([parent.split('-')[1]]);
  });

  it('is recorded all the same where the sampler does not go by the parent', async () => {
    const { system, clock, spans: ofKit } = startWith(new AlwaysOnSampler());
    ofKit.within(parent, () => void system.tell('plain/a', { type: 'tell', to: 'plain/b', message: note }));
    await clock.advance(100);
    expect(handled('note').trace).toBe(parent.split('-')[1]);
    expect(exporter.getFinishedSpans().map(({ name }) => name)).not.toContain('unsampled');
  });
});
