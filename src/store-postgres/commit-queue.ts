/**
 * Commits on their way to the engine. Those that wait are gathered into one statement, and several statements are in flight at once. The
 * engine may answer, refuse, or say nothing at all:
 *
 *   waiting ─► in flight ─► written
 *      ▲           ├──────► a check failed: those that it is true of fail, the others wait again
 *      ├───────────┤ not written, the engine was away
 *      │           └► nobody knows ─► settled: nothing can come any more ─► looked up: written, or not
 *      └──────────────────────────────────────────────────────────────────────────────────────┘
 */
import { checkStanding, storeClosed, storeFailed, type Standing } from '../store/commit-rules.ts';
import type { StoreChange } from '../store/store.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { asError, type TroupeError } from '../vocabulary/errors.ts';
import { CHECK_FAILED, type CommitStatement, type WriterStanding } from './commit-statement.ts';
import { EngineError } from './engine-error.ts';
import { WRITE_SESSIONS } from './sessions.ts';

/** Records in one statement; a single commit may have more. */
export const STATEMENT_CHANGES_MAX = 2_048;
/** Bytes that they put, likewise. */
export const STATEMENT_BYTES_MAX: number = 8 * 1024 * 1024;
/** Records that wait, from which on a statement begins though another is in flight: fewer wait for that one's end, and go together. */
export const BESIDE_CHANGES_MIN = 512;
/** Bytes of them, likewise. */
export const BESIDE_BYTES_MIN: number = 1024 * 1024;
/** Milliseconds that they wait at most for a statement which takes long. */
const BESIDE_MS = 250;
/** Commits that wait for the engine, of all processes of a machine. */
export const COMMITS_WAITING_MAX = 100_000;
/** Bytes of them. */
export const COMMITS_WAITING_BYTES_MAX: number = 256 * 1024 * 1024;
/** Milliseconds from one try to reach the engine to the next. */
export const RETRY_MS = 100;
/** Times that a check fails without a record that it is true of, before the commit fails. */
export const CHECKS_MAX = 20;

export interface Waiting {
  readonly changes: readonly StoreChange[];
  readonly sync: boolean;
  readonly bytes: number;
  readonly since: number;
  /** Statements in which a check failed. */
  checks: number;
  isOver: boolean;
  resolve(): void;
  reject(error: TroupeError): void;
}

/** The engine, as the queue asks it. All but `now` reject with an EngineError. */
export interface QueuePorts {
  readonly waitMs: number;
  now(): number;
  /** Reads values that are not known; then the statement. */
  statement(changes: readonly StoreChange[], writer: WriterStanding, sync: boolean): Promise<CommitStatement>;
  /** False: the writer's epoch is another by now. */
  write(statement: CommitStatement): Promise<boolean>;
  /** Undefined: the writer is revoked. */
  settle(): Promise<WriterStanding | undefined>;
  /** As the records stand, on the engine itself. */
  standings(ids: readonly ActorId[]): Promise<ReadonlyMap<ActorId, Exclude<Standing, undefined>>>;
  written(statement: CommitStatement, changes: readonly StoreChange[]): void;
  revoked(): void;
}

export class CommitQueue {
  readonly #ports: QueuePorts;
  #writer: WriterStanding;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #waitingChanges = 0;
  #statements = 0;
  /** Of which nobody knows whether they are written. */
  #unknown: Waiting[] = [];
  #settling: Promise<void> | undefined;
  #isPaused = false;
  #failure: TroupeError | undefined;
  #whenIdle: (() => void)[] = [];
  readonly #sweep: NodeJS.Timeout;
  /** Why the engine was not reached last. */
  #trouble: EngineError | undefined;

  constructor(ports: QueuePorts, writer: WriterStanding) {
    this.#ports = ports;
    this.#writer = writer;
    this.#sweep = setInterval(() => this.#look(), Math.max(10, Math.min(BESIDE_MS, ports.waitMs / 10))).unref();
  }

  get writer(): WriterStanding {
    return this.#writer;
  }

  /** Rejects with STORE_FAILED. */
  push(changes: readonly StoreChange[], sync: boolean): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (changes.length === 0) return Promise.resolve();
    const bytes = bytesOf(changes);
    const count = this.#waiting.length;
    if (count >= COMMITS_WAITING_MAX || (count > 0 && this.#waitingBytes + bytes > COMMITS_WAITING_BYTES_MAX)) {
      const text = `${count} commits of ${this.#waitingBytes} bytes wait for PostgreSQL; the limits are ${COMMITS_WAITING_MAX} and ${COMMITS_WAITING_BYTES_MAX}`;
      return Promise.reject(storeFailed(text, this.trouble));
    }
    return new Promise((resolve, reject) => {
      const since = this.#ports.now();
      this.#enqueue({ changes, sync, bytes, since, checks: 0, isOver: false, resolve, reject });
      this.#pump();
    });
  }

