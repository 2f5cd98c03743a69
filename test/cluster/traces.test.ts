/** Traces by a real SDK of OpenTelemetry in each of four processes: each scenario is one connected trace, also over a kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until as untilWithin } from './harness.ts';

interface Ended {
  traceId: string;
  spanId: string;
  parent: string | undefined;
  name: string;
  kind: number;
  attributes: Record<string, unknown>;
  status: { code: number };
  linked: string[];
}

const at = (file: string): string => fileURLToPath(new URL(`./programs/${file}`, import.meta.url));
const until = (what: string, check: () => unknown): Promise<void> => untilWithin(what, check, 40_000);
const [PRODUCER, CONSUMER, CLIENT, SERVER] = [3, 4, 2, 1];
let folder = '';
let child: ChildProcess;
let calls = 0;
const answers = new Map<number, { value?: unknown; error?: string }>();
const noted: { noted: string; by: string }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'troupe-traces-'));
  mkdirSync(join(folder, 'spans'));
  const args = ['--import', at('trace-sdk.mjs'), at('traced.mjs'), join(folder, 'data')];
  const env = { ...process.env, SPANS_DIR: join(folder, 'spans') };
  child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  let hasStarted = false;
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    const said = JSON.parse(line);
    if (said.started) hasStarted = true;
    else if ('noted' in said) noted.push(said);
    else answers.set(said.number, said);
  });
  await until('it has started', () => hasStarted);
}, 60_000);

afterAll(async () => {
  if (child.exitCode === null) {
    const ended = once(child, 'exit');
    child.stdin?.end();
    expect(await ended).toEqual([0, null]);
  }
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

async function call<T>(name: string, ...args: unknown[]): Promise<T> {
  const number = ++calls;
  child.stdin?.write(`${JSON.stringify({ number, call: name, args })}\n`);
  await until(`${name} is answered`, () => answers.has(number));
  const { value, error } = answers.get(number) ?? {};
  if (error !== undefined) throw new Error(error);
  return value as T;
}

function spansOf(traceId: string): Ended[] {
  return readdirSync(join(folder, 'spans'))
    .flatMap((file) => readFileSync(join(folder, 'spans', file), 'utf8').split('\n'))
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Ended] : []))
    .filter((span) => span.traceId === traceId);
}

async function idOn(kind: string, worker: number, prefix: string): Promise<string> {
  for (let n = 0; ; n++) {
    const id = `${kind}/${prefix}${n}`;
    if ((await call<number>('where', id)) === worker) return id;
  }
}

/** Every span but the root has its parent in the trace, so that all hang together. */
async function connected(traceId: string, count: (spans: Ended[]) => boolean): Promise<Ended[]> {
  await until('the trace is whole', () => count(spansOf(traceId)));
  const spans = spansOf(traceId);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const roots = spans.filter(({ parent }) => parent === undefined || !ids.has(parent));
  expect(roots.map(({ name }) => name)).toEqual(['root']);
  return spans;
}

const handled = (spans: Ended[], type: string): Ended[] =>
  spans.filter(({ name, attributes }) => name.startsWith('process ') && attributes['troupe.message.type'] === type);
const isNoted = (spans: Ended[], count = 1): boolean =>
  handled(spans, 'note').length >= count && spans.some(({ name }) => name === 'root');
const parentOf = (spans: Ended[], span: Ended | undefined): Ended | undefined =>
  spans.find(({ spanId }) => spanId === span?.parent);

