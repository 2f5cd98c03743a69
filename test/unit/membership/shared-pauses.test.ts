/** The pauses of several machines in one entry of the directory: changed by compare-and-set, whatever becomes of requests and of other machines. */
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryDirectory, MemoryEngine, type RequestFate } from '../../../src/directory/memory-directory.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { MachineState } from '../../../src/machines/machine-row.ts';
import { encodeRow, PAUSES_KEY, rowKey } from '../../../src/membership/cluster-entries.ts';
import { decodePauses, PAUSES_MS_MAX, SharedPauses, TRY_MS } from '../../../src/membership/shared-pauses.ts';
import type { Pause } from '../../../src/vocabulary/pause.ts';

const pauseOf = (pattern: string): Pause => ({ pattern, since: 1, reason: undefined, perSecond: undefined });
const patterns = (pauses: readonly Pause[] | undefined): string[] | undefined => pauses?.map(({ pattern }) => pattern);

describe('the pauses of several machines', () => {
  let clock: VirtualClock;
  let engine: MemoryEngine;
  let asked: string[];
  /** Machines that say that they have taken them up. */
  let heeding: Set<string>;

  function machine(name: string): SharedPauses {
    return new SharedPauses({
      ...{ directory: new MemoryDirectory(engine, clock, 200), clock, self: () => name, count: () => 0 },
      takenUpBy: async (other) => {
        asked.push(other);
        if (!heeding.has(other)) throw new Error('it hangs');
      },
    });
  }
  const adding =
    (pattern: string) =>
    (now: readonly Pause[]): Pause[] => [...now, pauseOf(pattern)];
  async function settled<T>(promise: Promise<T>, ms = 30_000): Promise<T> {
    let isOver = false;
    const over = promise.finally(() => (isOver = true));
    over.catch(() => {});
    for (let at = 0; at < ms && !isOver; at += 20) await clock.advance(20);
    return over;
  }
  const refusalOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
  function row(name: string, state: MachineState): void {
    engine.write(rowKey(name), encodeRow({ state, leaseMs: 900, address: `${name}:1`, workers: 1 }), undefined);
  }
  /** Of the next writes, one after the other. */
  function fates(...some: RequestFate[]): void {
    engine.fateOf = (isWrite) => (isWrite ? (some.shift() ?? 'answered') : 'answered');
  }

  beforeEach(() => {
    clock = new VirtualClock();
    engine = new MemoryEngine(clock);
    asked = [];
    heeding = new Set();
  });

  it('are those that any machine has made, also two at once', async () => {
    const [a, b] = [machine('a'), machine('b')];
    expect(await settled(a.read())).toEqual([]);
    const both = Promise.all([a.change(adding('order/*')), b.change(adding('cart/*')), a.change(adding('x/1'))]);
    await settled(both);
    expect(patterns(await settled(b.read()))?.sort()).toEqual(['cart/*', 'order/*', 'x/1']);
    expect(await settled(a.change(() => undefined))).toBeUndefined();
    expect(patterns(await settled(a.change((now) => now.slice(1))))?.length).toBe(2);
    expect(a.machines).toBe(1);
  });

  it('are changed once where nobody hears whether they were', async () => {
    const once = (now: readonly Pause[]): Pause[] | undefined =>
      now.some(({ pattern }) => pattern === 'order/*') ? undefined : adding('order/*')(now);
    for (const fate of ['lost', 'never', 'late', 'refused'] as const) {
      engine = new MemoryEngine(clock);
      const one = machine('a');
      fates(fate);
      await settled(one.change(once));
      await clock.advance(2_000);
      expect([fate, patterns(await settled(one.read()))]).toEqual([fate, ['order/*']]);
    }
  });

  it('cannot be read or changed, nor made so, without a database for long', async () => {
    const a = machine('a');
    engine.isGone = true;
    const from = clock.now();
    const fault = { code: 'STORE_FAILED', fate: 'unknown', message: expect.stringContaining(`${PAUSES_MS_MAX} ms`) };
    expect(await settled(refusalOf(a.read()))).toMatchObject(fault);
    expect(clock.now() - from).toBeLessThan(PAUSES_MS_MAX + 500);
    expect(await settled(refusalOf(a.change(adding('order/*'))))).toMatchObject(fault);
    expect(await settled(a.silent(1_000))).toEqual(['(the directory gives no answer)']);
    engine.isGone = false;
    expect(await settled(a.read())).toEqual([]);
  });

  it('are asked for again and again, with a pause between two tries', async () => {
    const a = machine('a');
    let reads = 0;
    engine.fateOf = () => {
      reads++;
      return 'refused';
    };
    expect(await settled(refusalOf(a.read()))).toMatchObject({ code: 'STORE_FAILED' });
    expect(reads).toBe(PAUSES_MS_MAX / TRY_MS + 1);
  });

  it('are waited for at machines that are there, and neither at lost ones nor at this one; who does not heed is named', async () => {
    for (const [name, state] of Object.entries({ a: 'live', b: 'live', c: 'lost', d: 'leaving', e: 'live' }))
      row(name, state as MachineState);
    heeding = new Set(['b', 'd', 'e']);
    expect(await settled(machine('a').silent(5_000))).toEqual([]);
    expect(asked.sort()).toEqual(['b', 'd', 'e']);

    heeding.delete('e');
    const from = clock.now();
    expect(await settled(machine('a').silent(3_000))).toEqual(['e']);
    expect(clock.now() - from).toBeGreaterThanOrEqual(3_000);

    // It heeds only later, or is lost meanwhile.
    const later = machine('a').silent(10_000);
    await clock.advance(1_000);
    heeding.add('e');
    expect(await settled(later)).toEqual([]);
    heeding.delete('e');
    const lost = machine('a').silent(10_000);
    await clock.advance(1_000);
    const entry = engine.read(rowKey('e'));
    engine.write(rowKey('e'), encodeRow({ state: 'lost', leaseMs: 900, address: 'e:1', workers: 1 }), entry?.revision);
    expect(await settled(lost)).toEqual([]);
  });

  it('are read from bytes of which nothing is trusted', () => {
    const read = (value: unknown): Pause[] =>
      decodePauses({ key: PAUSES_KEY, revision: '1', value: new TextEncoder().encode(JSON.stringify(value)) });
    const good = { pattern: 'order/*', since: 3, reason: 'a fault', perSecond: 5 };
    expect(read({ form: 1, pauses: [good] })).toEqual([good]);
    const odd = [null, 7, {}, { pattern: 'order/*' }, { pattern: '', since: 1 }, { pattern: 7, since: 1 }];
    expect(read({ form: 1, pauses: [...odd, good] })).toEqual([good]);
    expect(read({ form: 1, pauses: [{ ...good, perSecond: -1, reason: 7 }] })).toEqual(
      [pauseOf('order/*')].map((one) => ({ ...one, since: 3 })),
    );
    for (const other of [undefined, null, 7, [], { form: 2, pauses: [good] }, { form: 1, pauses: good }])
      expect(read(other)).toEqual([]);
    expect(decodePauses(undefined)).toEqual([]);
    expect(decodePauses({ key: PAUSES_KEY, revision: '1', value: new Uint8Array([1, 2, 255]) })).toEqual([]);
  });
});
