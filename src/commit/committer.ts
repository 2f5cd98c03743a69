/**
 * Gathers what the turns of a slice have changed, of all actors, into one transaction. One is written at a time: what
 * ends meanwhile goes into the next, so the more there is to do, the more a single fsync carries. A store on the other side of a
 * network gathers by itself: it gets several at once, so that turns do not wait for its answers in lockstep.
 */
import type { SpanOwner, Spans } from '../observe/spans.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';
import { COMMIT_CHANGES_MAX } from '../store/commit-rules.ts';
import type { Store, StoreChange } from '../store/store.ts';

/** Bytes that one commit writes; a single record may have more. */
export const COMMIT_BYTES_MAX: number = 16 * 1024 * 1024;
/** Commits of a process in flight at once, to a store that gathers them by itself. */
export const COMMITS_IN_FLIGHT_MAX = 16;
/** Turns whose traces the span of a commit tells of. */
export const COMMIT_TRACES_MAX = 128;
/** Turns of a process that are not committed, beyond which no durable actor of it begins another. */
export const UNCOMMITTED_TURNS_MAX = 50_000;
/** Bytes that they write, likewise. */
export const UNCOMMITTED_BYTES_MAX: number = 64 * 1024 * 1024;

/** One record with something to write. */
export interface Committing {
  /** It waits for the next commit; the committer's own note. */
  isNoted: boolean;
  readonly sync: boolean;
  /** Adds all that is to be written now; nothing more is taken until it is told how that went. */
  prepare(changes: StoreChange[]): void;
  committed(): void;
  failed(error: Error): void;
}

/** Counts of the commits of one process, since it began. */
export interface CommitMetrics {
  /** Transactions that were asked for. */
  commits: number;
  /** Records in them. */
  records: number;
  /** Milliseconds until they were on disk, added up. */
  totalMs: number;
  /** Milliseconds of the longest one. */
  longestMs: number;
  /** Those that failed. */
  failed: number;
}

export class Committer {
  readonly metrics: CommitMetrics = { commits: 0, records: 0, totalMs: 0, longestMs: 0, failed: 0 };
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #spans: Spans | undefined;
  /** Each once, in order; a set that is filled and emptied with every commit costs more (D1; see structures/number-table.ts). */
  #noted: Committing[] = [];
  /** The contexts of the turns that the next commit has. */
  #traces: string[] = [];
  readonly #inFlightMax: number;
  #inFlight = 0;
  #isBooked = false;
  #turns = 0;
  #bytes = 0;
  /** Calls of cells that could not begin a turn. */
  #waiting: (() => void)[] = [];

  constructor(store: Store, clock: Clock, spans?: Spans) {
    this.#store = store;
    this.#clock = clock;
    this.#spans = spans;
    this.#inFlightMax = store.gathersCommits ? COMMITS_IN_FLIGHT_MAX : 1;
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && !this.#isBooked;
  }

  /** True where a store that is slow, or hangs, has too much to write already. */
  get isFull(): boolean {
    return this.#turns >= UNCOMMITTED_TURNS_MAX || this.#bytes >= UNCOMMITTED_BYTES_MAX;
  }

  /** Turns and bytes that are to be committed; less than none once they are, or never will be. */
  charge(turns: number, bytes: number): void {
    this.#turns += turns;
    this.#bytes += bytes;
    if (this.#waiting.length === 0 || this.#isMoreThanHalfFull) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn();
  }

  /** Calls back, once, when there is room again. */
  whenRoom(goOn: () => void): void {
    this.#waiting.push(goOn);
  }

  get #isMoreThanHalfFull(): boolean {
    return this.#turns * 2 > UNCOMMITTED_TURNS_MAX || this.#bytes * 2 > UNCOMMITTED_BYTES_MAX;
  }

  /** `turn`: the actor whose turn ends with it, still in its trace. */
  note(one: Committing, turn?: SpanOwner): void {
    if (!one.isNoted) {
      one.isNoted = true;
      this.#noted.push(one);
    }
    if (this.#spans !== undefined && turn !== undefined) this.#noteTrace(this.#spans.kept(turn, false));
    if (this.#isBooked || this.#inFlight >= this.#inFlightMax) return;
    this.#isBooked = true;
    this.#clock.soon(() => void this.#run());
  }

  async #run(): Promise<void> {
    this.#isBooked = false;
    this.#inFlight++;
    while (this.#noted.length > 0) await this.#commitNext();
    this.#inFlight--;
  }

  async #commitNext(): Promise<void> {
    const changes: StoreChange[] = [];
    const group: Committing[] = [];
    /** Of each in the group: where its changes end. */
    const ends: number[] = [];
    let sync = false;
    let bytes = 0;
    const noted = this.#noted;
    this.#noted = [];
    let taken = 0;
    while (taken < noted.length) {
      const one = noted[taken++] as Committing;
      one.isNoted = false;
      const before = changes.length;
      one.prepare(changes);
      if (changes.length === before) continue;
      group.push(one);
      ends.push(changes.length);
      sync ||= one.sync;
      // A record and what goes with it: dead letters, which are few.
      bytes += bytesOf(changes, before);
      if (changes.length >= COMMIT_CHANGES_MAX / 2 || bytes >= COMMIT_BYTES_MAX) break;
    }
    if (taken < noted.length) this.#noted = [...noted.slice(taken), ...this.#noted];
    const span = this.#traces.length === 0 ? undefined : this.#spans?.commits(this.#traces.splice(0), changes.length);
    const error = await this.#commit(changes, sync);
    span?.ends(error);
    if (error === undefined) for (const one of group) one.committed();
    // Alone, only those fail that must: another incarnation elsewhere may have been first with one of them.
    else if (group.length === 1) group[0]?.failed(error);
    else {
      const alone = group.map((one, at) => this.#commitAlone(one, changes.slice(ends[at - 1] ?? 0, ends[at])));
      await Promise.all(alone);
    }
  }

  async #commitAlone(one: Committing, changes: readonly StoreChange[]): Promise<void> {
    const error = await this.#commit(changes, one.sync);
    if (error === undefined) one.committed();
    else one.failed(error);
  }

  #noteTrace(trace: string | undefined): void {
    if (trace !== undefined && this.#traces.length < COMMIT_TRACES_MAX) this.#traces.push(trace);
  }

  async #commit(changes: readonly StoreChange[], sync: boolean): Promise<Error | undefined> {
    if (changes.length === 0) return undefined;
    const { metrics } = this;
    const startedAt = this.#clock.now();
    try {
      await this.#store.commit(changes, { sync });
      return undefined;
    } catch (error) {
      metrics.failed++;
      return asError(error);
    } finally {
      const ms = this.#clock.now() - startedAt;
      metrics.commits++;
      metrics.records += changes.length;
      metrics.totalMs += ms;
      metrics.longestMs = Math.max(metrics.longestMs, ms);
    }
  }
}

function bytesOf(changes: readonly StoreChange[], from: number): number {
  let sum = 0;
  for (let at = from; at < changes.length; at++) {
    (changes[at] as StoreChange).put.forEach((bytes) => {
      sum += bytes.byteLength;
    });
  }
  return sum;
}
