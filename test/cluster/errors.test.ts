/** Every error that can be met across processes: its code, its fate, its words, and what becomes of a tell. */
import type { DeadLetter, System } from 'troupe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  collectDeadLetters,
  type Fault,
  faultOf,
  idOn,
  idsOnAll,
  inMain,
  listenToMains,
  MAIN,
  numbers,
  type Outcome,
  startSystem,
  stopSystems,
  until,
  untilInTurn,
} from './harness.ts';

let system: System;
let counters: string[];
let probers: string[];
let letters: DeadLetter[];

/** Local messages are not checked first, as in production: what is wrong with them is found by the link. */
beforeAll(async () => {
  system = await startSystem({ workers: 3, main: MAIN, messageBytesMax: 100_000, checkMessages: false });
  await listenToMains(system);
  counters = await idsOnAll(system, 'counter');
  probers = await idsOnAll(system, 'prober');
  letters = collectDeadLetters(system);
  await inMain(system, 1, 'workers');
});

afterAll(stopSystems);

const at = (ids: string[], worker: number): string => ids[worker - 1] as string;

type Ask = (id: string, message: { type: string }, options?: { timeoutMs: number }) => Promise<Fault>;
const faultIn = ({ fault }: Outcome): Fault => {
  if (!fault) throw new Error('a rejection was expected');
  return fault;
};
const ASKERS: [who: string, ask: Ask][] = [
  ['the master', (id, message, options) => faultOf(system.ask(id, message, options))],
  ['main of a worker', async (id, message, options) => faultIn(await inMain(system, 1, 'ask', id, message, options))],
  [
    'an actor on another worker',
    async (id, message, options) => faultIn(await system.ask(at(probers, 1), { type: 'ask', id, message, options })),
  ],
];

describe.each(ASKERS)('an ask of %s is rejected with', (who, ask) => {
  test('HANDLER_FAILED and the original name, message and stack', async () => {
    const { code, fate, message, cause } = await ask(at(counters, 2), { type: 'boom' });
    expect([code, fate]).toEqual(['HANDLER_FAILED', 'executed']);
    expect(message).toContain('threw RangeError: boom');
    expect(cause).toMatchObject({ name: 'RangeError', message: 'boom' });
    expect(cause?.stack).toContain('counter.mjs');
  });

  test('REFUSED and the reason, words and data of the refusal', async () => {
    const { code, fate, message, reason, data } = await ask(at(counters, 3), { type: 'refuse' });
    expect({ code, fate, message, reason, data }).toEqual({
      ...{ code: 'REFUSED', fate: 'executed', message: 'the counter is closed', reason: 'closed' },
      data: { since: 1 },
    });
  });

  test('UNKNOWN_KIND, naming those that are known', async () => {
    const { code, fate, message } = await ask('nobody/x', { type: 'get' });
    expect([code, fate]).toEqual(['UNKNOWN_KIND', 'not-executed']);
    expect(message).toMatch(/counter.*got nobody\/x$/);
  });

  test.each(['nonsense', 'constructor', 'toString', '__proto__'])('UNKNOWN_MESSAGE for the type %s', async (type) => {
    const { code, fate } = await ask(at(counters, 2), { type });
    expect([code, fate]).toEqual(['UNKNOWN_MESSAGE', 'not-executed']);
  });

  test('INVALID_MESSAGE where the schema refuses it, naming the path', async () => {
    const id = await idOn(system, 'strict', 2);
    const { code, fate, message } = await ask(id, { type: 'take', n: 1.5 } as { type: string });
    expect([code, fate]).toEqual(['INVALID_MESSAGE', 'not-executed']);
    expect(message).toContain('n: expected a whole number');
  });

  test('INVALID_MESSAGE where the reply is not plain data, naming the path', async () => {
    const { code, fate, message } = await ask(at(probers, 2), { type: 'giveOdd', make: 'function' } as {
      type: string;
    });
    expect([code, fate]).toEqual(['INVALID_MESSAGE', 'executed']);
    expect(message).toMatch(/deep\[1\]\.here/);
  });

  test('MESSAGE_TOO_LARGE where the reply is', async () => {
    const { code, fate } = await ask(at(probers, 2), { type: 'giveOdd', make: 'large' } as { type: string });
    expect([code, fate]).toEqual(['MESSAGE_TOO_LARGE', 'executed']);
  });

  test('ASK_TIMEOUT at its deadline, not knowing how far it came', async () => {
    const id = await idOn(system, 'counter', 2, `late-${who.length}-`);
    const began = Date.now();
    const message = { type: 'sleep', ms: 2_500 } as { type: string };
    const { code, fate } = await ask(id, message, { timeoutMs: 150 });
    expect([code, fate]).toEqual(['ASK_TIMEOUT', 'unknown']);
    expect(Date.now() - began).toBeGreaterThanOrEqual(145);
    expect(Date.now() - began).toBeLessThan(2_400);
  });

  test('MAILBOX_FULL where the mailbox is full', async () => {
    const id = await idOn(system, 'narrow', 3, `full-${who.length}-`);
    system.tell(id, { type: 'sleep', ms: 2_000 });
    await untilInTurn(system, id, 'sleep');
    for (const n of numbers(110)) system.tell(id, { type: 'note', n });
    await until('it is full', () => letters.some(({ to }) => to === id));
    const { code, fate } = await ask(id, { type: 'seen' });
    expect([code, fate]).toEqual(['MAILBOX_FULL', 'not-executed']);
  });

  test('ACTOR_FAILED after it failed past its intensity, at once', async () => {
    const id = await idOn(system, 'fragile', 2, `fragile-${who.length}-`);
    const first = await ask(id, { type: 'boom' });
    expect(first.code).toBe('HANDLER_FAILED');
    const { code, fate } = await ask(id, { type: 'get' });
    expect([code, fate]).toEqual(['ACTOR_FAILED', 'not-executed']);
  });
});

