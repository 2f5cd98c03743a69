import { describe, expect, it, vi } from 'vitest';
import type { ReplyTo } from '../../../src/vocabulary/envelope.ts';
import { Sender } from '../../../src/actor/sender.ts';
import { OUTSIDE_ID_KEPT_MS, OUTSIDE_IDS_MAX, OutsideTable } from '../../../src/durability/outside-table.ts';
import {
  OUTSIDE_PAGE_BYTES,
  type OutsideMark,
  OutsidePageWriter,
  readOutsidePage,
} from '../../../src/commit/outside-page.ts';
import type { MemoryDisk } from '../../../src/store/memory-store.ts';
import { encodeValue } from '../../../src/wire/codec.ts';
import { outsideTurn, readOutsideTurn } from '../../../src/vocabulary/outside-id.ts';
import { defineActor, errorOf, Gate, type Kit, startKit } from '../actor/kernel-fixture.ts';
import { Refusal } from '../../../src/vocabulary/errors.ts';
import { FaultyStore } from './faulty-store.ts';

const gates: Gate[] = [];

const counter = defineActor({
  durable: true,
  supervision: { onFailure: 'resume', intensity: 1_000 },
  state: () => ({ n: 0, isFine: false, isOpen: false }),
  receive: {
    add: (ctx, { by }: { by: number }) => {
      ctx.state.n += by;
      return ctx.state.n;
    },
    get: (ctx) => ctx.state.n,
    fix: (ctx) => void (ctx.state.isFine = true),
    boom(ctx) {
      if (!ctx.state.isFine) throw new Error('boom');
      ctx.state.n++;
    },
    refuse(ctx, { by }: { by: number }) {
      ctx.state.n += by;
      throw new Refusal('no', 'not today');
    },
    async slow(ctx) {
      await gates[0]?.opened;
      ctx.state.n++;
    },
    async obedient(ctx) {
      await new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));
    },
    later(ctx) {
      if (ctx.state.isOpen) ctx.state.n++;
      else ctx.stash();
    },
    open(ctx) {
      ctx.state.isOpen = true;
      ctx.unstashAll();
    },
    // The turn asks another one, which must not count it twice.
    async through(ctx, { fails }: { fails: boolean }) {
      await ctx.ask('counter/second', { type: 'add', by: 1 });
      if (fails) await gates[0]?.opened;
      ctx.state.n++;
    },
  },
});

type OutsideKit = Kit & { store: FaultyStore; ask(type: string, name: string, more?: object): Promise<unknown> };

function start(disk: MemoryDisk = new Map(), startedAt = 1_000): OutsideKit {
  const store = new FaultyStore(disk);
  const kit = startKit({ counter }, {}, store, { startedAt });
  const sender = new Sender(kit.process.kernel, undefined);
  const ask = (
    type: string,
    name: string,
    { life = 0, timeoutMs = 1_000, ...more }: { [name: string]: unknown } = {},
  ) =>
    new Promise((resolve, reject) => {
      const onward: ReplyTo = {
        ...{ settled: false, resolve, reject, begin: () => {}, written: () => {} },
        address: () => ({ process: '~0', correlation: 0 }),
      };
      const outside = { name, life: life as number };
      sender.askFor(onward, 'counter/a', { type, ...more }, outside, { timeoutMs: timeoutMs as number });
    });
  return Object.assign(kit, { store, ask });
}

const count = ({ system }: Kit, id = 'counter/a') => system.ask(id, { type: 'get' });

