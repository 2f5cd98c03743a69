/**
 * The row by which a store may write. Each statement that writes holds it, at an epoch. So whoever wants to know that a statement
 * whose answer was lost will never come to be, moves the epoch on: that waits for those in flight, and those that
 * are still on their way somewhere are refused when they arrive. A machine that takes a writer's place revokes it in the same way.
 */
import { numberOf, type Row } from './connection.ts';
import type { WriterStanding } from './commit-statement.ts';

/** Names that were revoked and are not taken again; none comes by chance. */
export const REVOKED_KEPT = 10_000;

export type Ask = (text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** The time of this start: later than that of every start before it, whatever the clocks of machines say. */
export async function nextStart(ask: Ask, schema: string, wall: number): Promise<number> {
  const text = `update ${schema}.format set started_at = greatest(started_at + 1, $1::int8) returning started_at`;
  const [row] = await ask(text, [Math.floor(wall)]);
  return numberOf(row?.[0]);
}

/** One that entered before under this name, in a thread that has failed say, writes no more. Undefined: the name was revoked. */
export async function enterWriter(
  ask: Ask,
  schema: string,
  id: string,
  startedAt: number,
): Promise<WriterStanding | undefined> {
  const text = `insert into ${schema}.writers as w (id, started_at, epoch) select $1::text, $2::int8, 1
    where not exists (select 1 from ${schema}.revoked r where r.writer = $1::text)
    on conflict (id) do update set epoch = w.epoch + 1, started_at = excluded.started_at returning epoch`;
  const [row] = await ask(text, [id, startedAt]);
  return row && { id, epoch: numberOf(row[0]) };
}

/** From then on no statement of an earlier epoch can come to be. Undefined: the writer was revoked. */
export async function settle(ask: Ask, schema: string, id: string): Promise<WriterStanding | undefined> {
  const text = `update ${schema}.writers w set epoch = epoch + 1 where id = $1::text
    and not exists (select 1 from ${schema}.revoked r where r.writer = w.id) returning epoch`;
  const [row] = await ask(text, [id]);
  return row && { id, epoch: numberOf(row[0]) };
}

/** Resolves once nothing of these writers can be written any more, nor ever will; those with others' names may go on. */
export async function revoke(ask: Ask, schema: string, ids: readonly string[]): Promise<void> {
  // First a mark, which those see that begin from now on: else new ones could hold the row, one after the other, for ever.
  await ask(`insert into ${schema}.revoked (writer) select unnest($1::text[]) on conflict do nothing`, [ids]);
  await ask(`delete from ${schema}.writers where id = any($1::text[])`, [ids]);
  await ask(
    `delete from ${schema}.revoked where number <= (select max(number) from ${schema}.revoked) - ${REVOKED_KEPT}`,
  );
}

/** Writers that began before a start. */
export async function earlierWriters(ask: Ask, schema: string, startedAt: number): Promise<string[]> {
  const rows = await ask(`select id from ${schema}.writers where started_at < $1::int8`, [startedAt]);
  return rows.map(([id]) => String(id));
}

export async function leaveWriter(ask: Ask, schema: string, id: string): Promise<void> {
  await ask(`delete from ${schema}.writers where id = $1::text`, [id]);
}
