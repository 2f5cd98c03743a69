/** Epochs of partitions in the fences of records; an index has them in order. */
import { partitionEpochOf } from '../vocabulary/fence.ts';
import { type Row, sqlBytes, textOf } from './connection.ts';

type Ask = (text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** 0: there is none in these partitions. */
export async function highestEpoch(ask: Ask, schema: string, partitions: readonly number[]): Promise<number> {
  const text = `select ${sqlBytes('f.fence')} from unnest($1::text::int2[]) as p(partition)
    cross join lateral (select r.fence from ${schema}.records r where r.partition = p.partition order by r.fence desc limit 1) f
    order by f.fence desc limit 1`;
  const [row] = await ask(text, [`{${partitions.join(',')}}`]);
  return row ? partitionEpochOf(textOf(row[0])) : 0;
}