test('asks and a tell over three workers are one trace, named as the conventions say', async () => {
  const [a, b, c] = [await idOn('hop', 1, 'a'), await idOn('hop', 2, 'b'), await idOn('hop', 3, 'c')];
  const note = { type: 'note', name: 'end' };
  const { traceId } = await call<{ traceId: string }>('ask', a, {
    ...{ type: 'ask', to: b, message: { type: 'tell', to: c, message: note } },
  });
  const spans = await connected(traceId, isNoted);
  const [last] = handled(spans, 'note');
  const path: (string | undefined)[] = [];
  for (let span: Ended | undefined = last; span; span = parentOf(spans, span)) path.push(span.name);
  expect(path).toEqual(['process hop', 'send hop', 'process hop', 'ask hop', 'process hop', 'ask hop', 'root']);
  const workers = spans
    .filter(({ name }) => name === 'process hop')
    .map(({ attributes }) => attributes['troupe.worker']);
  expect(workers.sort()).toEqual([1, 2, 3]);
  expect(last).toMatchObject({
    kind: CONSUMER,
    attributes: {
      'messaging.system': 'troupe',
      'messaging.operation.name': 'handle',
      'messaging.operation.type': 'process',
      'messaging.destination.name': c,
      'messaging.destination.template': 'hop/{key}',
      'troupe.sender': b,
    },
  });
  expect(parentOf(spans, last)).toMatchObject({ kind: PRODUCER, attributes: { 'messaging.operation.type': 'send' } });
  const asked = spans.filter(({ name }) => name === 'ask hop');
  expect(asked.map(({ kind }) => kind)).toEqual([CLIENT, CLIENT]);
  expect(handled(spans, 'ask').map(({ kind }) => kind)).toEqual([SERVER]);
});

test('a stash, a timer and a topic keep the trace; what beats again and again has links to it', async () => {
  const [a, b] = [await idOn('hop', 1, 'd'), await idOn('hop', 2, 'e')];
  const stashed = await call<{ traceId: string }>('tell', a, { type: 'note', name: 'stashed' });
  await until('it is aside', () => handled(spansOf(stashed.traceId), 'note').length === 1);
  await call('untraced', a, { type: 'open' });
  expect(handled(await connected(stashed.traceId, (spans) => isNoted(spans, 2)), 'note')).toHaveLength(2);
  const later = await call<{ traceId: string }>('ask', a, {
    type: 'after',
    ms: 50,
    message: { type: 'note', name: 'later' },
  });
  const spans = await connected(later.traceId, isNoted);
  expect(parentOf(spans, handled(spans, 'note')[0])).toBe(handled(spans, 'after')[0]);
  await call('subscribe', 'news', b);
  const told = await call<{ traceId: string }>('ask', a, {
    type: 'publish',
    topic: 'news',
    message: { type: 'note', name: 'news' },
  });
  const [got] = handled(await connected(told.traceId, isNoted), 'note');
  expect(got?.attributes).toMatchObject({ 'troupe.worker': 2 });
  const beats = await call<{ traceId: string }>('ask', a, {
    type: 'every',
    ms: 20,
    message: { type: 'note', name: 'beat' },
  });
  await until('it beats', () => noted.filter((one) => one.noted === 'beat').length > 3);
  expect(handled(spansOf(beats.traceId), 'note')).toEqual([]);
  const all = readdirSync(join(folder, 'spans')).flatMap((file) =>
    readFileSync(join(folder, 'spans', file), 'utf8').split('\n'),
  );
  const linked = all.flatMap((line) =>
    line.includes(beats.traceId) && line.endsWith('}') ? [JSON.parse(line) as Ended] : [],
  );
  expect(linked.filter((span) => span.linked[0] === beats.traceId && span.parent === undefined).length).toBeGreaterThan(
    2,
  );
});

