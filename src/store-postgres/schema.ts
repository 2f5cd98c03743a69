/**
 * The tables of a store, in a schema of their own, which each start makes or brings up to date.
 *
 *   format    one row: the version of the tables, the time of the latest start
 *   records   an actor's record: its head and its small parts in one value, as in a file; beside it what the engine checks and sorts by
 *   parts     large parts of records
 *   writers   one row for each store that may write, and the epoch of its statements
 *   revoked   writers of which no statement that begins from now on may write, nor ever will; the latest ones
 */
import { storeFailed } from '../store/commit-rules.ts';
import { numberOf, type Row } from './connection.ts';
import { EngineError } from './engine-error.ts';

export const SCHEMA_VERSION = 2;

type Ask = (text: string, values?: readonly unknown[]) => Promise<Row[]>;

const NAME = /^[a-z_][a-z0-9_]{0,62}$/;
/** Tries while others make the same tables at the same time. */
const TRIES = 20;
/** Another one made it first: already there, or about to be. */
const MADE_MEANWHILE = /^(23505|42P06|42P07|40|42710|XX000)/;

/** Throws INVALID for a name that would have to be quoted. */
export function isSchemaName(name: string): boolean {
  return NAME.test(name) && !name.startsWith('pg_');
}

/** Brings the tables up to this version; one of a later build is left alone, and told. */
export async function migrate(ask: Ask, schema: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const version = await versionOf(ask, schema);
      if (version === SCHEMA_VERSION) return;
      if (version > SCHEMA_VERSION) {
        throw storeFailed(
          `the tables in the schema "${schema}" have version ${version}; this build of troupe knows versions up to ${SCHEMA_VERSION}: start the newer build`,
        );
      }
      await ask(stepsFrom(version, schema));
    } catch (error) {
      if (!(error instanceof EngineError) || !MADE_MEANWHILE.test(error.state) || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 * tries));
    }
  }
}

/** 0: there are none. */
async function versionOf(ask: Ask, schema: string): Promise<number> {
  const [found] = await ask('select to_regclass($1) is not null', [`${schema}.format`]);
  if (found?.[0] !== 't') return 0;
  const [row] = await ask(`select version from ${schema}.format`);
  if (!row) throw storeFailed(`the table "${schema}.format" is empty: these are no tables of troupe`);
  return numberOf(row[0]);
}

/** One statement, so that it is whole: what is done here is done by one of all who begin at once. */
function stepsFrom(version: number, schema: string): string {
  const steps: readonly string[] = [
    `create schema if not exists ${schema};
     create table ${schema}.format (is_one boolean primary key default true check (is_one), version int not null, started_at bigint not null);
     create table ${schema}.records (id bytea primary key, partition smallint not null, version bigint not null, fence bytea not null, wake_at float8, value bytea not null)
       with (fillfactor = 70);
     alter table ${schema}.records alter column value set storage external;
     create index wakes on ${schema}.records (wake_at, id) where wake_at is not null;
     create table ${schema}.parts (id bytea not null, name bytea not null, bytes bytea not null, primary key (id, name));
     alter table ${schema}.parts alter column bytes set storage external;
     create table ${schema}.writers (id text primary key, started_at bigint not null, epoch bigint not null);
     create table ${schema}.revoked (writer text primary key);
     insert into ${schema}.format (version, started_at) values (1, 0);`,
    `create index fences on ${schema}.records (partition, fence);
     alter table ${schema}.revoked add column number bigint generated always as identity;`,
  ];
  const text = steps.slice(version).join('\n');
  return `do $troupe$ begin ${text} update ${schema}.format set version = ${SCHEMA_VERSION}; end $troupe$`;
}
