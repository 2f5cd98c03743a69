/**
 * All changes of a batch of commits as one statement: the standing of the writer, the versions and the fences are checked, and the
 * records written, in the same statement, so that nothing can come between. It does everything or, where a check fails, nothing.
 *
 *   writer   holds the writer's row: who settles or revokes waits for this statement, and those that begin later are refused
 *   made     records that begin      changed   records that go on      gone   records that go
 */
import { Buffer } from 'node:buffer';
import { shardOf } from '../placement/shard.ts';
import { listOf, RecordWriter, readHead } from '../store/record-bytes.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { byteaArray, float8Array, int2Array, int8Array } from './binary-arrays.ts';

/** The engine's word for a check that failed: it divides by nought then, which takes everything back. */
export const CHECK_FAILED = '22012';

export interface WriterStanding {
  readonly id: string;
  readonly epoch: number;
}

/** Values before the change, of that very version, for records that go on. */
export type ValuesBefore = ReadonlyMap<ActorId, Buffer>;

export interface CommitStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** The values that are written and were put together here, by id. */
  readonly written: ReadonlyMap<ActorId, Buffer>;
}

interface PlannedRow {
  readonly value: Buffer;
  readonly putOutside: Iterable<[string, Uint8Array]> | undefined;
  readonly removeOutside: Iterable<string> | undefined;
}

interface Rows {
  readonly ids: Buffer[];
  readonly partitions: number[];
  readonly versions: number[];
  readonly fences: Buffer[];
  readonly wakes: (number | undefined)[];
  readonly values: Buffer[];
}

/** Writes statements for one schema; values are written into memory that is used again. */
export class CommitStatements {
  readonly #schema: string;
  readonly #writer = new RecordWriter();
  readonly #texts = new Map<string, string>();

  constructor(schema: string) {
    this.#schema = schema;
  }

  /** Changes of different ids. `sync`: on disk before it is told. */
  of(
    changes: readonly StoreChange[],
    before: ValuesBefore,
    { id, epoch }: WriterStanding,
    sync: boolean,
  ): CommitStatement {
    this.#writer.reset();
    const made = newRows();
    const changed = newRows();
    const gone: { ids: Buffer[]; fences: Buffer[] } = { ids: [], fences: [] };
    const put: { ids: Buffer[]; names: Buffer[]; bytes: Uint8Array[] } = { ids: [], names: [], bytes: [] };
    const removed: { ids: Buffer[]; names: Buffer[] } = { ids: [], names: [] };
    const written = new Map<ActorId, Buffer>();
    // By their ids: two statements that meet in several records take them in the same order.
    for (const change of [...changes].sort(byId)) {
      const key = Buffer.from(change.id);
      if (change.isGone) {
        gone.ids.push(key);
        gone.fences.push(Buffer.from(change.fence));
        continue;
      }
      const { value, putOutside, removeOutside } = this.#recordOf(change, before);
      if (!change.value) written.set(change.id, value);
      addRow(change.expectedVersion === 0 ? made : changed, key, change, value);
      for (const [name, bytes] of putOutside ?? []) {
        put.ids.push(key);
        put.names.push(Buffer.from(name));
        put.bytes.push(bytes);
      }
      for (const name of removeOutside ?? []) {
        removed.ids.push(key);
        removed.names.push(Buffer.from(name));
      }
    }
    const values: unknown[] = [id, epoch, made.ids.length + changed.ids.length];
    const flags: Flags = {
      made: made.ids.length > 0,
      changed: changed.ids.length > 0,
      gone: gone.ids.length > 0,
      put: put.ids.length > 0,
      removed: removed.ids.length > 0,
      sync,
    };
    if (flags.made) values.push(...arraysOf(made));
    if (flags.changed) values.push(...arraysOf(changed));
    if (flags.gone) values.push(byteaArray(gone.ids), byteaArray(gone.fences));
    if (flags.put) values.push(byteaArray(put.ids), byteaArray(put.names), byteaArray(put.bytes));
    if (flags.removed) values.push(byteaArray(removed.ids), byteaArray(removed.names));
    return { text: this.#text(flags), values, written };
  }

  #recordOf(change: StoreChange, before: ValuesBefore): PlannedRow {
    const { id, expectedVersion, value, put, remove } = change;
    if (value) return { value, putOutside: put, removeOutside: listOf(remove) };
    const old = expectedVersion === 0 ? undefined : before.get(id);
    const record = this.#writer.write(change, old && readHead(old));
    return { ...record, value: Buffer.from(record.value) };
  }

