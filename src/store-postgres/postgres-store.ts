/**
 * Records in a PostgreSQL database: for each a row with its head and its small parts, as LMDB has it in a file, and rows for large parts.
 * A batch of commits is one statement; sessions keep nothing, so that a pooler may stand in between.
 */
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { type ActorId, checkActorId, isKind } from '../vocabulary/address.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import {
  checkChanges,
  checkMadeSince,
  checkVersion,
  type Standing,
  storeClosed,
  storeFailed,
  writerRevoked,
} from '../store/commit-rules.ts';
import { hasOutside, readHead, recordOf } from '../store/record-bytes.ts';
import type { CommitOptions, OwnedStore, RecordHead, StoreChange, StoredRecord, Wake } from '../store/store.ts';
import { byteaArray } from './binary-arrays.ts';
import { CommitQueue, RETRY_MS } from './commit-queue.ts';
import { CommitStatements, type CommitStatement, type WriterStanding } from './commit-statement.ts';
import { bytesOf, numberOf, type Row, sqlBytes, textOf } from './connection.ts';
import { EngineError } from './engine-error.ts';
import { highestEpoch } from './partition-epochs.ts';
import { RecordLoads, readValues, readWhole, type WholeRecord } from './record-loads.ts';
import { isSchemaName, migrate } from './schema.ts';
import { checkServer } from './server-check.ts';
import { type Lane, Sessions } from './sessions.ts';
import { Values } from './values.ts';
import { earlierWriters, enterWriter, leaveWriter, nextStart, revoke, settle } from './writer-row.ts';

/** Milliseconds that a commit or a read waits for an engine that is not there. */
export const ENGINE_WAIT_MS = 30_000;
/** Milliseconds for one statement. */
export const STATEMENT_MS_MAX = 10_000;
/** Wakes, or ids, that are read at once. */
const PAGE = 1_000;

/** Where the tables of a system are. */
export interface PostgresPlace {
  /** `postgres://user:password@host:port/database?…`, as pg takes it. */
  readonly url: string;
  /** The schema with the tables: a name in lower case that need not be quoted. Default: `troupe`. */
  readonly schema?: string;
  /** Its name as a writer, which others revoke where its machine is lost. Default: one of its own. */
  readonly writer?: string;
  /** As in `enter`. Default: 0. */
  readonly epoch?: number;
}

export interface PostgresStoreOptions extends PostgresPlace {
  /** Milliseconds that what is asked waits for an engine that does not answer. Default: 30 000. */
  readonly waitMs?: number;
  /** Milliseconds for one statement. Default: 10 000. */
  readonly statementMs?: number;
  /** No store that was opened before may write any more. */
  readonly isAlone?: boolean;
  /** Milliseconds since the Unix epoch that `startedAt` is not less than. Default: 0. */
  readonly startsAfter?: number;
  /** Told of another name under which it writes. */
  readonly entered?: (writer: string, epoch: number) => void;
}

export class PostgresStore implements OwnedStore {
  readonly gathersCommits = true;
  readonly #sessions: Sessions;
  readonly #schema: string;
  readonly #waitMs: number;
  readonly #values = new Values();
  readonly #statements: CommitStatements;
  readonly #queue: CommitQueue;
  readonly #loads: RecordLoads;
  #writer: string;
  /** Of the placement table as it entered: what was begun before is not this machine's any more. */
  #epoch = 0;
  /** Later than the start of every store before it in this schema. */
  readonly startedAt: number;
  #closed: Promise<void> | undefined;
  #failed: TroupeError | undefined;
  /** Until it enters under another name. */
  #revoked: TroupeError | undefined;
  #partitions: Buffer | undefined;
  #entered: PostgresStoreOptions['entered'];