describe('a message from outside', () => {
  it('is handled once, however often and in whatever order it comes', async () => {
    const kit = start();
    for (const name of ['a', 'b', 'c', 'b', 'a', 'c', 'a']) await kit.ask('add', name, { by: 1 });
    expect(await count(kit)).toBe(3);
  });

  it('is handled once where both tries wait in the mailbox', async () => {
    const kit = start();
    kit.store.gate = new Gate();
    const both = [kit.ask('add', 'a', { by: 1 }), kit.ask('add', 'a', { by: 1 })];
    kit.store.gate.open();
    await Promise.all(both);
    expect(await count(kit)).toBe(1);
  });

  it('is known again by the next start: after its commit, before anybody was told', async () => {
    const disk: MemoryDisk = new Map();
    const first = start(disk);
    await count(first);
    first.store.lies = 1;
    first.ask('add', 'a', { by: 1 }).catch(() => {});
    await vi.waitFor(() => expect(disk.get('counter/a')?.parts.has('y:0000000000000001')).toBe(true));
    const second = start(disk, 2_000);
    await second.ask('add', 'a', { by: 1 });
    expect(await count(second)).toBe(1);
  });

  it('is new again where its commit failed', async () => {
    const disk: MemoryDisk = new Map();
    const first = start(disk);
    await count(first);
    first.store.failures = 1;
    first.ask('add', 'a', { by: 1 }).catch(() => {});
    const second = start(disk, 2_000);
    await second.ask('add', 'a', { by: 1 });
    expect(await count(second)).toBe(1);
  });

  it('that is a repeat is not answered before the commit of the first', async () => {
    const kit = start();
    kit.store.gate = new Gate();
    let answered = 0;
    const both = [1, 2].map(() => kit.ask('add', 'a', { by: 1 }).then(() => answered++));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(answered).toBe(0);
    kit.store.gate.open();
    await Promise.all(both);
  });

  it('that was refused is refused again in the same life, and tried in the next one', async () => {
    const kit = start();
    for (let n = 0; n < 2; n++)
      expect(await errorOf(kit.ask('refuse', 'a', { by: 1 }))).toMatchObject({
        code: 'REFUSED',
        reason: 'no',
        fate: 'executed',
      });
    expect(await count(kit)).toBe(1);
    await errorOf(kit.ask('refuse', 'a', { by: 1, life: 1 }));
    expect(await count(kit)).toBe(2);
  });

  it('whose handler threw fails again in the same life, and is tried in the next one', async () => {
    const kit = start();
    expect(await errorOf(kit.ask('boom', 'a'))).toMatchObject({ code: 'HANDLER_FAILED' });
    await kit.system.ask('counter/a', { type: 'fix' });
    expect(await errorOf(kit.ask('boom', 'a'))).toMatchObject({ code: 'HANDLER_FAILED', fate: 'executed' });
    await kit.ask('boom', 'a', { life: 1 });
    expect(await count(kit)).toBe(1);
    // What was handled is handled, whatever its life.
    await kit.ask('boom', 'a', { life: 2 });
    expect(await count(kit)).toBe(1);
  });

  it('whose asker gave up while its handler ran on is known', async () => {
    const kit = start();
    gates[0] = new Gate();
    const late = errorOf(kit.ask('slow', 'a', { timeoutMs: 100 }));
    await kit.clock.advance(200);
    expect(await late).toMatchObject({ code: 'ASK_TIMEOUT', fate: 'executed' });
    gates[0].open();
    await kit.ask('slow', 'a');
    expect(await count(kit)).toBe(1);
  });

  it('whose handler gave up with its asker is new', async () => {
    const kit = start();
    const late = errorOf(kit.ask('obedient', 'a', { timeoutMs: 100 }));
    await kit.clock.advance(200);
    expect(await late).toMatchObject({ code: 'ASK_TIMEOUT' });
    await kit.ask('add', 'a', { by: 1 });
    expect(await count(kit)).toBe(1);
  });

  it('that came too late for its handler is new', async () => {
    const kit = start();
    gates[0] = new Gate();
    const slow = kit.ask('slow', 'a', { timeoutMs: 10_000 });
    const late = errorOf(kit.ask('add', 'b', { by: 10, timeoutMs: 100 }));
    await kit.clock.advance(200);
    expect(await late).toMatchObject({ code: 'ASK_TIMEOUT', fate: 'not-executed' });
    gates[0].open();
    await slow;
    await kit.ask('add', 'b', { by: 10 });
    expect(await count(kit)).toBe(11);
  });

  it('that was put aside is settled for who sends it again, and handled once, also after a crash', async () => {
    const disk: MemoryDisk = new Map();
    const first = start(disk);
    const aside = first.ask('later', 'a').catch(() => {});
    await first.clock.advance(10);
    await first.ask('later', 'a');
    expect(await count(first)).toBe(0);
    const second = start(disk, 2_000);
    await second.ask('later', 'a');
    await second.system.ask('counter/a', { type: 'open' });
    expect(await count(second)).toBe(1);
    await second.ask('later', 'a');
    expect(await count(second)).toBe(1);
    await first.clock.advance(1_000);
    await aside;
  });

  it('names the asks of its turn, so that another try of the turn is no second ask', async () => {
    const disk: MemoryDisk = new Map();
    const first = start(disk);
    gates[0] = new Gate();
    first.ask('through', 'a', { fails: true }).catch(() => {});
    await first.clock.advance(10);
    const second = start(disk, 2_000);
    expect(await count(second, 'counter/second')).toBe(1);
    await second.ask('through', 'a', { fails: false });
    expect(await count(second, 'counter/second')).toBe(1);
    expect(await count(second)).toBe(1);
    gates[0].open();
  });

  it('keeps no reply beside its id', async () => {
    const disk: MemoryDisk = new Map();
    const kit = start(disk);
    await kit.ask('add', 'queue|a', { by: 1 });
    expect([...(disk.get('counter/a')?.parts.keys() ?? [])].sort()).toEqual(['state', 'y:0000000000000001']);
  });
});

