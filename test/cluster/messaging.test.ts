/** Messages between real processes: from the master, from `main`, from actors elsewhere; and what the system says of itself. */
import { Buffer } from 'node:buffer';
import type { System } from 'troupe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  collectDeadLetters,
  idOn,
  idsOnAll,
  inMain,
  listenToMains,
  MAIN,
  numbers,
  type Outcome,
  pidOf,
  startSystem,
  stopSystems,
  until,
} from './harness.ts';

let system: System;
/** One on each of the three workers. */
let counters: string[];
let probers: string[];

beforeAll(async () => {
  system = await startSystem({ workers: 3, main: MAIN });
  await listenToMains(system);
  counters = await idsOnAll(system, 'counter');
  probers = await idsOnAll(system, 'prober');
});

afterAll(stopSystems);

const at = (ids: string[], worker: number): string => ids[worker - 1] as string;

function cyclic(): unknown {
  const ring: Record<string, unknown> = { name: 'ring' };
  ring.self = ring;
  return ring;
}

const sharedPart = { n: 1 };
const PLAIN: [name: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['zero', 0],
  ['negative zero', -0],
  ['NaN', Number.NaN],
  ['infinities', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  ['numbers at the edges', [2 ** 53, -(2 ** 53), 2 ** 31, -(2 ** 31) - 1, 5e-324, 1.7976931348623157e308, 0.1]],
  ['an empty string', ''],
  ['a string of all planes', 'a\u0000ß€😀\u2028'],
  ['a long string', 'é'.repeat(70_000)],
  ['big integers', [0n, -1n, 2n ** 63n, 2n ** 64n, -(2n ** 200n)]],
  ['a date', new Date(86_400_123)],
  ['a date that is none', new Date(Number.NaN)],
  [
    'a map',
    new Map<unknown, unknown>([
      ['a', 1],
      [2, new Map([[{ key: true }, new Set([1])]])],
    ]),
  ],
  ['a set', new Set<unknown>([1, 'a', new Set([null])])],
  ['a buffer', Buffer.from('hello')],
  ['bytes', new Uint8Array([1, 2, 255])],
  ['a view into more bytes', new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
  ['floats', new Float64Array([1.5, Number.NaN])],
  ['big integers, typed', new BigUint64Array([2n ** 64n - 1n])],
  ['an array buffer', new Uint8Array([7, 8]).buffer],
  ['a regular expression', /a+b/giu],
  ['nested objects', { a: { b: [{ c: [[]] }] }, 'with space': {}, __x: undefined }],
  ['an object with the keys of objects', JSON.parse('{"constructor":1,"toString":2,"hasOwnProperty":3}')],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
  ['an array with undefined', [1, undefined, 3]],
  ['a cycle', cyclic()],
  ['the same part twice', { one: sharedPart, two: sharedPart }],
];

describe('plain values arrive equal', () => {
  test.each(PLAIN)('%s, asked by the master', async (_name, value) => {
    for (const id of counters) expect(await system.ask(id, { type: 'echo', value })).toStrictEqual(plain(value));
  });

  test.each(PLAIN)('%s, asked from one worker to another', async (_name, value) => {
    const asked = await system.ask<Outcome>(at(probers, 1), {
      type: 'ask',
      id: at(counters, 2),
      message: { type: 'echo', value },
    });
    expect(asked.value).toStrictEqual(plain(value));
  });

  /** Structured clone gives objects the ordinary prototype. */
  function plain(value: unknown): unknown {
    return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null ? { ...value } : value;
  }

  test('a buffer stays a buffer, with room of its own', async () => {
    const buffer = await system.ask<Buffer>(at(counters, 1), { type: 'echo', value: Buffer.from('abc') });
    expect(Buffer.isBuffer(buffer)).toBe(true);
    expect(buffer.toString()).toBe('abc');
  });

  test('a cycle is one again, and a part that is shared stays shared', async () => {
    const ring = await system.ask(at(counters, 1), { type: 'echo', value: cyclic() });
    expect(ring.self).toBe(ring);
    const both = await system.ask(at(counters, 1), { type: 'echo', value: { one: sharedPart, two: sharedPart } });
    expect(both.one).toBe(both.two);
  });

  test('an error keeps its kind, message, stack and cause', async () => {
    const error = new RangeError('too far', { cause: new TypeError('why') });
    const back = await system.ask<RangeError>(at(counters, 2), { type: 'echo', value: error });
    expect(back).toBeInstanceOf(RangeError);
    expect(back).toMatchObject({ name: 'RangeError', message: 'too far', stack: error.stack });
    expect(back.cause).toMatchObject({ name: 'TypeError', message: 'why' });
  });

  test('what an actor gets is its own: a change of the sender does not reach it', async () => {
    const message = { type: 'hear', value: { list: [1] } };
    const id = at(probers, 3);
    system.tell(id, structuredClone(message));
    expect(await system.ask(id, { type: 'heard' })).toEqual([{ list: [1] }]);
  });
});

describe('tell, ask and ref', () => {
  test('from the master to every worker', async () => {
    for (const id of counters) {
      system.tell(id, { type: 'add', by: 2 });
      system.ref(id).tell({ type: 'add', by: 3 });
      expect(await system.ref(id).ask({ type: 'get' })).toBe(5);
    }
    expect(new Set(await Promise.all(counters.map((id) => system.ask(id, { type: 'pid' })))).size).toBe(3);
  });

  test('from main to every worker', async () => {
    for (const worker of [1, 2, 3]) {
      const ids = numbers(3, 1).map((home) => at(counters, home));
      for (const id of ids) {
        await inMain(system, worker, 'tell', id, { type: 'add', by: 1 });
        expect((await inMain(system, worker, 'ask', id, { type: 'get' })).value).toBe(5 + worker);
      }
    }
  });

  test('from every worker to every other one, and ctx.sender names the asker', async () => {
    for (const prober of probers) {
      for (const id of counters) {
        const asked = await system.ask<Outcome>(prober, { type: 'ask', id, message: { type: 'sender' } });
        expect(asked).toEqual({ value: prober });
      }
    }
    expect(await system.ask(at(counters, 1), { type: 'sender' })).toBeUndefined();
    expect((await inMain(system, 2, 'ask', at(counters, 1), { type: 'sender' })).value).toBeUndefined();
  });

  test('an ask without a reply is answered once the message was handled', async () => {
    const id = await idOn(system, 'counter', 2, 'handled');
    expect(await system.ask(id, { type: 'add', by: 7 })).toBeUndefined();
    expect(await system.ask(id, { type: 'get' })).toBe(7);
  });

  test('ten thousand asks at once get each its own reply', async () => {
    const replies = numbers(10_000).map((n) => system.ask(at(counters, 1 + (n % 3)), { type: 'echo', value: n }));
    expect(await Promise.all(replies)).toEqual(numbers(10_000));
  });
});

describe('refs travel', () => {
  test('a ref that an actor gives away is a ref in the master', async () => {
    for (const prober of probers) {
      const ref = await system.ask(prober, { type: 'me' });
      expect(ref.id).toBe(prober);
      expect(await ref.ask({ type: 'heard' })).toBeInstanceOf(Array);
    }
  });

  test('a ref in a message works on another worker, and speaks for who holds it', async () => {
    const ref = system.ref(at(counters, 3));
    const sender = await system.ask(at(probers, 2), { type: 'useRef', ref, message: { type: 'sender' } });
    expect(sender).toBe(at(probers, 2));
  });

  test('a ref inside a map inside a list works as well', async () => {
    const value = [new Map([['ref', system.ref(at(counters, 1))]])];
    const [map] = await system.ask<[Map<string, { id: string; ask(message: object): Promise<unknown> }>]>(
      at(counters, 2),
      { type: 'echo', value },
    );
    expect(map.get('ref')?.id).toBe(at(counters, 1));
    expect(await map.get('ref')?.ask({ type: 'echo', value: 1 })).toBe(1);
  });

  test('a ref in the arguments of a spawn works after a crash as well', async () => {
    const args = { friend: system.ref(at(counters, 1)) };
    const other = await startSystem({ workers: 2, supervision: { backoff: { initialMs: 10 } } });
    const holder = await other.spawn('holder', { key: 'h', args, placement: { worker: 1 } });
    expect(await holder.ask({ type: 'ask-friend' })).toBe('echoed');
    const before = await holder.ask<number>({ type: 'pid' });
    const exited = new Promise((resolve) => other.on('worker-exited', resolve));
    process.kill(before, 'SIGKILL');
    await exited;
    expect(await holder.ask({ type: 'pid' })).not.toBe(before);
    expect(await holder.ask({ type: 'ask-friend' })).toBe('echoed');
  });
});

describe('deadlines', () => {
  test('an ask inside a handler inherits what is left, across two more workers', async () => {
    const path = [at(probers, 2), at(probers, 3)];
    const message = { type: 'ask', id: at(counters, 1), message: { type: 'left' } };
    const through = { type: 'ask', id: path[1], message };
    const outcome = await system.ask(path[0] as string, through, { timeoutMs: 700 });
    const left = outcome.value.value as number;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(700);
  });

  test('a longer time-out of an inner ask does not outlive the outer one', async () => {
    const message = { type: 'left' };
    const ask = { type: 'ask', id: at(counters, 2), message, options: { timeoutMs: 60_000 } };
    const outcome = await system.ask(at(probers, 1), ask, { timeoutMs: 500 });
    expect(outcome.value).toBeLessThanOrEqual(500);
  });
});

describe('what the system says of itself', () => {
  test('where agrees with the process that answers, wherever it is asked', async () => {
    for (const worker of [1, 2, 3]) {
      const id = at(counters, worker);
      const pid = await system.ask(id, { type: 'pid' });
      const here = await system.where(id);
      expect(here).toMatchObject({ worker, pid, active: true });
      expect(pidOf(system, worker)).toBe(pid);
      const elsewhere = await system.ask(at(probers, 1), { type: 'call', call: 'where', args: [id] });
      expect(elsewhere.value).toEqual(here);
      expect((await inMain(system, 3, 'where', id)).value).toEqual(here);
    }
    expect(await system.where('counter/nobody-yet')).toMatchObject({ active: false });
  });

  test('workers() lists every worker at once, with state, role and pid', async () => {
    const rows = system.workers();
    expect(
      rows.map(({ index, state, role, incarnation, restarts }) => ({ index, state, role, incarnation, restarts })),
    ).toEqual([1, 2, 3].map((index) => ({ index, state: 'ready', role: 'worker', incarnation: 1, restarts: 0 })));
    const there = (await inMain(system, 2, 'workers')).value as typeof rows;
    expect(there.map(({ index, pid }) => [index, pid])).toEqual(rows.map(({ index, pid }) => [index, pid]));
    expect(system.self).toEqual({ worker: 0, role: 'master', pid: process.pid });
  });

  test('metrics adds up all processes', async () => {
    const before = await system.metrics();
    await Promise.all(counters.map((id) => system.ask(id, { type: 'get' })));
    const after = await system.metrics();
    expect(after.workers.map(({ worker }) => worker).sort()).toEqual([0, 1, 2, 3]);
    expect((after.kinds.counter?.messages ?? 0) - (before.kinds.counter?.messages ?? 0)).toBe(3);
    expect(after.actors).toBe(after.workers.reduce((sum, { actors }) => sum + actors, 0));
    const there = (await inMain(system, 1, 'metrics')).value as typeof after;
    expect(there.kinds.counter?.messages).toBe(after.kinds.counter?.messages);
  });

  test('events of all workers are heard in the master, one for each', async () => {
    const startedAt: [string, number][] = [];
    const off = system.on('actor-started', ({ id, worker }) => startedAt.push([id, worker]));
    const ids = await idsOnAll(system, 'counter', 'new');
    await inMain(system, 1, 'workers');
    await Promise.all(ids.map((id) => system.ask(id, { type: 'get' })));
    await until('three have started', () => startedAt.length >= 3);
    expect(startedAt.sort()).toEqual(ids.map((id, n) => [id, n + 1] as [string, number]).sort());
    off();
  });

  test('above the rate, a storm of events from three workers is counted exactly', async () => {
    const each = 2_500;
    let letters = 0;
    let counted = 0;
    const offs = [
      system.on('dead-letter', () => letters++),
      system.on('events-suppressed', ({ event, count }) => {
        if (event === 'dead-letter') counted += count;
      }),
    ];
    await inMain(system, 1, 'workers');
    for (const id of counters) {
      for (const n of numbers(each)) if (!system.tell(id, { type: 'nonsense', n } as never)) await system.drained();
    }
    await until('all are told or counted', () => letters + counted >= 3 * each);
    await until('a second more', () => true);
    expect(letters + counted).toBe(3 * each);
    expect(counted).toBeGreaterThan(0);
    for (const off of offs) off();
  });
});

describe('drained', () => {
  test.each([1, 2, 3])('a sender that waits for it loses nothing in a small mailbox on worker %i', async (worker) => {
    const letters = collectDeadLetters(system);
    const id = await idOn(system, 'narrow', worker, `drained${worker}-`);
    for (const n of numbers(3_000)) if (!system.tell(id, { type: 'note', n })) await system.drained();
    expect(await system.ask(id, { type: 'seen' })).toEqual(numbers(3_000));
    expect(letters).toEqual([]);
  });

  test('also an actor on another worker', async () => {
    const letters = collectDeadLetters(system);
    const id = await idOn(system, 'narrow', 2, 'far');
    const talker = await idOn(system, 'talker', 1, 'far');
    await system.ask(talker, { type: 'talk', to: id, count: 3_000 }, { timeoutMs: 20_000 });
    expect(await system.ask(id, { type: 'seen' })).toEqual(numbers(3_000));
    expect(letters).toEqual([]);
  });
});
