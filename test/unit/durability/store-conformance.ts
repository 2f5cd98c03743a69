/** What every store does, whatever it is made of. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMIT_CHANGES_MAX } from '../../../src/durability/commit-rules.ts';
import type { DueReminder, Store, StoreChange } from '../../../src/durability/store.ts';

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
    shard: 7,
    remindAt: undefined,
    bytes: new Uint8Array([expectedVersion]),
    ...more,
  };
}

async function due(store: Store, shards: number[], until: number): Promise<DueReminder[]> {
  const found: DueReminder[] = [];
  for await (const reminder of store.dueReminders(shards, until)) found.push(reminder);
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
      await store.commit([change('bank/a', 0, { bytes: new Uint8Array([1, 2, 3]), fence: '5', remindAt: 9 })]);
      expect(await store.load('bank/a')).toEqual({
        version: 1,
        fence: '5',
        shard: 7,
        remindAt: 9,
        bytes: new Uint8Array([1, 2, 3]),
      });
    });

    it('refuses a change that expects another version, and changes nothing', async () => {
      await store.commit([change('bank/a', 0)]);
      await expect(store.commit([change('bank/a', 0, { bytes: new Uint8Array([9]) })])).rejects.toMatchObject({
        code: 'STORE_FAILED',
      });
      await expect(store.commit([change('bank/a', 2)])).rejects.toThrow(/bank\/a.*got/s);
      expect(await store.load('bank/a')).toMatchObject({ version: 1, bytes: new Uint8Array([0]) });
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
        (n % 2 ? other : store).commit([change('bank/a', 0, { bytes: new Uint8Array([n]) })]),
      );
      const outcomes = await Promise.allSettled(rivals);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
      expect(await store.load('bank/a')).toMatchObject({ version: 1, bytes: new Uint8Array([winner]) });
      await other.close();
    });

    it('gives due reminders of the wanted shards, earliest first, as they stand', async () => {
      await store.commit([
        change('bank/a', 0, { shard: 1, remindAt: 30 }),
        change('bank/b', 0, { shard: 2, remindAt: 10 }),
        change('bank/c', 0, { shard: 3, remindAt: 20 }),
        change('bank/d', 0, { shard: 1, remindAt: 99 }),
      ]);
      expect(await due(store, [1, 2], 50)).toEqual([
        { id: 'bank/b', at: 10 },
        { id: 'bank/a', at: 30 },
      ]);
      await store.commit([
        change('bank/b', 1, { shard: 2, remindAt: undefined }),
        change('bank/a', 1, { shard: 1, remindAt: 5 }),
      ]);
      expect(await due(store, [1, 2, 3], 50)).toEqual([
        { id: 'bank/a', at: 5 },
        { id: 'bank/c', at: 20 },
      ]);
    });

    it('forgets a record with its reminder, if it is the one that was meant', async () => {
      await store.commit([change('bank/a', 0, { remindAt: 1 })]);
      await expect(store.forget('bank/a', 2)).rejects.toMatchObject({ code: 'STORE_FAILED' });
      await store.forget('bank/a', 1);
      expect(await store.load('bank/a')).toBeUndefined();
      expect(await due(store, [7], 10)).toEqual([]);
      await store.commit([change('bank/a', 0)]);
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