  private constructor(sessions: Sessions, schema: string, waitMs: number, writer: WriterStanding, startedAt: number) {
    this.#sessions = sessions;
    this.#schema = schema;
    this.#waitMs = waitMs;
    this.#statements = new CommitStatements(schema);
    this.#writer = writer.id;
    this.startedAt = startedAt;
    this.#loads = new RecordLoads((ids) => this.#patiently(() => readValues(this.#ask, schema, ids)));
    const ask = (text: string, values?: readonly unknown[]): Promise<Row[]> => sessions.query('read', text, values);
    this.#queue = new CommitQueue(
      {
        waitMs,
        now: () => performance.now(),
        statement: (changes, standing, sync) => this.#statement(changes, standing, sync),
        write: async ({ text, values }) => (await sessions.query('write', text, values))[0]?.[0] === 't',
        settle: () => settle(ask, schema, this.#writer),
        standings: (ids) => this.#standings(ids),
        written: (statement, changes) => this.#written(statement, changes),
        revoked: () => this.#revokedNow(),
      },
      writer,
    );
  }

  /** Makes the tables, or brings them up to date. Throws STORE_FAILED, and INVALID_OPTIONS for what could never be. */
  static async open(options: PostgresStoreOptions): Promise<PostgresStore> {
    const { url, schema = 'troupe', waitMs = ENGINE_WAIT_MS, statementMs = STATEMENT_MS_MAX } = options;
    if (!isSchemaName(schema)) {
      const expected = 'a schema of 1 to 63 characters a-z, 0-9 and _, beginning with a letter, without pg_ in front';
      throw new TroupeError('INVALID_OPTIONS', `expected ${expected}; got ${JSON.stringify(schema)}`);
    }
    const sessions = new Sessions({ url, statementMs });
    const ask = (text: string, values?: readonly unknown[]): Promise<Row[]> => sessions.query('read', text, values);
    try {
      await checkServer(ask);
      await migrate(ask, schema);
      const startedAt = await nextStart(ask, schema, Math.max(Date.now(), options.startsAfter ?? 0));
      const name = options.writer ?? randomUUID();
      const writer = await enterWriter(ask, schema, name, startedAt);
      if (writer === undefined) throw writerRevoked(name);
      if (options.isAlone) await revoke(ask, schema, await earlierWriters(ask, schema, startedAt));
      const store = new PostgresStore(sessions, schema, waitMs, writer, startedAt);
      store.#entered = options.entered;
      store.#epoch = options.epoch ?? 0;
      return store;
    } catch (error) {
      await sessions.close();
      if (error instanceof TroupeError) throw error;
      throw storeFailed(`the store in PostgreSQL could not be opened: ${asError(error).message}`, error);
    }
  }

  /** The name under which it writes: for whoever takes its place. */
  get writer(): string {
    return this.#writer;
  }

  async revoke(writer: string): Promise<void> {
    this.#checkOpen();
    await this.#patiently(() => revoke(this.#ask, this.#schema, [writer]));
  }

  async enter(writer: string, epoch = 0): Promise<void> {
    if (this.#closed) throw storeClosed();
    this.#checkFailed();
    this.#revokedNow();
    const before = this.#writer;
    if (before !== writer) await this.#patiently(() => leaveWriter(this.#ask, this.#schema, before));
    const standing = await this.#patiently(() => enterWriter(this.#ask, this.#schema, writer, this.startedAt));
    if (standing === undefined) throw writerRevoked(writer);
    this.#writer = writer;
    this.#epoch = epoch;
    this.#revoked = undefined;
    this.#queue.begin(standing);
    this.#entered?.(writer, epoch);
  }

  async serve(partitions: readonly number[] | undefined): Promise<void> {
    this.#partitions = partitions && Buffer.from(`{${partitions.join(',')}}`);
  }

  async highestEpoch(partitions: readonly number[]): Promise<number> {
    this.#checkOpen();
    return this.#patiently(() => highestEpoch(this.#ask, this.#schema, partitions));
  }

  /** Commits that wait come to nothing; who knows of those in flight reads their records. */
  #revokedNow(): void {
    this.#revoked ??= writerRevoked(this.#writer);
    this.#queue.fail(this.#revoked);
  }