describe('messages that cannot travel', () => {
  test.each([
    ['function', 'INVALID_MESSAGE'],
    ['large', 'MESSAGE_TOO_LARGE'],
  ])('%s: an ask of the master is rejected with %s before it leaves', async (make, code) => {
    const value = make === 'large' ? 'x'.repeat(200_000) : { deep: [1, { here: () => 1 }] };
    const fault = await faultOf(system.ask(at(counters, 1), { type: 'echo', value }));
    expect([fault.code, fault.fate]).toEqual([code, 'not-executed']);
    if (make === 'function') expect(fault.message).toContain('value.deep[1].here');
    else expect(fault.message).toMatch(/at most 100000 .* got 200\d\d\d/);
  });

  test.each([
    ['function', 'INVALID_MESSAGE'],
    ['large', 'MESSAGE_TOO_LARGE'],
  ])('%s: an ask from worker to worker is rejected with %s', async (make, code) => {
    const fault = faultIn(await system.ask(at(probers, 1), { type: 'askWith', id: at(counters, 2), make }));
    expect([fault.code, fault.fate]).toEqual([code, 'not-executed']);
    if (make === 'function') expect(fault.message).toContain('value.deep[1].here');
  });

  test.each([
    ['function', 'INVALID_MESSAGE'],
    ['large', 'MESSAGE_TOO_LARGE'],
  ])(
    '%s: a tell from worker to worker becomes a dead letter that is heard in the master, and the next mail goes on',
    async (make, reason) => {
      const before = letters.length;
      const id = at(counters, 3);
      expect(await system.ask(at(probers, 1), { type: 'tellWith', id, make })).toBeTypeOf('boolean');
      await until('the dead letter is heard', () => letters.length > before);
      expect(letters.at(-1)).toMatchObject({ to: id, reason, sender: at(probers, 1) });
      const asked = await system.ask(at(probers, 1), { type: 'ask', id, message: { type: 'echo', value: 'after' } });
      expect(asked).toEqual({ value: 'after' });
    },
  );

  test('one of many takes no neighbour with it', async () => {
    const id = await idOn(system, 'recorder', 2, 'neighbours');
    for (const n of numbers(300)) {
      if (n % 100 === 50) system.tell(id, { type: 'note', n: () => n } as never);
      else system.tell(id, { type: 'note', n });
    }
    const seen = await system.ask<Record<string, number[]>>(id, { type: 'seen' });
    expect(seen.main).toEqual(numbers(300).filter((n) => n % 100 !== 50));
  });
});

describe('a tell that cannot be handled is a dead letter in the whole system', () => {
  test.each<[string, () => Promise<[id: string, message: { type: string }]>]>([
    ['UNKNOWN_KIND', async () => ['nobody/y', { type: 'get' }]],
    ['UNKNOWN_MESSAGE', async () => [at(counters, 2), { type: 'nonsense' }]],
    ['INVALID_MESSAGE', async () => [await idOn(system, 'strict', 3), { type: 'take', n: 'x' } as { type: string }]],
    ['HANDLER_FAILED', async () => [at(counters, 3), { type: 'boom' }]],
  ])('%s', async (reason, make) => {
    const [id, message] = await make();
    const before = letters.length;
    system.tell(id, message);
    await until('it is heard', () => letters.length > before);
    expect(letters.slice(before)).toEqual([{ to: id, message, sender: undefined, reason, at: expect.any(Number) }]);
  });

  test('MAILBOX_FULL: one for each message past the capacity, the newest', async () => {
    const id = await idOn(system, 'narrow', 2, 'overrun');
    const before = letters.length;
    const refusals = (): DeadLetter[] => letters.slice(before).filter(({ to }) => to === id);
    system.tell(id, { type: 'sleep', ms: 500 });
    await untilInTurn(system, id, 'sleep');
    for (const n of numbers(150)) system.tell(id, { type: 'note', n });
    await until('some are refused', () => refusals().length > 0);
    await until('it has handled the others', async () => (await system.inspect(id)).mailbox.count === 0);
    const seen = await system.ask<number[]>(id, { type: 'seen' });
    expect(seen).toEqual(numbers(seen.length));
    await until('each refusal is heard', () => refusals().length >= 150 - seen.length);
    const refused = refusals();
    expect(new Set(refused.map(({ reason }) => reason))).toEqual(new Set(['MAILBOX_FULL']));
    expect(refused.map(({ message }) => (message as unknown as { n: number }).n)).toEqual(
      numbers(150 - seen.length, seen.length),
    );
    expect(refused.length).toBeGreaterThan(0);
  });

  test('ACTOR_FAILED, with an event that carries the error', async () => {
    const failed: { id: string; error: Error }[] = [];
    const off = system.on('actor-failed', (event) => failed.push(event));
    await inMain(system, 1, 'workers');
    const id = await idOn(system, 'fragile', 3, 'evented');
    await faultOf(system.ask(id, { type: 'boom' }));
    system.tell(id, { type: 'get' });
    await until('the dead letter is heard', () =>
      letters.some(({ to, reason }) => to === id && reason === 'ACTOR_FAILED'),
    );
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({ id, worker: 3, error: { name: 'TypeError', message: 'once is enough' } });
    off();
  });
});