test('the outbox, a reminder and a durable stash keep the trace, and a commit has its place in it', async () => {
  const [a, b] = [await idOn('ledger', 1, 'f'), await idOn('ledger', 3, 'g')];
  const sent = await call<{ traceId: string }>('ask', a, {
    type: 'tell',
    to: b,
    message: { type: 'note', name: 'outbox' },
  });
  const spans = await connected(
    sent.traceId,
    (found) => isNoted(found) && found.filter(({ name }) => name === 'commit').length > 1,
  );
  expect(
    parentOf(
      spans,
      spans.find(({ name, attributes }) => name === 'commit' && attributes['troupe.worker'] === 1),
    ),
  ).toMatchObject({
    name: 'process ledger',
  });
  const reminded = await call<{ traceId: string }>('ask', a, {
    type: 'remind',
    ms: 100,
    message: { type: 'note', name: 'reminded' },
  });
  expect(handled(await connected(reminded.traceId, isNoted), 'note')).toHaveLength(1);
  const kept = await call<{ traceId: string }>('tell', a, { type: 'note', name: 'kept' });
  // Killed before that is committed, it would be handled once more.
  const isKept = (): boolean => spansOf(kept.traceId).some(({ name }) => name === 'commit');
  await until('it is aside', () => handled(spansOf(kept.traceId), 'note').length === 1 && isKept());
  // The record is all that is left of the stash.
  await call('kill', 1);
  await call('untraced', a, { type: 'open' });
  expect(handled(await connected(kept.traceId, (found) => isNoted(found, 2)), 'note')).toHaveLength(2);
});

test('what is sent again after a kill is of the same trace, by an actor and by a process', async () => {
  const [a, b] = [await idOn('ledger', 2, 'h'), await idOn('ledger', 3, 'i')];
  const note = { type: 'note', name: 'again', dieOnce: join(folder, 'died-1') };
  const sent = await call<{ traceId: string }>('ask', a, { type: 'tell', to: b, message: note });
  const spans = await connected(sent.traceId, isNoted);
  expect(parentOf(spans, handled(spans, 'note')[0])).toMatchObject({ name: 'send ledger', kind: PRODUCER });
  const told = await call<{ traceId: string }>('tell', b, { ...note, dieOnce: join(folder, 'died-2') });
  const others = await connected(told.traceId, isNoted);
  expect(parentOf(others, handled(others, 'note')[0])).toMatchObject({ name: 'send ledger' });
});

test('a move takes the traces of waiting mail along', async () => {
  const [a, to] = [await idOn('hop', 1, 'm'), 3];
  const later = await call<{ traceId: string }>('ask', a, {
    type: 'after',
    ms: 5_000,
    message: { type: 'note', name: 'moved' },
  });
  const moves = (): Promise<boolean> =>
    call('move', a, to).then(
      () => true,
      () => false,
    );
  await until('all workers are back, and it moves', moves);
  const [note] = handled(await connected(later.traceId, isNoted), 'note');
  expect(note?.attributes['troupe.worker']).toBe(3);
});

test('what a client of another process asks, tells and publishes is of the trace of the client', async () => {
  const [a, b] = [await idOn('hop', 1, 'p'), await idOn('hop', 2, 'q')];
  await call('subscribe', 'outside', a);
  const args = ['--import', at('trace-sdk.mjs'), at('traced-client.mjs'), join(folder, 'data'), a, b];
  const env = { ...process.env, SPANS_DIR: join(folder, 'spans') };
  const client = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: client.stdout as NodeJS.ReadableStream }), 'line');
  const spans = await connected(JSON.parse(line).traceId, (found) => isNoted(found, 3));
  const notes = handled(spans, 'note').map((span) => parentOf(spans, span)?.name);
  expect(notes.sort()).toEqual(['send hop', 'send hop', 'send topic']);
  const own = spans.filter(({ attributes }) => attributes['troupe.worker'] === undefined);
  expect(own.map(({ name }) => name).sort()).toEqual(['ask hop', 'root', 'send hop', 'send topic']);
});

test('a handler that throws is an error of its span and of the ask', async () => {
  const a = await idOn('hop', 2, 'k');
  const { traceId, code } = await call<{ traceId: string; code: string }>('ask', a, { type: 'fail' });
  expect(code).toBe('HANDLER_FAILED');
  const spans = await connected(traceId, (found) => found.length === 3);
  expect(handled(spans, 'fail')[0]).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'RangeError' } });
  expect(spans.find(({ kind }) => kind === CLIENT)).toMatchObject({
    status: { code: 2 },
    attributes: { 'error.type': 'HANDLER_FAILED' },
  });
});
