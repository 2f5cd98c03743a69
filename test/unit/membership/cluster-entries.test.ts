import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foundedTable, PARTITIONS, reassigned } from '../../../src/machines/partition-table.ts';
import { decodeRow, decodeTable, encodeRow, encodeTable } from '../../../src/membership/cluster-entries.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('the entries of a cluster', () => {
  it('come back as they were', () => {
    const row = { state: 'leaving', leaseMs: 15_000, address: 'host:7000', workers: 4 } as const;
    expect(decodeRow(encodeRow(row))).toEqual({ ...row, takesState: true });
    const ids = fc.constantFrom('', 'a.1', 'b.2', 'c.3');
    const change = fc.record({
      ...{ partitions: fc.uniqueArray(fc.nat(PARTITIONS - 1)), owner: ids, handedBy: ids, isPinned: fc.boolean() },
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        let table = foundedTable(PARTITIONS, 'a.1', 1);
        for (const { partitions, ...to } of changes)
          table = reassigned(table, partitions, { ...to, epoch: table.epoch + 1 });
        expect(decodeTable(encodeTable(table))).toEqual(table);
      }),
      { numRuns: 50 },
    );
  });

  it('are small: a table of many machines and many changes is one row of some kilobytes', () => {
    let table = foundedTable(PARTITIONS, 'machine-0.0123456789', 1_000_000);
    for (let at = 0; at < PARTITIONS; at++)
      table = reassigned(table, [at], { owner: `machine-${at % 50}.0123456789`, epoch: 1_000_000 + at, handedBy: '' });
    expect(encodeTable(table).byteLength).toBeLessThan(20_000);
  });

  it('of a later form, or that are none, are not read', () => {
    for (const value of [[], {}, null, 1, 'x', { form: 2, state: 'live', leaseMs: 1, address: '', workers: 1 }]) {
      expect(decodeRow(bytes(value))).toBeUndefined();
      expect(decodeTable(bytes(value))).toBeUndefined();
    }
    expect(decodeRow(bytes({ form: 1, state: 'odd', leaseMs: 1, address: '', workers: 1 }))).toBeUndefined();
    expect(decodeRow(bytes({ form: 1, state: 'live', leaseMs: -1, address: '', workers: 1 }))).toBeUndefined();
    const table = { form: 1, epoch: 1, names: ['a'], owners: [0, 0], epochs: [1, 1], handedBy: [0, 0] };
    // A build that knows no pins has written it.
    expect(decodeTable(bytes(table))?.pinned).toEqual([]);
    for (const bad of [
      { epochs: [1] },
      { owners: ['a', 'a'] },
      { names: [1] },
      { handedBy: null },
      { epoch: 'x' },
      { pinned: [2] },
    ])
      expect(decodeTable(bytes({ ...table, ...bad }))).toBeUndefined();
    expect(decodeTable(new Uint8Array([0xff, 0xfe]))).toBeUndefined();
  });

  it('whose numbers name nobody give the partition to nobody', () => {
    const table = { form: 1, epoch: 1, names: ['a'], owners: [0, 7], epochs: [1, 1], handedBy: [0, 0] };
    expect(decodeTable(bytes(table))?.owners).toEqual(['a', '']);
  });
});