  #text(flags: Flags): string {
    const key = JSON.stringify(flags);
    let text = this.#texts.get(key);
    if (text === undefined) this.#texts.set(key, (text = textOf(this.#schema, flags)));
    return text;
  }
}

interface Flags {
  readonly made: boolean;
  readonly changed: boolean;
  readonly gone: boolean;
  readonly put: boolean;
  readonly removed: boolean;
  readonly sync: boolean;
}

function newRows(): Rows {
  return { ids: [], partitions: [], versions: [], fences: [], wakes: [], values: [] };
}

function addRow(rows: Rows, key: Buffer, { id, expectedVersion, fence, wakeAt }: StoreChange, value: Buffer): void {
  rows.ids.push(key);
  rows.partitions.push(shardOf(id));
  rows.versions.push(expectedVersion + 1);
  rows.fences.push(Buffer.from(fence));
  rows.wakes.push(wakeAt);
  rows.values.push(value);
}

function arraysOf({ ids, partitions, versions, fences, wakes, values }: Rows): Buffer[] {
  return [
    byteaArray(ids),
    int2Array(partitions),
    int8Array(versions),
    byteaArray(fences),
    float8Array(wakes),
    byteaArray(values),
  ];
}

function byId({ id: one }: StoreChange, { id: other }: StoreChange): number {
  return one < other ? -1 : 1;
}

const ROW = 'id, partition, version, fence, wake_at, value';

function textOf(schema: string, flags: Flags): string {
  let last = 3;
  const next = (type: string): string => `$${++last}::${type}[]`;
  const rows = (): string =>
    `unnest(${['bytea', 'int2', 'int8', 'bytea', 'float8', 'bytea'].map(next).join(', ')}) as i(${ROW})`;
  const parts = [
    `writer as materialized (select w.epoch from ${schema}.writers w where w.id = $1::text and w.epoch = $2::int8
       and not exists (select 1 from ${schema}.revoked r where r.writer = $1::text) for share of w)`,
  ];
  const alive = 'exists (select 1 from writer)';
  const counts: string[] = [];
  if (flags.made) {
    counts.push('(select count(*) from made)');
    parts.push(`made as (insert into ${schema}.records (${ROW}) select ${ROW} from ${rows()} where ${alive}
      on conflict (id) do nothing returning 1)`);
  }
  if (flags.changed) {
    counts.push('(select count(*) from changed)');
    parts.push(`changed as (update ${schema}.records r
      set version = i.version, fence = i.fence, wake_at = i.wake_at, value = i.value
      from ${rows()} where ${alive} and r.id = i.id and r.version = i.version - 1 and r.fence <= i.fence returning 1)`);
  }
  const faults: string[] = [];
  if (flags.gone) {
    parts.push(
      `going as materialized (select i.id, i.fence from unnest(${next('bytea')}, ${next('bytea')}) as i(id, fence) where ${alive})`,
      // As it stands now, whatever stood there as the statement began.
      `standing as materialized (select r.id, r.fence > g.fence and g.fence <> '' as is_later
        from ${schema}.records r join going g on r.id = g.id for update of r)`,
      `gone as (delete from ${schema}.records r using standing s where r.id = s.id and not s.is_later returning 1)`,
      `gone_parts as (delete from ${schema}.parts p using going g where p.id = g.id returning 1)`,
    );
    faults.push('exists (select 1 from standing where is_later)');
  }
  if (flags.put) {
    parts.push(`put as (insert into ${schema}.parts (id, name, bytes)
      select i.id, i.name, i.bytes from unnest(${next('bytea')}, ${next('bytea')}, ${next('bytea')}) as i(id, name, bytes) where ${alive}
      on conflict (id, name) do update set bytes = excluded.bytes returning 1)`);
  }
  if (flags.removed) {
    parts.push(`removed as (delete from ${schema}.parts p
      using unnest(${next('bytea')}, ${next('bytea')}) as i(id, name) where ${alive} and p.id = i.id and p.name = i.name returning 1)`);
  }
  const done = counts.length === 0 ? '0' : counts.join(' + ');
  const isWrong = [`${done} <> $3::int8`, ...faults].join(' or ');
  const lazily = flags.sync ? '' : `, set_config('synchronous_commit', 'off', true)`;
  return `with ${parts.join(',\n')}
    select ${alive}, 1 / case when ${alive} and (${isWrong}) then 0 else 1 end${lazily}`;
}
