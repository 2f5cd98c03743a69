/** What every store does, whatever it is made of. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SHARDS, shardOf } from '../../../src/placement/shard.ts';
import { fenceOf } from '../../../src/vocabulary/fence.ts';
import { COMMIT_CHANGES_MAX } from '../../../src/store/commit-rules.ts';
import { LastValue } from '../../../src/store/last-value.ts';
import type { Store, StoreChange, StoredRecord } from '../../../src/store/store.ts';

export interface StoreKit {
  /** Another store on the same disk, as another process would open it. */
  open(): Promise<Store>;
  remove(): Promise<void>;
}

function change(id: string, expectedVersion: number, more: Partial<StoreChange> = {}): StoreChange {
  return {
    id,
    expectedVersion,
    fence: '1',
    wakeAt: undefined,
    put: new Map([['state', new Uint8Array([expectedVersion])]]),
    remove: [],
    ...more,
  };
}

function part(...bytes: number[]): Map<string, Uint8Array> {
  return new Map([['state', new Uint8Array(bytes)]]);
}

/** To compare bytes one by one takes most of the time of a test with many. */
function texts(parts: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries([...parts].map(([name, bytes]) => [name, Buffer.from(bytes).toString('latin1')]));
}

/** More than any of these tests has in its store. */
const LISTED_MOST = 20_000;

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of from) {
    found.push(one);
    if (found.length > LISTED_MOST)
      throw new Error(`a list has an end; got ${found.length} entries, the last one ${String(one)}`);
  }
  return found;
}

