/** The tables of a directory in PostgreSQL, in a schema of their own; each start makes them where they are not. */
import { numberOf, type Row } from '../store-postgres/connection.ts';
import { EngineError } from '../store-postgres/engine-error.ts';
import { TroupeError } from '../vocabulary/errors.ts';

export const DIRECTORY_VERSION = 1;

type Ask = (text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** Tries while other machines make the same tables at the same time. */
const TRIES = 20;
/** Another one made it first: already there, or about to be. */
const MADE_MEANWHILE = /^(23505|42P06|42P07|40|42710|XX000)/;

export async function makeTables(ask: Ask, schema: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const version = await versionOf(ask, schema);
      if (version === DIRECTORY_VERSION) return;
      if (version > DIRECTORY_VERSION) {
        const text = `the directory in the schema "${schema}" has version ${version}; this build of troupe knows versions up to ${DIRECTORY_VERSION}: start the newer build`;
        throw new TroupeError('STORE_FAILED', text);
      }
      await ask(`do $troupe$ begin
        create schema if not exists ${schema};
        create table ${schema}.directory_format (is_one boolean primary key default true check (is_one), version int not null);
        create table ${schema}.entries (key text collate "C" primary key, value bytea not null, revision text not null);
        insert into ${schema}.directory_format (version) values (${DIRECTORY_VERSION});
      end $troupe$`);
    } catch (error) {
      if (!(error instanceof EngineError) || !MADE_MEANWHILE.test(error.state) || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 * tries));
    }
  }
}

/** 0: there are none. */
async function versionOf(ask: Ask, schema: string): Promise<number> {
  const [found] = await ask('select to_regclass($1) is not null', [`${schema}.directory_format`]);
  if (found?.[0] !== 't') return 0;
  const [row] = await ask(`select version from ${schema}.directory_format`);
  return numberOf(row?.[0]);
}
