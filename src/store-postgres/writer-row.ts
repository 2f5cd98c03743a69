/**
 * The row by which a store may write. Each statement that writes holds it, at an epoch. So whoever wants to know that a statement
 * whose answer was lost will never come to be, moves the epoch on: that waits for those in flight, and those that
 * are still on their way somewhere are refused when they arrive. A machine that takes a writer's place revokes it in the same way.
 */
import { numberOf, type Row } from './connection.ts';
import type { WriterStanding } from './commit-statement.ts';

export type Ask = (text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** The time of this start: later than that of every start before it, whatever the clocks of machines say. */
export async function nextStart(ask: Ask, schema: string, wall: number): Promise<number> {
  const text = `update ${schema}.format set started_at = greatest(started_at + 1, $1::int8) returning started_at`;
  const [row] = await ask(text, [Math.floor(wall)]);
  return numberOf(row?.[0]);
}

export async function enterWriter(ask: Ask, schema: string, id: string, startedAt: number): Promise<WriterStanding> {
  const text = `insert into ${schema}.writers (id, started_at, epoch) values ($1::text, $2::int8, 1) on conflict (id) do nothing`;
  await ask(text, [id, startedAt]);
  return { id, epoch: 1 };
}

/** From then on no statement of an earlier epoch can come to be. Undefined: the writer was revoked. */
export async function settle(ask: Ask, schema: string, id: string): Promise<WriterStanding | undefined> {
  const text = `update ${schema}.writers w set epoch = epoch + 1 where id = $1::text
    and not exists (select 1 from ${schema}.revoked r where r.writer = w.id) returning epoch`;
  const [row] = await ask(text, [id]);
  return row && { id, epoch: numberOf(row[0]) };
}

/** Resolves once nothing of these writers can be written any more; those with others' names may go on. */
export async function revoke(ask: Ask, schema: string, ids: readonly string[]): Promise<void> {
  // First a mark, which those see that begin from now on: else new ones could hold the row, one after the other, for ever.
  await ask(
    `insert into ${schema}.revoked (writer) select w.id from ${schema}.writers w where w.id = any($1::text[]) on conflict do nothing`,
    [ids],
  );
  await ask(`delete from ${schema}.writers where id = any($1::text[])`, [ids]);
  await ask(`delete from ${schema}.revoked where writer = any($1::text[])`, [ids]);
}

/** Writers that began before a start. */
export async function earlierWriters(ask: Ask, schema: string, startedAt: number): Promise<string[]> {
  const rows = await ask(`select id from ${schema}.writers where started_at < $1::int8`, [startedAt]);
  return rows.map(([id]) => String(id));
}

export async function leaveWriter(ask: Ask, schema: string, id: string): Promise<void> {
  await ask(`delete from ${schema}.writers where id = $1::text`, [id]);
}