describe('asks that end early', () => {
  test('a message whose deadline passed in the mailbox is not executed', async () => {
    const id = await idOn(system, 'counter', 2, 'late');
    system.tell(id, { type: 'sleep', ms: 250 });
    const { code } = await faultOf(system.ask(id, { type: 'add', by: 1 }, { timeoutMs: 60 }));
    expect(code).toBe('ASK_TIMEOUT');
    expect(await system.ask(id, { type: 'get' })).toBe(0);
  });

  test('ASK_ABORTED, and what waits for it in a mailbox elsewhere does not run', async () => {
    const id = await idOn(system, 'counter', 3, 'aborted');
    system.tell(id, { type: 'sleep', ms: 1_000 });
    const abort = new AbortController();
    const asked = faultOf(system.ask(id, { type: 'add', by: 1 }, { signal: abort.signal }));
    setTimeout(() => abort.abort(), 20);
    expect(await asked).toMatchObject({ code: 'ASK_ABORTED', fate: 'unknown' });
    expect(await system.ask(id, { type: 'get' })).toBe(0);
  });

  test('ASK_ABORTED of an actor', async () => {
    const message = { type: 'sleep', ms: 300 };
    const asked = { type: 'askAndAbort', id: at(counters, 3), message, afterMs: 50 };
    expect(faultIn(await system.ask(at(probers, 1), asked)).code).toBe('ASK_ABORTED');
  });

  test('a signal that is aborted already sends nothing', async () => {
    const id = await idOn(system, 'counter', 3, 'never');
    const fault = await faultOf(system.ask(id, { type: 'add', by: 1 }, { signal: AbortSignal.abort() }));
    expect([fault.code, fault.fate]).toEqual(['ASK_ABORTED', 'not-executed']);
    expect(await system.ask(id, { type: 'get' })).toBe(0);
  });

  test('an ask that its handler outlives aborts ctx.signal there', async () => {
    const id = await idOn(system, 'prober', 3, 'signalled');
    const { code } = await faultOf(system.ask(id, { type: 'untilAborted' }, { timeoutMs: 100 }));
    expect(code).toBe('ASK_TIMEOUT');
    expect(await system.ask(id, { type: 'heard' })).toEqual(['aborted']);
  });
});

describe('rings', () => {
  test.each([
    ['itself', () => [at(probers, 1)]],
    ['two workers', () => [at(probers, 1), at(probers, 2)]],
    ['three workers', () => [at(probers, 1), at(probers, 2), at(probers, 3)]],
  ])('ASK_CYCLE at once in a ring of %s, naming it', async (_name, ring) => {
    const [first, ...others] = ring();
    const began = Date.now();
    const outcome = await system.ask(first as string, { type: 'pass', path: [...others, first] }, { timeoutMs: 4_000 });
    expect(Date.now() - began).toBeLessThan(3_000);
    const fault = innermost(outcome);
    expect([fault.code, fault.fate]).toEqual(['ASK_CYCLE', 'not-executed']);
    for (const id of [first, ...others]) expect(fault.message).toContain(id);
  });

  function innermost({ value, fault }: Outcome): Fault {
    return fault ?? innermost(value as Outcome);
  }
});

describe('mistakes that can be seen at the call', () => {
  test.each(['', 'counter', 'Counter/x', 'counter/', 'counter/a\u0000b', `counter/${'k'.repeat(513)}`])(
    'the id %j throws',
    (id) => {
      expect(() => system.tell(id, { type: 'get' })).toThrow(expect.objectContaining({ code: 'INVALID_ACTOR_ID' }));
    },
  );

  test.each([undefined, null, 'text', {}, { type: 1 }])('the message %j throws', (message) => {
    expect(() => system.tell(at(counters, 1), message as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_MESSAGE' }),
    );
  });
});
