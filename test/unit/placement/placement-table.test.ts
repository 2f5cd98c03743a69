import { describe, expect, test } from 'vitest';
import { PlacementTable } from '../../../src/placement/placement-table.ts';
import { SHARDS, shardOf, shardUnit } from '../../../src/placement/shard.ts';
import { NOWHERE, type TableChange } from '../../../src/wire/control.ts';

const ID = 'counter/alice';
const SHARD = shardOf(ID);

function emptyTable(): PlacementTable {
  return PlacementTable.from({ epoch: 0, columns: {}, pins: [] });
}

function change(epoch: number, parts: Partial<TableChange> = {}): TableChange {
  return { epoch, columns: {}, pins: [], endedMoves: [], ...parts };
}

describe('a placement table', () => {
  test('puts an id where its shard is, each role by its own column', () => {
    const table = emptyTable();
    table.apply(change(1, { columns: { '': [[SHARD, 1]], mail: [[SHARD, 2]] } }));
    expect(table.hostOf(ID, '')).toBe(1);
    expect(table.hostOf(ID, 'mail')).toBe(2);
    expect(table.unitOf(ID, 'mail')).toBe(shardUnit('mail', SHARD));
  });

  test('puts an id nowhere while no column names a worker', () => {
    const table = emptyTable();
    expect(table.hostOf(ID, '')).toBe(NOWHERE);
    expect(table.column('web')).toEqual(new Array(SHARDS).fill(NOWHERE));
    table.apply(change(1, { columns: { '': [[(SHARD + 1) % SHARDS, 1]] } }));
    expect(table.hostOf(ID, '')).toBe(NOWHERE);
  });

  test('puts a pinned id at its pin, in every role, and unpinned back at its shard', () => {
    const table = emptyTable();
    table.apply(change(1, { columns: { '': [[SHARD, 1]] }, pins: [[ID, 3]] }));
    expect([table.hostOf(ID, ''), table.hostOf(ID, 'mail'), table.pinOf(ID), table.unitOf(ID, '')]).toEqual([
      3,
      3,
      3,
      ID,
    ]);
    expect(table.shardHostOf(ID, '')).toBe(1);
    table.apply(change(2, { pins: [[ID, null]] }));
    expect([table.hostOf(ID, ''), table.pinOf(ID), table.unitOf(ID, '')]).toEqual([1, undefined, shardUnit('', SHARD)]);
  });

  test.each([0, 1, 3])('refuses a change of epoch %i at epoch 1, and is left as it was', (epoch) => {
    const table = emptyTable();
    table.apply(change(1, { columns: { '': [[SHARD, 1]] } }));
    const before = table.toData();
    expect(() => table.apply(change(epoch, { columns: { '': [[SHARD, 2]] }, pins: [[ID, 2]] }))).toThrow(
      /follows epoch 1; got/,
    );
    expect(table.toData()).toEqual(before);
  });

  test('is the same after it has travelled, and from then on its own', () => {
    const table = emptyTable();
    table.apply(change(1, { columns: { '': [[SHARD, 1]], web: [[0, 4]] }, pins: [['counter/bob', 2]] }));
    const copy = PlacementTable.from(structuredClone(table.toData()));
    expect(copy.toData()).toEqual(table.toData());
    copy.apply(change(2, { columns: { '': [[SHARD, 2]] }, pins: [['counter/bob', null]] }));
    expect([table.epoch, table.hostOf(ID, ''), table.pinOf('counter/bob')]).toEqual([1, 1, 2]);
  });

  test('does not change with the column that it gave away', () => {
    const table = emptyTable();
    table.apply(change(1, { columns: { '': [[SHARD, 1]] } }));
    (table.column('') as number[])[SHARD] = 9;
    expect(table.hostOf(ID, '')).toBe(1);
  });
});