  /** Why the engine did not answer last. */
  get trouble(): Error {
    return this.#trouble ?? new Error('it did not answer');
  }

  /** Resolves once nothing is unknown: what is read then stays so, whatever was lost on its way before. */
  settled(): Promise<void> | undefined {
    return this.#settling;
  }

  fail(error: TroupeError): void {
    if (this.#failure) return;
    this.#failure = error;
    for (const one of [...this.#waiting.splice(0), ...this.#unknown.splice(0)]) this.#over(one, error);
    this.#waitingBytes = 0;
    this.#waitingChanges = 0;
    this.#tellIdle();
  }

  /** Under another name: what was asked before is over. */
  begin(writer: WriterStanding): void {
    this.#writer = writer;
    this.#failure = undefined;
  }

  /** Waits for what has begun, as long as that may take. */
  async close(): Promise<void> {
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    this.#failure ??= storeClosed();
    clearInterval(this.#sweep);
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#statements === 0 && this.#unknown.length === 0;
  }

  #enqueue(one: Waiting): void {
    this.#waiting.push(one);
    this.#waitingBytes += one.bytes;
    this.#waitingChanges += one.changes.length;
  }

  /** In front: they came first. */
  #again(batch: readonly Waiting[]): void {
    const left = batch.filter(({ isOver }) => !isOver);
    if (this.#failure) for (const one of left) this.#over(one, this.#failure);
    else {
      this.#waiting.unshift(...left);
      for (const { bytes, changes } of left) {
        this.#waitingBytes += bytes;
        this.#waitingChanges += changes.length;
      }
    }
  }

  #pump(): void {
    while (!this.#settling && !this.#isPaused && this.#mayBegin) {
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      this.#statements++;
      void this.#run(batch).finally(() => {
        this.#statements--;
        this.#pump();
        this.#tellIdle();
      });
    }
  }

  get #mayBegin(): boolean {
    if (this.#statements === 0) return true;
    if (this.#statements >= WRITE_SESSIONS) return false;
    if (this.#waitingChanges >= BESIDE_CHANGES_MIN || this.#waitingBytes >= BESIDE_BYTES_MIN) return true;
    const [first] = this.#waiting;
    return first !== undefined && this.#ports.now() - first.since > BESIDE_MS;
  }

  /** As many as a statement takes, of different records: the second of two that change one record goes in a later statement. */
  #nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const ids = new Set<ActorId>();
    let bytes = 0;
    let taken = 0;
    for (const one of this.#waiting) {
      if (batch.length > 0) {
        if (ids.size + one.changes.length > STATEMENT_CHANGES_MAX || bytes + one.bytes > STATEMENT_BYTES_MAX) break;
        if (one.changes.some(({ id }) => ids.has(id))) break;
      }
      for (const { id } of one.changes) ids.add(id);
      bytes += one.bytes;
      batch.push(one);
      taken++;
    }
    this.#waiting.splice(0, taken);
    this.#waitingBytes -= bytes;
    for (const { changes } of batch) this.#waitingChanges -= changes.length;
    return batch;
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    const changes = batch.flatMap((one) => one.changes);
    const sync = batch.some((one) => one.sync);
    try {
      const statement = await this.#ports.statement(changes, this.#writer, sync);
      const isAlive = await this.#ports.write(statement);
      this.#trouble = undefined;
      if (!isAlive) {
        this.#again(batch);
        return this.#beginSettling();
      }
      this.#ports.written(statement, changes);
      for (const one of batch) this.#over(one);
    } catch (error) {
      await this.#failed(batch, error);
    }
  }

  async #failed(batch: readonly Waiting[], error: unknown): Promise<void> {
    if (!(error instanceof EngineError)) return this.#rejectAll(batch, error);
    if (error.fate === 'unknown') {
      this.#trouble = error;
      this.#unknown.push(...batch.filter(({ isOver }) => !isOver));
      return this.#beginSettling();
    }
    if (error.state === CHECK_FAILED) return this.#sort(batch, error);
    if (!error.isPassing) return this.#rejectAll(batch, error);
    this.#trouble = error;
    this.#again(batch);
    await this.#pause();
  }

