/**
 * A witness of every durable write, in the database itself: a trigger on the table of records notes each one with its fence, the partition and
 * the machine whose session wrote it. It knows nothing of troupe but the form of a fence.
 */
import type { PostgresServer } from '../postgres/postgres-server.ts';

const RECORDS = 'troupe_troupe.records';

/** `machine`: the only one that has written by now, which is noted too. */
export async function makeWitness(server: PostgresServer, machine = 'm1.1'): Promise<void> {
  await server.query(`do $$ begin
    create schema witness;
    create table witness.writes (
      seq bigint generated always as identity (cache 1) primary key, id text not null, partition int not null, version bigint not null,
      epoch bigint not null, fence text not null, machine text not null, what text not null);
    create function witness.note() returns trigger language plpgsql security definer as $note$
      declare r record;
      begin
        if tg_op = 'DELETE' then r := old; else r := new; end if;
        insert into witness.writes (id, partition, version, epoch, fence, machine, what) values (
          convert_from(r.id, 'UTF8'), r.partition, r.version,
          coalesce(substring(convert_from(r.fence, 'UTF8') from '^p([0-9]{10})-')::bigint, 0),
          convert_from(r.fence, 'UTF8'), current_setting('application_name'), tg_op);
        return null;
      end $note$;
    create trigger witness after insert or update or delete on ${RECORDS} for each row execute function witness.note();
    insert into witness.writes (id, partition, version, epoch, fence, machine, what)
      select convert_from(r.id, 'UTF8'), r.partition, n.v, substring(convert_from(r.fence, 'UTF8') from '^p([0-9]{10})-')::bigint,
        convert_from(r.fence, 'UTF8'), '${machine}', 'BEFORE'
      from ${RECORDS} r, generate_series(1, r.version) as n (v);
  end $$`);
}

export interface Ownership {
  partition: number;
  epoch: number;
  machine: string;
}

export interface Testimony {
  readonly writes: number;
  readonly epochs: number;
  readonly breaches: string[];
  /** Who wrote by which epoch of which partition. */
  readonly owners: Ownership[];
}

const SHOWN = 5;

/** What was written against the rules. `before`: by whom epochs were used that the database does not know of any more. */
export async function testimony(server: PostgresServer, before: readonly Ownership[] = []): Promise<Testimony> {
  const breaches: string[] = [];
  const look = async (what: string, text: string): Promise<void> => {
    const rows = await server.query(text);
    for (const row of rows.slice(0, SHOWN)) breaches.push(`${what}: ${JSON.stringify(row)} (${rows.length} in all)`);
  };
  await look(
    'a version that does not follow',
    `select * from (select *, lag(version) over (partition by id order by seq) as last from witness.writes where what <> 'DELETE') w
     where version <> coalesce(last, 0) + 1`,
  );
  await look(
    'a fence behind a greater one',
    `select * from (select *, lag(fence) over (partition by id order by seq) as last from witness.writes) w where fence < last`,
  );
  await look(
    'a write by an older owner of the partition',
    `select * from (select *, max(epoch) over (partition by partition order by seq) as newest from witness.writes) w where epoch < newest`,
  );
  await look(
    'two machines that own a partition by one epoch',
    `select partition, epoch, array_agg(distinct machine) as machines from witness.writes group by 1, 2 having count(distinct machine) > 1`,
  );
  await look('a write without an epoch', 'select * from witness.writes where epoch = 0');
  await look(
    'a record that nobody saw written',
    `select convert_from(r.id, 'UTF8') as id, r.version, w.version as seen from ${RECORDS} r left join lateral
       (select version from witness.writes where id = convert_from(r.id, 'UTF8') order by seq desc limit 1) w on true
     where w.version is distinct from r.version`,
  );
  const owners = (
    await server.query<{ partition: number; epoch: string; machine: string }>(
      'select distinct partition, epoch, machine from witness.writes',
    )
  ).map(({ partition, epoch, machine }) => ({ partition, epoch: Number(epoch), machine }));
  const users = new Map(before.map((one) => [`${one.partition} ${one.epoch}`, one.machine]));
  for (const { partition, epoch, machine } of owners) {
    const other = users.get(`${partition} ${epoch}`);
    if (other !== undefined && other !== machine)
      breaches.push(
        `epoch ${epoch} of partition ${partition} was ${other}'s before the backup was put back, and is ${machine}'s`,
      );
  }
  const [counts] = await server.query<{ writes: string; epochs: string }>(
    'select count(*) as writes, count(distinct (partition, epoch)) as epochs from witness.writes',
  );
  return { writes: Number(counts?.writes), epochs: Number(counts?.epochs), breaches, owners };
}
