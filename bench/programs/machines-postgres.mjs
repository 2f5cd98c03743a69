/**
 * machines — durable turns in PostgreSQL, 1 024 in flight, beside bare upserts of the same rows on the same server: batches of what
 * waits, one statement each, as VALUES, by `unnest` of arrays as pg writes them, and of arrays in binary form. The server comes by npm.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { register } from 'tsx/esm/api';
import { Program, windowed } from '../harness/measure.mjs';
import { linkTroupe } from '../harness/rounds.mjs';

linkTroupe();
const { createSystem } = await import('troupe');
register();
const { PostgresServer } = await import('../../test/postgres/postgres-server.ts');
const { byteaArray, float8Array, int2Array, int8Array } = await import('../../src/store-postgres/binary-arrays.ts');

const IN_FLIGHT = 1_024;
const SESSIONS = 4;
const LONG = { timeoutMs: 60_000 };
const METRIC = `durable turns, ${IN_FLIGHT} in flight`;
const COLUMNS = 'id, partition, version, fence, wake_at, value';
const TYPES = ['bytea', 'int2', 'int8', 'bytea', 'float8', 'bytea'];
const CONFLICT = `on conflict (id) do update set version = excluded.version, fence = excluded.fence, wake_at = excluded.wake_at, value = excluded.value
  where r.version = excluded.version - 1 and r.fence <= excluded.fence returning 1`;

const server = await PostgresServer.start({ shared_buffers: '128MB', max_wal_size: '1GB' });
const rate = (name, run) =>
  Object.assign(new Program('troupe'), { name }).rate('machines', METRIC, 'turns/s', run, { most: 200_000 });

async function turns(workers, name) {
  const dataDir = mkdtempSync(join(process.env.TROUPE_BENCH_DIR ?? tmpdir(), 'troupe-bench-'));
  const postgres = { url: server.url, schema: `turns_${workers}` };
  const actors = new URL('../durable-actors/', import.meta.url);
  const system = await createSystem({ actors, workers, dataDir, postgres, log: 'warn' });
  const turn = (n) => system.ask(`counter/${n % IN_FLIGHT}`, { type: 'add' }, LONG);
  await windowed(20_000, IN_FLIGHT, turn);
  await rate(name, (n) => windowed(n, IN_FLIGHT, turn));
  await system.shutdown();
  rmSync(dataDir, { recursive: true, force: true });
  return rowBytes(postgres.schema);
}

async function rowBytes(schema) {
  const [{ size }] = await server.query(`select avg(length(value))::int as size from ${schema}.records`);
  return size;
}

/** Upserts of the rows that turns write, gathered as they are: all that waits when a session is free. */
class Upserts {
  #waiting = [];
  #free;
  #text;
  #values;

  constructor(clients, text, values) {
    this.#free = [...clients];
    this.#text = text;
    this.#values = values;
  }

  put(row) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.#next());
    });
  }

  #next() {
    const client = this.#waiting.length > 0 ? this.#free.pop() : undefined;
    if (!client) return;
    const batch = this.#waiting.splice(0, 2_048);
    const rows = batch.map(({ row }) => row);
    client
      .query(this.#text(rows.length), this.#values(rows))
      .then(({ rowCount }) => {
        if (rowCount !== rows.length) throw new Error(`${rows.length} rows were expected; got ${rowCount}`);
        for (const { resolve } of batch) resolve();
      })
      .catch((error) => {
        for (const { reject } of batch) reject(error);
      })
      .finally(() => {
        this.#free.push(client);
        this.#next();
      });
  }
}

/** n calls, of each record one at a time. */
async function inTurns(n, call) {
  let begun = 0;
  const loop = async (_, at) => {
    while (begun++ < n) await call(at);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
}

const column = (rows, at) => rows.map((row) => row[at]);
const texts = new Map();
const byRows = (count, make) => texts.get(count) ?? texts.set(count, make()).get(count);

const WAYS = {
  VALUES: [
    (count) =>
      byRows(count, () => {
        const rows = Array.from(
          { length: count },
          (_, row) => `(${TYPES.map((type, at) => `$${row * TYPES.length + at + 1}::${type}`).join(',')})`,
        );
        return `insert into bare.records as r (${COLUMNS}) values ${rows.join(',')} ${CONFLICT}`;
      }),
    (rows) => rows.flat(),
  ],
  unnest: [() => unnest(), (rows) => TYPES.map((_, at) => column(rows, at))],
  'unnest, binary': [
    () => unnest(),
    (rows) => [
      byteaArray(column(rows, 0)),
      int2Array(column(rows, 1)),
      int8Array(column(rows, 2)),
      byteaArray(column(rows, 3)),
      float8Array(column(rows, 4).map((one) => one ?? undefined)),
      byteaArray(column(rows, 5)),
    ],
  ],
};

function unnest() {
  return `insert into bare.records as r (${COLUMNS}) select * from unnest(${TYPES.map((type, at) => `$${at + 1}::${type}[]`)}) ${CONFLICT}`;
}

async function bare(name, valueBytes, sessions) {
  const [text, values] = WAYS[name];
  await server.query('drop schema if exists bare cascade');
  await server.query('create schema bare');
  await server.query(
    'create table bare.records (id bytea primary key, partition smallint not null, version bigint not null, fence bytea not null, wake_at float8, value bytea not null) with (fillfactor = 70)',
  );
  await server.query('alter table bare.records alter column value set storage external');
  await server.query('create index on bare.records (wake_at, id) where wake_at is not null');
  const clients = Array.from({ length: sessions }, () => new pg.Client({ connectionString: server.url }));
  for (const client of clients) await client.connect();
  const upserts = new Upserts(clients, text, values);
  const versions = new Array(IN_FLIGHT).fill(0);
  const fence = Buffer.from('000001764412345-0000000001-000000000001');
  const value = Buffer.alloc(valueBytes, 7);
  const put = (at) => upserts.put([Buffer.from(`counter/${at}`), at, ++versions[at], fence, null, value]);
  // Of one record one at a time, as turns of an actor are.
  await rate(`bare upserts, ${name}${sessions > 1 ? `, ${sessions} sessions` : ''}`, (n) => inTurns(n, put));
  for (const client of clients) await client.end();
}

const program = new Program('troupe');
if (program.wants('machines')) {
  const bytes = await turns(0, 'troupe');
  await turns(2, 'troupe, 2 workers');
  for (const name of Object.keys(WAYS)) {
    await bare(name, bytes, 1);
    if (name !== 'unnest') await bare(name, bytes, SESSIONS);
  }
  program.report('machines', 'bytes of a record', 'B', bytes);
}
await server.end();