  /** A check failed somewhere: those that it is true of fail, the others wait again. */
  async #sort(batch: readonly Waiting[], error: EngineError): Promise<void> {
    try {
      const standings = await this.#ports.standings(batch.flatMap(({ changes }) => changes.map(({ id }) => id)));
      for (const one of batch) {
        const fault = faultOf(one.changes, standings);
        if (fault) this.#over(one, fault);
        else if (++one.checks > CHECKS_MAX)
          this.#over(one, storeFailed('the commit failed: others change the same records', error));
      }
      this.#again(batch);
    } catch (later) {
      await this.#failed(batch, later instanceof EngineError ? asNotApplied(later) : later);
    }
  }

  /** Until the engine has said that nothing of before can come any more; then what is unknown is looked up. */
  #beginSettling(): void {
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined;
      this.#pump();
      this.#tellIdle();
    });
  }

  async #settle(): Promise<void> {
    let isSettled = false;
    while (!this.#failure) {
      try {
        if (!isSettled) {
          const writer = await this.#ports.settle();
          if (writer === undefined) return this.#ports.revoked();
          this.#writer = writer;
          // A statement that is told unknown only now began before: it is settled by the next round.
          isSettled = true;
        }
        const unknown = this.#unknown.slice();
        await this.#lookUp(unknown);
        this.#unknown.splice(0, unknown.length);
        if (this.#unknown.length === 0) return;
        isSettled = false;
      } catch (error) {
        this.#trouble = error instanceof EngineError ? error : this.#trouble;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #lookUp(unknown: readonly Waiting[]): Promise<void> {
    if (unknown.length === 0) return;
    const standings = await this.#ports.standings(unknown.flatMap(({ changes }) => changes.map(({ id }) => id)));
    const left = unknown.filter((one) => {
      if (isWritten(one.changes, standings)) this.#over(one);
      return !one.isOver;
    });
    this.#again(left);
  }

  async #pause(): Promise<void> {
    this.#isPaused = true;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    this.#isPaused = false;
  }

  #look(): void {
    this.#failLate();
    this.#pump();
  }

  /**
   * Commits fail that the engine did not take in time; of those that it may have taken the record tells, once that is settled. A
   * statement in flight has a deadline of its own.
   */
  #failLate(): void {
    const until = this.#ports.now() - this.#ports.waitMs;
    let late = 0;
    for (const one of [...this.#waiting, ...this.#unknown]) {
      if (one.isOver || one.since > until) continue;
      late++;
      const text = `PostgreSQL did not take a commit within ${this.#ports.waitMs} ms: ${this.trouble.message}`;
      this.#over(one, storeFailed(text, this.trouble));
    }
    if (late === 0) return;
    const left = this.#waiting.splice(0).filter(({ isOver }) => !isOver);
    this.#waitingBytes = 0;
    this.#waitingChanges = 0;
    for (const one of left) this.#enqueue(one);
    this.#tellIdle();
  }

  #rejectAll(batch: readonly Waiting[], error: unknown): void {
    for (const one of batch) this.#over(one, storeFailed(`the commit failed: ${asError(error).message}`, error));
  }

  #over(one: Waiting, error?: TroupeError): void {
    if (one.isOver) return;
    one.isOver = true;
    if (error) one.reject(error);
    else one.resolve();
  }

  #tellIdle(): void {
    if (!this.#isIdle) return;
    for (const tell of this.#whenIdle.splice(0)) tell();
  }
}

/** Its statement was refused as a whole before: whatever became of the look, nothing of it is there. */
function asNotApplied(error: EngineError): EngineError {
  return new EngineError(error.message, 'not-applied', '', true, error.cause);
}

function faultOf(
  changes: readonly StoreChange[],
  standings: ReadonlyMap<ActorId, Exclude<Standing, undefined>>,
): TroupeError | undefined {
  try {
    for (const change of changes) checkStanding(change, standings.get(change.id));
    return undefined;
  } catch (error) {
    return error as TroupeError;
  }
}

/** All of a commit is there or nothing. A fence is of one incarnation only, and each version of it is one commit's. */
function isWritten(
  changes: readonly StoreChange[],
  standings: ReadonlyMap<ActorId, Exclude<Standing, undefined>>,
): boolean {
  const told = changes.find(({ isGone }) => !isGone);
  // Records that go: done once more it comes to the same.
  if (told === undefined) return changes.every(({ id }) => !standings.has(id));
  const standing = standings.get(told.id);
  return standing !== undefined && standing.version === told.expectedVersion + 1 && standing.fence === told.fence;
}

function bytesOf(changes: readonly StoreChange[]): number {
  let bytes = 0;
  for (const { id, put, value } of changes) {
    bytes += 64 + id.length + (value?.byteLength ?? 0);
    put.forEach((part, name) => {
      bytes += name.length + part.byteLength;
    });
  }
  return bytes;
}