  /** From now on everything fails. */
  fail(reason: string): void {
    this.#failed ??= storeFailed(reason);
    this.#queue.fail(this.#failed);
  }

  async load(id: ActorId): Promise<StoredRecord | undefined> {
    const raw = await this.raw(id);
    if (!raw) return undefined;
    const record = recordOf(raw);
    this.#values.set(id, record.version, raw.value);
    return record;
  }

  async raw(id: ActorId): Promise<WholeRecord | undefined> {
    this.#checkOpen();
    checkActorId(id);
    const value = await this.#loads.get(id);
    if (!value) return undefined;
    return hasOutside(readHead(value)) ? this.#rawWhole(id) : { value, outside: new Map() };
  }

  async head(id: ActorId): Promise<RecordHead | undefined> {
    this.#checkOpen();
    checkActorId(id);
    const value = await this.#loads.get(id);
    if (!value) return undefined;
    const { version, fence, wakeAt } = readHead(value);
    return { version, fence, wakeAt };
  }

  async commit(changes: readonly StoreChange[], { sync = true }: Partial<CommitOptions> = {}): Promise<void> {
    this.#checkOpen();
    checkChanges(changes);
    checkMadeSince(changes, this.#epoch);
    await this.#queue.push(changes.map(copyOf), sync);
  }

  async forget(id: ActorId, expectedVersion: number): Promise<void> {
    this.#checkOpen();
    checkActorId(id);
    const head = await this.head(id);
    checkVersion(id, expectedVersion, head);
    if (!head) return;
    // By its fence: who has gone on with it meanwhile, in another incarnation, keeps it.
    const { fence } = head;
    await this.#queue.push(
      [{ id, expectedVersion, fence, wakeAt: undefined, put: new Map(), remove: [], isGone: true }],
      true,
    );
    this.#values.forget(id);
  }

  async *due(from: number, until: number, after?: Wake): AsyncGenerator<Wake, void, undefined> {
    this.#checkOpen();
    const columns = `${sqlBytes('id')}, ${sqlBytes('float8send(wake_at)')}`;
    const text = `select ${columns} from ${this.#schema}.records where wake_at is not null and wake_at >= $1::float8 and wake_at <= $2::float8
      and (wake_at, id) > ($3::float8, $4::bytea) and ($5::text is null or partition = any($5::text::int2[]))
      order by wake_at, id limit ${PAGE}`;
    let { at, id }: Wake = after ?? { at: -1, id: '' };
    for (;;) {
      const rows = await this.#read(text, [from, until, at, Buffer.from(id), this.#partitions ?? null]);
      for (const [key, wakeAt] of rows) {
        id = textOf(key);
        at = bytesOf(wakeAt as string).readDoubleBE(0);
        yield { id, at };
      }
      if (rows.length < PAGE) return;
      this.#checkOpen();
    }
  }

  async *ids(kind: string, after?: ActorId): AsyncGenerator<ActorId, void, undefined> {
    this.#checkOpen();
    if (!isKind(kind)) return;
    const text = `select ${sqlBytes('id')} from ${this.#schema}.records where id > $1::bytea and id < $2::bytea order by id limit ${PAGE}`;
    let last = after ?? `${kind}/`;
    // The character behind the slash.
    const end = Buffer.from(`${kind}0`);
    for (;;) {
      const rows = await this.#read(text, [Buffer.from(last), end]);
      for (const [key] of rows) {
        last = textOf(key);
        yield last;
      }
      if (rows.length < PAGE) return;
      this.#checkOpen();
    }
  }