export function storeConformance(name: string, newKit: () => Promise<StoreKit>): void {
  describe(name, () => {
    let kit: StoreKit;
    let store: Store;

    beforeEach(async () => {
      kit = await newKit();
      store = await kit.open();
    });
    afterEach(async () => {
      await store.close();
      await kit.remove();
    });

    it('keeps what was committed, and nothing of what was not', async () => {
      expect(await store.load('bank/a')).toBeUndefined();
      await store.commit([change('bank/a', 0, { put: part(1, 2, 3), fence: '5', wakeAt: 9 })]);
      expect(await store.load('bank/a')).toEqual({
        version: 1,
        fence: '5',
        wakeAt: 9,
        parts: part(1, 2, 3),
      });
    });

    it('refuses a change that expects another version, and changes nothing', async () => {
      await store.commit([change('bank/a', 0)]);
      await expect(store.commit([change('bank/a', 0, { put: part(9) })])).rejects.toMatchObject({
        code: 'STORE_FAILED',
      });
      await expect(store.commit([change('bank/a', 2)])).rejects.toThrow(/bank\/a has version/s);
      expect(await store.load('bank/a')).toMatchObject({ version: 1, parts: part(0) });
    });

    it('tells the head of a record without its parts', async () => {
      expect(await store.head('bank/a')).toBeUndefined();
      await store.commit([change('bank/a', 0, { fence: '5', wakeAt: 9 })]);
      expect(await store.head('bank/a')).toEqual({ version: 1, fence: '5', wakeAt: 9 });
    });

    it('removes a record in a commit with others, whatever its version, also one that is not there; or changes nothing', async () => {
      await store.commit([change('bank/a', 0, { wakeAt: 5, fence: '9' }), change('bank/b', 0)]);
      const gone = change('bank/a', 0, { isGone: true, fence: '', put: new Map() });
      await expect(store.commit([gone, change('bank/b', 0)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
      expect(await store.load('bank/a')).toMatchObject({ version: 1 });
      await store.commit([gone, { ...gone, id: 'bank/nobody' }, change('bank/b', 1)]);
      expect(await store.load('bank/a')).toBeUndefined();
      expect(await store.load('bank/b')).toMatchObject({ version: 2 });
      expect(await all(store.due(0, 100))).toEqual([]);
      expect(await all(store.ids('bank'))).toEqual(['bank/b']);
    });

    it('removes all parts of a record, the large ones too: who comes later under its id begins with none', async () => {
      const put = new Map([
        ['state', new Uint8Array(3_000)],
        ['mark', new Uint8Array(9)],
        ['reply', new Uint8Array(2_000)],
      ]);
      const later = new Map([['state', new Uint8Array(4_000)]]);
      await store.commit([change('bank/a', 0, { put }), change('bank/b', 0, { put })]);
      await store.commit([change('bank/a', 0, { isGone: true, fence: '', put: new Map() })]);
      await store.forget('bank/b', 1);
      for (const id of ['bank/a', 'bank/b']) {
        expect(await store.load(id)).toBeUndefined();
        await store.commit([change(id, 0, { put: later, fence: '0' })]);
        expect(await store.load(id)).toEqual({ version: 1, fence: '0', wakeAt: undefined, parts: later });
      }
    });

    it('refuses a lower fence than that of the record, and takes the same or a higher one', async () => {
      await store.commit([change('bank/a', 0, { fence: '0002' })]);
      await expect(store.commit([change('bank/a', 1, { fence: '0001' })])).rejects.toMatchObject({
        code: 'STORE_FAILED',
      });
      await store.commit([change('bank/a', 1, { fence: '0002' })]);
      await store.commit([change('bank/a', 2, { fence: '0003' })]);
      expect(await store.load('bank/a')).toMatchObject({ version: 3, fence: '0003' });
    });

    it('lets no one remove a record whose fence is higher than his own; one without a fence asks nothing', async () => {
      await store.commit([change('bank/a', 0, { fence: '0002' }), change('bank/b', 0)]);
      const gone = change('bank/a', 0, { isGone: true, fence: '0001', put: new Map() });
      await expect(store.commit([gone, change('bank/b', 1)])).rejects.toThrow(/fence .0001. .* lower/);
      expect(await store.load('bank/a')).toMatchObject({ version: 1 });
      expect(await store.load('bank/b')).toMatchObject({ version: 1 });
      await store.commit([{ ...gone, fence: '0002' }]);
      expect(await store.load('bank/a')).toBeUndefined();
    });

    it('does all changes of a commit or none', async () => {
      await store.commit([change('bank/a', 0), change('bank/b', 0)]);
      await expect(store.commit([change('bank/a', 1), change('bank/b', 0), change('bank/c', 0)])).rejects.toMatchObject(
        { code: 'STORE_FAILED' },
      );
      expect(await store.load('bank/a')).toMatchObject({ version: 1 });
      expect(await store.load('bank/c')).toBeUndefined();
    });

    it('lets one of many win who expect the same version', async () => {
      const other = await kit.open();
      const rivals = Array.from({ length: 20 }, (_, n) =>
        (n % 2 ? other : store).commit([change('bank/a', 0, { put: part(n) })]),
      );
      const outcomes = await Promise.allSettled(rivals);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(await store.load('bank/a')).toMatchObject({ version: 1, parts: part(winner) });
      await other.close();
    });

    it('writes the parts that a change names, removes those it removes, and leaves the others', async () => {
      const bytes = (n: number): Uint8Array => new Uint8Array([n]);
      await store.commit([
        change('bank/a', 0, {
          put: new Map([
            ['state', bytes(1)],
            ['mark:x', bytes(2)],
            ['mark:y', bytes(3)],
          ]),
        }),
        change('bank/a!', 0),
        change('bank/a/b', 0),
      ]);
      await store.commit([change('bank/a', 1, { put: new Map([['mark:y', bytes(4)]]), remove: ['mark:x', 'mark:z'] })]);
      expect((await store.load('bank/a'))?.parts).toEqual(
        new Map([
          ['mark:y', bytes(4)],
          ['state', bytes(1)],
        ]),
      );
      expect((await store.load('bank/a!'))?.parts).toEqual(part(0));
    });

    it('keeps the parts of any changes, small and large, few and many, as a map would', {
      timeout: 120_000,
    }, async () => {
      const names = ['state', 'meta', 'm:~1.1@7', 'a:grüße 🎈', `r:${'0'.repeat(300)}`];
      for (let n = 0; n < 60; n++) names.push(`o:${String(n).padStart(16, '0')}`);
      const arbitrarySize = fc.oneof(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 500, max: 530 }),
        fc.constant(3_000),
      );
      const step = fc.record({
        put: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), arbitrarySize), {
          selector: ([name]) => name,
          maxLength: 25,
        }),
        remove: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 25 }),
        wakeAt: fc.option(fc.nat(1_000), { nil: undefined }),
      });
      let run = 0;
      const holds = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const id = `bank/${run++}`;
        const model = new Map<string, Uint8Array>();
        for (const [version, { put, remove, wakeAt }] of steps.entries()) {
          const parts = new Map(put.map(([name, size]) => [name, new Uint8Array(size).fill(version + 1)]));
          const gone = remove.filter((name) => !parts.has(name));
          await store.commit([change(id, version, { fence: `f${version + 10}`, wakeAt, put: parts, remove: gone })], {
            sync: false,
          });
          for (const name of gone) model.delete(name);
          for (const [name, bytes] of parts) model.set(name, bytes);
          const { parts: kept, ...head } = (await store.load(id)) as StoredRecord;
          expect(head).toEqual({ version: version + 1, fence: `f${version + 10}`, wakeAt });
          expect(texts(kept)).toEqual(texts(model));
        }
      });
      await fc.assert(holds, { numRuns: 25 });
    });

    it('keeps every part while changes rest on what was last written here, refused ones, readers and other writers between', async () => {
      const names = ['state', 'meta', 'a', 'b', 'c', 'd', 'é'.repeat(200)];
      const step = fc.record({
        put: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.constantFrom(0, 3, 60, 400, 511, 513, 2_000)), {
          selector: ([name]) => name,
          maxLength: 4,
        }),
        remove: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }),
        wakeAt: fc.option(fc.nat(1_000), { nil: undefined }),
        before: fc.constantFrom(
          'nothing',
          'nothing',
          'nothing',
          'refused',
          'in vain',
          'read',
          'elsewhere',
          'gone',
          'removed',
        ),
      });
      const other = await kit.open();
      let run = 0;
      const holds = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        const id = `bank/${run++}`;
        const model = new Map<string, Uint8Array>();
        const last = new LastValue();
        let version = 0;
        const write = async (by: Store, { put, remove, wakeAt }: (typeof steps)[number]): Promise<void> => {
          const parts = new Map(put.map(([name, size]) => [name, new Uint8Array(size).fill(version + 1)]));
          const gone = remove.filter((name) => !parts.has(name));
          const more = { wakeAt, put: parts, remove: gone, ...(by === store ? { last } : {}) };
          await by.commit([change(id, version, more)], { sync: false });
          for (const name of gone) model.delete(name);
          for (const [name, bytes] of parts) model.set(name, bytes);
          version++;
        };
        for (const one of steps) {
          const stale = change(id, version + 1, { last, put: part(9, 9), remove: names });
          if (one.before === 'refused') await expect(store.commit([stale])).rejects.toThrow(/has version/);
          // With another one that is wrong: what was put together for it never was written.
          if (one.before === 'in vain') {
            const vain = { ...stale, expectedVersion: version };
            await expect(store.commit([vain, change(`${id}-none`, 7)])).rejects.toThrow(/has version/);
          }
          if (one.before === 'elsewhere') {
            await other.load(id);
            await write(other, one);
          }
          if (one.before === 'gone' || one.before === 'removed') {
            if (one.before === 'removed') await store.commit([{ ...change(id, version, { last }), isGone: true }]);
            else if (version > 0) await other.forget(id, version);
            model.clear();
            version = 0;
          }
          // Whoever goes on with a record that another has changed reads it first.
          if (['read', 'elsewhere', 'gone', 'removed'].includes(one.before)) await store.load(id, last);
          await write(store, one);
          const { parts, ...head } = (await store.load(id)) as StoredRecord;
          expect(head).toEqual({ version, fence: '1', wakeAt: one.wakeAt });
          expect(texts(parts)).toEqual(texts(model));
          expect(await store.head(id)).toEqual(head);
        }
      });
      await fc.assert(holds, { numRuns: 25 });
      await other.close();
    });

    it('gives who must be in memory, earliest first, as things stand', async () => {
      await store.commit([
        change('bank/a', 0, { wakeAt: 30 }),
        change('bank/b', 0, { wakeAt: 10 }),
        change('bank/c', 0, { wakeAt: 0 }),
        change('bank/d', 0, { wakeAt: 99 }),
      ]);
      expect(await all(store.due(1, 50))).toEqual([
        { id: 'bank/b', at: 10 },
        { id: 'bank/a', at: 30 },
      ]);
      expect(await all(store.due(0, 0))).toEqual([{ id: 'bank/c', at: 0 }]);
      await store.commit([change('bank/b', 1), change('bank/a', 1, { wakeAt: 5 }), change('bank/c', 1, { wakeAt: 7 })]);
      expect(await all(store.due(0, 50))).toEqual([
        { id: 'bank/a', at: 5 },
        { id: 'bank/c', at: 7 },
      ]);
    });

    it('gives thousands of wakes and ids, each once and in order', async () => {
      const names = Array.from({ length: 2_500 }, (_, n) => `bank/${String(n).padStart(5, '0')}`);
      for (let at = 0; at < names.length; at += COMMIT_CHANGES_MAX) {
        await store.commit(
          names.slice(at, at + COMMIT_CHANGES_MAX).map((id, n) => change(id, 0, { wakeAt: (at + n) >> 1 })),
        );
      }
      await store.commit([change('bang/x', 0), change('bank-x/y', 0), change('banks/z', 0)]);
      const wakes = await all(store.due(0, 10_000));
      expect(wakes.map(({ id }) => id)).toEqual(names);
      expect(wakes.map(({ at }) => at)).toEqual(names.map((_, n) => n >> 1));
      expect(await all(store.ids('bank'))).toEqual(names);
      expect(await all(store.ids('bank', names[2_490]))).toEqual(names.slice(2_491));
    });

    it('compares the epoch of the partition first in a fence, then the rest', async () => {
      const fences = [fenceOf(9, 9, 9), fenceOf(1, 1, 1, 3), fenceOf(1, 2, 1, 3), fenceOf(0, 0, 1, 20)];
      for (const [version, fence] of fences.entries()) await store.commit([change('bank/a', version, { fence })]);
      for (const fence of [fenceOf(9, 9, 9), fenceOf(9, 9, 9, 3), fenceOf(9, 9, 9, 19)])
        await expect(store.commit([change('bank/a', fences.length, { fence })])).rejects.toThrow(/fence .* is lower/);
      await store.commit([change('bank/a', fences.length, { fence: fenceOf(0, 0, 1, 100) })]);
    });

    it('tells the highest epoch in the records of partitions', async () => {
      const [one, two, three] = ['bank/a', 'bank/b', 'bank/c'].map(shardOf) as [number, number, number];
      expect(await store.highestEpoch([one, two])).toBe(0);
      await store.commit([
        change('bank/a', 0, { fence: fenceOf(5, 5, 5, 7) }),
        change('bank/b', 0, { fence: fenceOf(5, 5, 5) }),
        change('bank/c', 0, { fence: fenceOf(5, 5, 5, 1_000_000) }),
        change('bank/d', 0, { fence: '' }),
      ]);
      expect(await store.highestEpoch([one, two, shardOf('bank/d')])).toBe(7);
      expect(await store.highestEpoch([two])).toBe(0);
      expect(await store.highestEpoch([three, one])).toBe(1_000_000);
      expect(await store.highestEpoch(Array.from({ length: SHARDS }, (_, at) => at))).toBe(1_000_000);
      expect(await store.highestEpoch([])).toBe(0);
      await store.forget('bank/c', 1);
      expect(await store.highestEpoch([three, one])).toBe(7);
    });

    it('wakes of the partitions that it serves, and of all where it is told so', async () => {
      const ids = ['bank/a', 'bank/b', 'bank/c'];
      await store.commit(ids.map((id, at) => change(id, 0, { wakeAt: at })));
      const due = async (): Promise<string[]> => (await all(store.due(0, 9))).map(({ id }) => id);
      await store.serve([shardOf('bank/c'), shardOf('bank/a')]);
      expect(await due()).toEqual(['bank/a', 'bank/c']);
      await store.serve([]);
      expect(await due()).toEqual([]);
      await store.serve(undefined);
      expect(await due()).toEqual(ids);
    });

    it('forgets a record with its parts and its wake, if it is the one that was meant', async () => {
      await store.commit([change('bank/a', 0, { wakeAt: 1 })]);
      await expect(store.forget('bank/a', 2)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await store.forget('bank/a', 1);
      expect(await store.load('bank/a')).toBeUndefined();
      expect(await all(store.due(0, 10))).toEqual([]);
      await store.commit([change('bank/a', 0, { put: new Map() })]);
      expect((await store.load('bank/a'))?.parts).toEqual(new Map());
    });

    it('takes as many changes as its bound in a commit, and not one more', async () => {
      const many = Array.from({ length: COMMIT_CHANGES_MAX + 1 }, (_, n) => change(`bank/${n}`, 0));
      await expect(store.commit(many)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      expect(await store.load('bank/0')).toBeUndefined();
      await store.commit(many.slice(1));
      expect(await store.load(`bank/${COMMIT_CHANGES_MAX}`)).toMatchObject({ version: 1 });
    });

    it('shows another one on the same disk what was committed, also after it was closed', async () => {
      await store.commit([change('bank/a', 0)]);
      await store.close();
      await expect(store.load('bank/a')).rejects.toMatchObject({ code: 'STORE_FAILED' });
      store = await kit.open();
      expect(await store.load('bank/a')).toMatchObject({ version: 1 });
    });
  });
}