describe('the ids that are remembered', () => {
  const mark = (at: number) => ({ at, life: 0, failure: undefined });

  it(`are ${OUTSIDE_IDS_MAX} at most, the newest; those that go are erased from the record`, async () => {
    const disk: MemoryDisk = new Map();
    const kit = start(disk);
    const names = Array.from({ length: OUTSIDE_IDS_MAX + 3 }, (_, n) => `m${n}`);
    await Promise.all(names.map((name) => kit.ask('add', name, { by: 1, timeoutMs: 60_000 })));
    const pages = [...(disk.get('counter/a')?.parts ?? [])].filter(([name]) => name.startsWith('y:')).sort();
    const kept = pages.flatMap(([, bytes]) => readOutsidePage(bytes).map(([name]) => name));
    // A page goes once none of its marks holds.
    expect(kept.slice(-OUTSIDE_IDS_MAX)).toEqual(names.slice(3));
    expect(kept.length).toBeLessThan(OUTSIDE_IDS_MAX + 30);
    expect(pages.length).toBeLessThan(OUTSIDE_IDS_MAX / 10);
    await kit.ask('add', 'm3', { by: 1 });
    expect(await count(kit)).toBe(names.length);
    await kit.ask('add', 'm2', { by: 1 });
    expect(await count(kit)).toBe(names.length + 1);
  });

  it('stand on pages that are not added to beyond their bytes', () => {
    const table = new OutsideTable([]);
    const largest = new OutsidePageWriter().add('name-00', 1, 0, undefined).length;
    for (let n = 10; n < 99; n++)
      expect(table.add(`name-${n}`, mark(n)).bytes.length).toBeLessThanOrEqual(OUTSIDE_PAGE_BYTES + largest + 9);
  });

  it('are forgotten after seven days', () => {
    const table = new OutsideTable([
      { name: 'old', mark: mark(1), part: 'x:old' },
      { name: 'young', mark: mark(1_000), part: 'x:young' },
    ]);
    expect(table.add('next', mark(OUTSIDE_ID_KEPT_MS + 1)).gone).toEqual(['x:old']);
    expect(table.markOf({ name: 'old', life: 0 })).toBeUndefined();
    expect(table.markOf({ name: 'young', life: 0 })).toBeDefined();
  });

  it('are the latest of their bound, as by a list that is searched, also where one comes again and again', () => {
    const table = new OutsideTable([]);
    let list: string[] = [];
    const gone = new Set<string>();
    const add = (name: string, at: number): void => {
      for (const part of table.add(name, mark(at)).gone) gone.add(part);
      list = [...list.filter((one) => one !== name), name].slice(-OUTSIDE_IDS_MAX);
    };
    const knows = (name: string): boolean => table.markOf({ name, life: 0 }) !== undefined;
    for (let n = 0; n < OUTSIDE_IDS_MAX * 2.5; n++) add(n % 3 === 0 ? `again ${n % 7}` : `name ${n}`, n + 1);
    for (let n = 0; n < OUTSIDE_IDS_MAX * 2.5; n += 5) expect(knows(`name ${n}`)).toBe(list.includes(`name ${n}`));
    for (let n = 0; n < 7; n++) expect(knows(`again ${n}`)).toBe(true);
    const [oldest] = list;
    for (let n = 0; n < OUTSIDE_IDS_MAX * 3; n++) table.add('again 0', mark(OUTSIDE_IDS_MAX * 3 + n));
    expect(knows(oldest as string)).toBe(true);
    expect(table.size).toBeLessThanOrEqual(OUTSIDE_IDS_MAX * 2);
    expect(gone.size).toBeGreaterThan(10);
  });

  it('stand on pages, which go with the last of their marks; those of older records are known', async () => {
    const disk: MemoryDisk = new Map();
    const kit = start(disk);
    const names = Array.from({ length: 40 }, (_, n) => `name-${n}`);
    for (const name of names) await kit.ask('add', name, { by: 1 });
    const record = disk.get('counter/a');
    if (!record) throw new Error('a record was expected');
    const older = ['x:older', encodeValue([Date.now(), 0, 'REFUSED', 'no', 'closed'])] as const;
    disk.set('counter/a', { ...record, parts: new Map([...record.parts, older]) });
    const next = start(disk, 2_000);
    for (const name of names) await next.ask('add', name, { by: 1 });
    expect(await errorOf(next.ask('add', 'older', { by: 1 }))).toMatchObject({ code: 'REFUSED', reason: 'closed' });
    expect(await count(next)).toBe(40);
    await next.ask('add', 'more', { by: 1 });
    const pages = [...(disk.get('counter/a')?.parts.keys() ?? [])].filter((name) => name.startsWith('y:')).sort();
    // The page that the crash had cut off is left as it is.
    expect(pages).toEqual([1, 2, 3, 4].map((n) => `y:${String(n).padStart(16, '0')}`));
  });

  it('are read as they were written, failures too; a page that is cut short is none', () => {
    const failure = { code: 'HANDLER_FAILED' as const, text: 'grüße', reason: undefined };
    const marks: [string, OutsideMark][] = [
      ['', mark(1)],
      ['queue|grüße 🎈', { at: 2.5, life: 2 ** 40, failure }],
      ['c', { at: 3, life: 1, failure: { ...failure, reason: 'why' } }],
    ];
    const writer = new OutsidePageWriter();
    // Longer than the memory that a page begins with.
    for (let n = 0; n < 30; n++) marks.push([`${'long'.repeat(n)}|${n}`, mark(n)]);
    const pages = marks.map(([name, { at, life, failure: failed }]) => writer.add(name, at, life, failed));
    const page = pages.at(-1) as Uint8Array;
    expect(readOutsidePage(page)).toEqual(marks);
    // A page that waits for its commit stays as it was.
    for (const [at, one] of pages.entries()) expect(readOutsidePage(one)).toEqual(marks.slice(0, at + 1));
    writer.reset();
    expect(readOutsidePage(writer.add('next', 1, 0, undefined))).toEqual([['next', mark(1)]]);
    expect(readOutsidePage(page)).toEqual(marks);
    expect(() => readOutsidePage((pages[2] as Uint8Array).subarray(0, -1))).toThrow('got one up to');
  });

  it('may have any characters', () => {
    for (const id of [
      { name: 'a:b|c', life: 0 },
      { name: '', life: 12 },
      { name: ':', life: 1 },
    ])
      expect(readOutsideTurn(outsideTurn(id))).toEqual(id);
    expect(readOutsideTurn('dead-letter:1')).toBeUndefined();
    expect(readOutsideTurn(undefined)).toBeUndefined();
  });
});