  async backup(path: string): Promise<void> {
    const how = `pg_dump --schema=${this.#schema}, or the backups of the server`;
    throw storeFailed(`a store in PostgreSQL is not copied into a folder (${path}); back it up with ${how}`);
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    await this.#queue.close();
    if (!this.#failed) await leaveWriter(this.#ask, this.#schema, this.#writer).catch(() => {});
    await this.#sessions.close();
  }

  /** Values that nobody remembers are read first; what they say of a version is the engine's word. */
  async #statement(
    changes: readonly StoreChange[],
    writer: { id: string; epoch: number },
    sync: boolean,
  ): Promise<CommitStatement> {
    const before = new Map<ActorId, Buffer>();
    const unknown = new Map<ActorId, number>();
    for (const { id, expectedVersion, isGone, value: whole } of changes) {
      if (isGone || whole || expectedVersion === 0) continue;
      const value = this.#values.get(id, expectedVersion);
      if (value) before.set(id, value);
      else unknown.set(id, expectedVersion);
    }
    if (unknown.size > 0) {
      const read = await readValues(this.#ask, this.#schema, [...unknown.keys()]);
      // Of another version: the engine refuses the change, whatever is written of it.
      for (const [id, value] of read) if (readHead(value).version === unknown.get(id)) before.set(id, value);
    }
    return this.#statements.of(changes, before, writer, sync);
  }

  async #standings(ids: readonly ActorId[]): Promise<Map<ActorId, Exclude<Standing, undefined>>> {
    const text = `select ${sqlBytes('id')}, version, ${sqlBytes('fence')} from ${this.#schema}.records where id = any($1::bytea[])`;
    const rows = await this.#query('read', text, [byteaArray(ids.map((id) => Buffer.from(id)))]);
    return new Map(
      rows.map(([id, version, fence]) => [textOf(id), { version: numberOf(version), fence: textOf(fence) }]),
    );
  }

  #written({ written }: CommitStatement, changes: readonly StoreChange[]): void {
    for (const { id, expectedVersion, isGone } of changes) {
      const value = written.get(id);
      if (isGone || !value) this.#values.forget(id);
      else this.#values.set(id, expectedVersion + 1, value);
    }
  }

  #rawWhole(id: ActorId): Promise<WholeRecord | undefined> {
    return this.#patiently(() => readWhole(this.#ask, this.#schema, id));
  }

  /** Behind whatever was lost on its way: what is read stays so. */
  #read(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#patiently(() => this.#query('read', text, values));
  }

  readonly #ask = (text: string, values?: readonly unknown[]): Promise<Row[]> =>
    this.#sessions.query('read', text, values);

  #query(lane: Lane, text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#sessions.query(lane, text, values);
  }

  /** Asks again until the engine answers, for so long as anything waits. */
  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    const until = performance.now() + this.#waitMs;
    for (;;) {
      await this.#settled(until);
      this.#checkFailed();
      try {
        const answer = await ask();
        // A statement whose answer was lost meanwhile may still come to be.
        if (this.#queue.settled() === undefined) return answer;
      } catch (error) {
        const isPassing = error instanceof EngineError && error.isPassing;
        if (!isPassing || performance.now() >= until) throw this.#readFailed(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #settled(until: number): Promise<void> {
    const settled = this.#queue.settled();
    if (!settled) return;
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const text = 'PostgreSQL does not answer, and it is not known what it has written';
      late = setTimeout(() => reject(storeFailed(text, this.#queue.trouble)), Math.max(0, until - performance.now()));
    });
    try {
      await Promise.race([settled, tooLate]);
    } finally {
      clearTimeout(late);
    }
  }

  #readFailed(error: unknown): TroupeError {
    if (error instanceof TroupeError) return error;
    return storeFailed(`the store could not be read: ${asError(error).message}`, error);
  }

  #checkOpen(): void {
    if (this.#closed) throw storeClosed();
    this.#checkFailed();
    if (this.#revoked) throw this.#revoked;
  }

  #checkFailed(): void {
    if (this.#failed) throw this.#failed;
  }
}

/** As it is now: whoever asked may go on with its map. */
function copyOf(change: StoreChange): StoreChange {
  if (change.value) return change;
  return { ...change, put: new Map(change.put), remove: [...change.remove] };
}