/** Of stores that several machines have at once. */
export function writersConformance(name: string, newKit: () => Promise<StoreKit>): void {
  describe(`${name}, of several machines`, () => {
    let kit: StoreKit;
    let store: Store;
    let other: Store;

    beforeEach(async () => {
      kit = await newKit();
      [store, other] = [await kit.open(), await kit.open()];
      await store.enter('m1');
      await other.enter('m2');
    });
    afterEach(async () => {
      await Promise.all([store.close(), other.close()]);
      await kit.remove();
    });

    it('writes nothing any more under a name that was revoked, nor lets anybody enter under it', async () => {
      await store.commit([change('bank/a', 0)]);
      await other.revoke('m1');
      await expect(store.commit([change('bank/a', 1), change('bank/b', 0)])).rejects.toThrow(
        'nothing is written as m1 any more',
      );
      expect(await other.load('bank/a')).toMatchObject({ version: 1 });
      expect(await other.load('bank/b')).toBeUndefined();
      await expect(store.enter('m1')).rejects.toThrow('nothing is written as m1 any more');
      const late = await kit.open();
      await expect(late.enter('m1')).rejects.toThrow('nothing is written as m1 any more');
      await late.close();
      await other.commit([change('bank/a', 1)]);
    });

    it('goes on under another name, with what is there by then', async () => {
      await store.commit([change('bank/a', 0)]);
      await other.revoke('m1');
      await expect(store.commit([change('bank/b', 0)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await other.commit([change('bank/a', 1)]);
      await store.enter('m3');
      await expect(store.commit([change('bank/a', 1)])).rejects.toThrow(/bank\/a has version 2/);
      await store.commit([change('bank/a', 2), change('bank/b', 0)]);
      expect(await other.load('bank/a')).toMatchObject({ version: 3 });
    });

    it('takes nothing from an incarnation of before it entered again, whose process does not know yet', async () => {
      const by = (epoch: number, id: string, version: number): StoreChange => ({
        ...change(id, version),
        fence: fenceOf(1_796_000_000_000, epoch, 3, 401),
      });
      await store.commit([by(20, 'bank/a', 0), by(20, 'bank/b', 0)]);
      await other.revoke('m1');
      await store.enter('m3', 21);
      await expect(store.commit([by(20, 'bank/a', 1)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await expect(store.commit([by(21, 'bank/a', 1), by(9, 'bank/b', 1)])).rejects.toThrow(/bank\/b.*another/);
      await store.commit([by(21, 'bank/a', 1)]);
      await store.enter('m4', 1_000);
      await expect(store.commit([by(999, 'bank/b', 1)])).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await store.commit([by(1_000, 'bank/b', 1)]);
      expect([await other.load('bank/a'), await other.load('bank/b')]).toMatchObject([{ version: 2 }, { version: 2 }]);
    });

    it('revokes who never wrote, or has left, and nobody else', async () => {
      await other.revoke('m9');
      await store.enter('m3');
      await other.revoke('m1');
      await store.commit([change('bank/a', 0)]);
      await expect(store.enter('m9')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    });
  });
}
