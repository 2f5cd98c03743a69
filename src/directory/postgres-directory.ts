/**
 * The directory in PostgreSQL: a table of its own in a schema of its own. Each call is one statement, in a transaction of its own: nothing is
 * kept in a session, so that a pooler may stand between, and a session may end at any time.
 */
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { bytesOf, type Row, sqlBytes } from '../store-postgres/connection.ts';
import { EngineError } from '../store-postgres/engine-error.ts';
import { checkServer } from '../store-postgres/server-check.ts';
import { type Lane, Sessions } from '../store-postgres/sessions.ts';
import type { DatabaseCheckup } from '../observe/cluster-checkup.ts';
import { storeFailed } from '../store/commit-rules.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import {
  checkEntry,
  type Directory,
  type Entry,
  type Watch,
  type WatchListener,
  type WriteAnswer,
} from './directory.ts';
import { lookAtDatabase } from './database-look.ts';
import { makeTables } from './directory-tables.ts';
import { type Known, type Listed, PollingWatch } from './polling-watch.ts';

export interface PostgresDirectoryOptions {
  readonly url: string;
  /** One cluster, one schema: letters of `a-z`, digits and `_`. */
  readonly schema: string;
  /** Milliseconds after which the fate of a statement is unknown. */
  readonly statementMs: number;
}

export class PostgresDirectory implements Directory {
  readonly #sessions: Sessions;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #watches = new Set<Watch>();

  private constructor(sessions: Sessions, schema: string, clock: Clock) {
    this.#sessions = sessions;
    this.#table = `${schema}.entries`;
    this.#clock = clock;
  }

  /** Makes its tables where they are not. Rejects STORE_FAILED where they belong to a newer build, or the engine cannot be reached. */
  static async open({ url, schema, statementMs }: PostgresDirectoryOptions, clock: Clock): Promise<PostgresDirectory> {
    const sessions = new Sessions({ url, statementMs });
    try {
      await checkServer((text) => sessions.query('read', text));
      await makeTables((text, values) => sessions.query('write', text, values), schema);
    } catch (error) {
      await sessions.close();
      if (error instanceof TroupeError) throw error;
      throw storeFailed(`the directory in PostgreSQL could not be opened: ${asError(error).message}`, error);
    }
    return new PostgresDirectory(sessions, schema, clock);
  }

  create(key: string, value: Uint8Array): Promise<WriteAnswer> {
    checkEntry(key, value);
    const text = `insert into ${this.#table} (key, value, revision) values ($1::text, $2::bytea, $3::text) on conflict (key) do nothing returning 1`;
    return this.#write(text, [key, buffer(value)]);
  }

  update(key: string, value: Uint8Array, expected: string): Promise<WriteAnswer> {
    checkEntry(key, value);
    const text = `update ${this.#table} set value = $2::bytea, revision = $3::text where key = $1::text and revision = $4::text returning 1`;
    return this.#write(text, [key, buffer(value)], [expected]);
  }

  remove(key: string, expected: string): Promise<WriteAnswer> {
    checkEntry(key);
    const text = `delete from ${this.#table} where key = $1::text and revision = $2::text and $3::text is not null returning 1`;
    return this.#write(text, [key, expected]);
  }

  async readLinearizable(key: string): Promise<Entry | undefined | 'unavailable'> {
    checkEntry(key);
    const text = `select ${sqlBytes('value')}, revision from ${this.#table} where key = $1::text`;
    try {
      const [row] = await this.#query('read', text, [key]);
      return row && { key, value: bytesOf(String(row[0])), revision: String(row[1]) };
    } catch {
      return 'unavailable';
    }
  }

  watch(prefix: string, listener: WatchListener): Watch {
    checkEntry(prefix);
    const watch = new PollingWatch((known) => this.#list(prefix, known), listener, this.#clock);
    this.#watches.add(watch);
    return {
      look: () => watch.look(),
      close: () => {
        this.#watches.delete(watch);
        watch.close();
      },
    };
  }

  /** The settings of the database that matter, for the doctor. Rejects where it gives no answer. */
  look(): Promise<DatabaseCheckup> {
    return lookAtDatabase((text) => this.#query('read', text, []), this.#sessions, this.#clock);
  }

  async close(): Promise<void> {
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
    await this.#sessions.close();
  }

  /** `values`, then the new revision, then `more`. */
  async #write(text: string, values: readonly unknown[], more: readonly unknown[] = []): Promise<WriteAnswer> {
    // Made here, and never twice: a sequence of the engine's would count again what it had counted before a backup was restored.
    const revision = randomUUID();
    try {
      const rows = await this.#query('write', text, [...values, revision, ...more]);
      return rows.length > 0 ? { is: 'done', revision } : { is: 'conflict' };
    } catch (error) {
      return { is: error instanceof EngineError && error.fate === 'not-applied' ? 'unavailable' : 'unknown' };
    }
  }

  /** Values that are known are not sent again. */
  async #list(prefix: string, known: Known): Promise<Listed[]> {
    const text = `select e.key, e.revision, case when k.revision is distinct from e.revision then ${sqlBytes('e.value')} end
      from ${this.#table} e left join unnest($2::text[], $3::text[]) as k (key, revision) on k.key = e.key
      where starts_with(e.key, $1::text)`;
    const rows = await this.#query('read', text, [prefix, [...known.keys()], [...known.values()]]);
    return rows.map(([key, revision, value]) => ({
      ...{ key: String(key), revision: String(revision) },
      value: value === null || value === undefined ? undefined : bytesOf(value),
    }));
  }

  #query(lane: Lane, text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#sessions.query(lane, text, values);
  }
}

function buffer(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
