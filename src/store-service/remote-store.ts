/**
 * The store, for a process that does not own it: everything is asked of the owner, over a link. Requests of one turn of the
 * event loop go in one frame. Where the link ends, reads are asked again over the next one; of a commit nobody knows
 * whether it was written, so it fails, and the record tells.
 */
import { resolve as resolvePath } from 'node:path';
import { type ActorId, isKind, checkActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { asError } from '../vocabulary/errors.ts';
import type { Link, LinkListener } from '../wire/link.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { LoadWait } from './load-wait.ts';
import { storeClosed, storeFailed } from '../store/commit-rules.ts';
import type { LastValue } from '../store/last-value.ts';
import type { CommitOptions, RecordHead, Store, StoreChange, StoredRecord, Wake } from '../store/store.ts';
import * as frames from './store-frames.ts';

/** Requests that wait for an answer, of one process. */
export const ASKED_MAX = 200_000;
/** Milliseconds that a process tries to reach the owner before it fails what waits. */
export const UNREACHABLE_MS_MAX = 10_000;
/** Characters that an operating system takes for a path. */
export const PATH_CHARACTERS_MAX = 4_096;
/** Milliseconds between two tries. */
const RETRY_MS = 50;

interface Pending {
  readonly number: number;
  readonly write: (out: ByteWriter) => void;
  /** It changes nothing, so it may be asked twice. */
  readonly isRead: boolean;
  answered(outcome: number, from: ByteReader): void;
  failed(error: Error): void;
}

export class RemoteStore implements Store, LinkListener {
  /** Then values are put together here, too: the thread of such a store has more to do with each, and LMDB's gains what workers lose. */
  readonly gathersCommits: boolean;
  readonly #connect: () => Promise<Link>;
  readonly #clock: Clock;
  readonly #loadWait: LoadWait | undefined;
  readonly #joiner = new frames.BatchJoiner();
  readonly #pending = new Map<number, Pending>();
  readonly #out = frames.newBatch();
  #held: Uint8Array[] = [];
  #link: Link | undefined;
  #isConnecting = false;
  #isFlushing = false;
  #number = 0;
  #isClosed = false;
  #whenIdle: (() => void)[] = [];

  /** `connect`: to the owner, whoever that is by then; `gathersCommits`: as the owner's store does. */
  constructor(connect: () => Promise<Link>, clock: Clock, gathersCommits = false, loadWait?: LoadWait) {
    this.gathersCommits = gathersCommits;
    this.#loadWait = loadWait;
    this.#connect = connect;
    this.#clock = clock;
  }

  load(id: ActorId, last?: LastValue): Promise<StoredRecord | undefined> {
    return this.#readOne(id, frames.LOAD, (from) => frames.readRecord(from, this.gathersCommits ? last : undefined));
  }

  head(id: ActorId): Promise<RecordHead | undefined> {
    return this.#readOne(id, frames.HEAD, frames.readStanding);
  }

  async commit(changes: readonly StoreChange[], { sync = true }: Partial<CommitOptions> = {}): Promise<void> {
    this.#checkOpen();
    await this.#ask(
      frames.COMMIT,
      false,
      (out) => {
        out.byte(sync ? 1 : 0);
        frames.writeChanges(out, changes, this.gathersCommits);
      },
      nothing,
    );
  }

  async forget(id: ActorId, expectedVersion: number): Promise<void> {
    this.#checkOpen();
    checkActorId(id);
    await this.#ask(
      frames.FORGET,
      false,
      (out) => {
        out.text(id);
        out.number(expectedVersion);
      },
      nothing,
    );
  }

  async *due(from: number, until: number, after?: Wake): AsyncGenerator<Wake, void, undefined> {
    this.#checkOpen();
    let last = after;
    for (;;) {
      const { id, at } = last ?? { id: '', at: 0 };
      const write = (out: ByteWriter): void => {
        for (const number of [from, until, at]) out.number(number);
        out.text(id);
      };
      const page = (await this.#ask(frames.WAKES, true, write, frames.readWakes)) ?? [];
      yield* page;
      last = page.at(-1);
      if (last === undefined) return;
    }
  }

  async *ids(kind: string, after?: ActorId): AsyncGenerator<ActorId, void, undefined> {
    this.#checkOpen();
    if (!isKind(kind)) return;
    if (after !== undefined) checkActorId(after);
    let last = after ?? '';
    for (;;) {
      const begin = last;
      const write = (out: ByteWriter): void => {
        out.text(kind);
        out.text(begin);
      };
      const page = (await this.#ask(frames.IDS, true, write, frames.readIds)) ?? [];
      yield* page;
      if (page.length === 0) return;
      last = page.at(-1) as ActorId;
    }
  }

  async backup(path: string): Promise<void> {
    this.#checkOpen();
    const absolute = resolvePath(path);
    if (absolute.length > PATH_CHARACTERS_MAX) {
      throw storeFailed(
        `the path of the backup has ${absolute.length} characters; the limit is ${PATH_CHARACTERS_MAX}`,
      );
    }
    await this.#ask(frames.BACKUP, false, (out) => out.text(absolute), nothing);
  }

  async highestEpoch(partitions: readonly number[]): Promise<number> {
    this.#checkOpen();
    const write = (out: ByteWriter): void => frames.writePartitions(out, partitions);
    return (await this.#ask(frames.EPOCH, true, write, (from) => from.number())) ?? 0;
  }

  async serve(partitions: readonly number[] | undefined): Promise<void> {
    this.#checkOpen();
    await this.#ask(frames.SERVE, true, (out) => frames.writePartitions(out, partitions), nothing);
  }

  /** Asked twice it comes to the same. */
  async enter(writer: string, epoch = 0): Promise<void> {
    this.#checkOpen();
    const write = (out: ByteWriter): void => {
      out.text(writer);
      out.number(epoch);
    };
    await this.#ask(frames.ENTER, true, write, nothing);
  }

  async revoke(writer: string): Promise<void> {
    this.#checkOpen();
    await this.#ask(frames.REVOKE, true, (out) => out.text(writer), nothing);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    this.#link?.close();
  }

  onFrame(bytes: Uint8Array): boolean {
    const batch = this.#joiner.push(bytes);
    if (batch === undefined) return true;
    const from = new ByteReader(batch);
    while (!from.isAtEnd) {
      const outcome = from.byte();
      const number = from.count();
      const pending = this.#pending.get(number);
      if (pending === undefined) throw new Error(`an answer to a request was expected; got number ${number}`);
      this.#pending.delete(number);
      pending.answered(outcome, from);
    }
    this.#tellIdle();
    return true;
  }

  onDrain(): void {
    while (this.#held.length > 0 && this.#link?.blocked === false) this.#link.write(this.#held.shift() as Uint8Array);
  }

  onEnd(error: Error | undefined): void {
    this.#link = undefined;
    this.#held = [];
    const text =
      'the connection to the owner of the store was lost before it answered; the commit may be written or not';
    const lost = storeFailed(text, error ?? new Error('the connection ended'));
    for (const pending of [...this.#pending.values()]) {
      if (pending.isRead) continue;
      this.#pending.delete(pending.number);
      pending.failed(lost);
    }
    this.#tellIdle();
    if (this.#pending.size > 0) void this.#reconnect();
  }

  async #readOne<T>(id: ActorId, operation: number, read: (from: ByteReader) => T): Promise<T | undefined> {
    this.#checkOpen();
    checkActorId(id);
    return this.#ask(operation, true, (out) => out.text(id), read);
  }

  /** Encodes at once: what is changed afterwards is not in it. */
  #ask<T>(
    operation: number,
    isRead: boolean,
    writeBody: (out: ByteWriter) => void,
    read: (from: ByteReader) => T,
  ): Promise<T | undefined> {
    if (this.#pending.size >= ASKED_MAX) {
      throw storeFailed(`${ASKED_MAX} requests wait for the owner of the store, which is the limit; one more rejected`);
    }
    const wait = operation === frames.LOAD ? this.#loadWait : undefined;
    wait?.asked();
    const number = (this.#number = (this.#number + 1) >>> 0);
    const write = (out: ByteWriter): void => {
      out.byte(operation);
      out.count(number);
      writeBody(out);
    };
    return new Promise((resolve, reject) => {
      const answered = (outcome: number, from: ByteReader): void => {
        wait?.answered();
        if (outcome === frames.FAILED) reject(frames.readError(from));
        else resolve(outcome === frames.FOUND ? read(from) : undefined);
      };
      const failed = (error: Error): void => {
        wait?.answered();
        reject(error);
      };
      const later = this.#link || isRead ? write : encoded(write);
      this.#pending.set(number, { number, write: later, isRead, answered, failed });
      // A record that is asked for alone is awaited by a message: its request does not wait for the end of the turn (D3).
      const isAwaited = operation === frames.LOAD && this.#pending.size === 1;
      if (this.#link) this.#send(later, isAwaited);
      else void this.#reconnect();
    });
  }

  #send(write: (out: ByteWriter) => void, atOnce = false): void {
    write(this.#out);
    if (atOnce || this.#out.length > frames.STORE_PIECE_BYTES) this.#flush();
    else if (!this.#isFlushing) {
      this.#isFlushing = true;
      this.#clock.soon(() => this.#flush());
    }
  }

  #flush(): void {
    this.#isFlushing = false;
    const link = this.#link;
    if (this.#out.length === 0) return;
    const batch = frames.framesOf(this.#out);
    if (!link) return;
    for (const frame of batch) {
      if (this.#held.length > 0 || link.blocked) this.#held.push(frame);
      else link.write(frame);
    }
    this.#loadWait?.written();
  }

  async #reconnect(): Promise<void> {
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    const until = this.#clock.now() + UNREACHABLE_MS_MAX;
    for (;;) {
      try {
        const link = await this.#connect();
        this.#isConnecting = false;
        this.#linked(link);
        return;
      } catch (error) {
        if (this.#clock.now() >= until) {
          this.#isConnecting = false;
          this.#failAll(error);
          return;
        }
      }
      await new Promise<void>((resolve) => void this.#clock.setTimer(RETRY_MS, resolve));
    }
  }

  /** All that waits is asked, in its order: what could not be asked twice has failed with the link before. */
  #linked(link: Link): void {
    this.#link = link;
    link.listener = this;
    for (const { write } of this.#pending.values()) this.#send(write);
    if (this.#isClosed && this.#pending.size === 0) link.close();
  }

  #failAll(cause: unknown): void {
    const text = `the owner of the store did not answer within ${UNREACHABLE_MS_MAX} ms: ${asError(cause).message}`;
    const error = storeFailed(text, cause);
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const { failed } of all) failed(error);
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#pending.size > 0) return;
    for (const tell of this.#whenIdle.splice(0)) tell();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw storeClosed();
  }
}

function nothing(): undefined {}

/** The same bytes, whatever is changed until they are sent. */
function encoded(write: (out: ByteWriter) => void): (out: ByteWriter) => void {
  const bytes = new ByteWriter(0);
  write(bytes);
  const taken = bytes.take();
  return (out) => out.raw(taken);
}
