/** One process, as the owner of the store sees it: reads its requests, does them, and writes the answers. */
import { asError } from '../vocabulary/errors.ts';
import type { Link, LinkListener, LinkPeer } from '../wire/link.ts';
import { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { storeFailed } from '../store/commit-rules.ts';
import type { OwnedStore } from '../store/store.ts';
import * as frames from './store-frames.ts';

/** Requests of a process that are not answered, beyond which no more are read. */
export const SERVED_MAX = 1_024;
/** Bytes of them, likewise. */
export const SERVED_BYTES_MAX: number = 64 * 1024 * 1024;
/** Ids, or wakes, in one answer. */
export const STORE_PAGE = 1_000;

export interface ClientPort {
  /** Runs a read, once it may see the store. */
  read(run: () => void): void;
  /** Nothing more comes; what came may not be done yet. */
  ended(): void;
  /** All that came is done, too. */
  done(): void;
}

type Answer = (out: ByteWriter) => void;

const NOTHING: Answer = () => {};

export class StoreClient implements LinkListener {
  readonly #link: Link;
  readonly #store: OwnedStore;
  readonly #port: ClientPort;
  readonly #joiner = new frames.BatchJoiner();
  readonly #out = frames.newBatch();
  /** Answers for which the link has no room. */
  #held: Uint8Array[] = [];
  #served = 0;
  /** Commits among them. */
  #changing = 0;
  #bytes = 0;
  /** The process is dead: nobody hears an answer. */
  #isMute = false;
  #isEnded = false;
  #isFlushing = false;

  constructor(link: Link, store: OwnedStore, port: ClientPort) {
    this.#link = link;
    this.#store = store;
    this.#port = port;
    link.listener = this;
  }

  get peer(): LinkPeer {
    return this.#link.peer;
  }

  get inFlight(): number {
    return this.#served;
  }

  close(): void {
    this.#link.destroy();
  }

  /** The process has died: what it wrote is read to its end, whether or not an answer finds room. */
  declareDead(): void {
    this.#isMute = true;
    this.#held = [];
    this.#link.resume();
  }

  onFrame(bytes: Uint8Array): boolean {
    const batch = this.#joiner.push(bytes);
    if (batch === undefined) return true;
    const from = new ByteReader(batch);
    const perRequest = batch.length;
    this.#bytes += perRequest;
    let left = 1;
    const over = (): void => {
      if (--left === 0) this.#bytes -= perRequest;
    };
    while (!from.isAtEnd) {
      left++;
      this.#serve(from, over);
    }
    over();
    return this.#hasRoom(1);
  }

  onDrain(): void {
    while (this.#held.length > 0 && !this.#link.blocked) this.#link.write(this.#held.shift() as Uint8Array);
    this.#goOn();
  }

  onEnd(): void {
    this.#isEnded = true;
    this.#isMute = true;
    this.#held = [];
    this.#port.ended();
    if (this.#changing === 0) this.#port.done();
  }

  #hasRoom(share: number): boolean {
    if (this.#held.length > 0) return false;
    return this.#served <= SERVED_MAX * share && this.#bytes <= SERVED_BYTES_MAX * share;
  }

  #goOn(): void {
    if (!this.#isEnded && this.#hasRoom(0.5)) this.#link.resume();
  }

  #serve(from: ByteReader, over: () => void): void {
    const operation = from.byte();
    const number = from.count();
    const run = this.#operation(operation, from);
    const isChange = operation === frames.COMMIT || operation === frames.FORGET;
    this.#served++;
    if (isChange) this.#changing++;
    const answer = (outcome: number, write: Answer): void => {
      this.#served--;
      if (isChange) this.#changing--;
      over();
      this.#answer(outcome, number, write);
    };
    const start = (): void =>
      void run().then(
        (write) => answer(write === undefined ? frames.DONE : frames.FOUND, write ?? NOTHING),
        (error) => answer(frames.FAILED, (out) => frames.writeError(out, asError(error))),
      );
    // Changes of the store go in the order in which they came; reads wait for the last words of the dead.
    if (isChange) start();
    else this.#port.read(() => (this.#isEnded ? undefined : start()));
  }

  /** Reads a request to its end; what it does comes later. */
  #operation(operation: number, from: ByteReader): () => Promise<Answer | undefined> {
    const store = this.#store;
    switch (operation) {
      case frames.COMMIT: {
        const sync = from.byte() === 1;
        const changes = frames.readChanges(from, this.#store.takesPacked === true);
        return () => store.commit(changes, { sync }) as Promise<undefined>;
      }
      case frames.LOAD: {
        const id = from.text();
        return async () => {
          const record = await store.raw(id);
          return record && ((out) => frames.writeRecord(out, record));
        };
      }
      case frames.HEAD: {
        const id = from.text();
        return async () => {
          const head = await store.head(id);
          return head && ((out) => frames.writeStanding(out, head));
        };
      }
      case frames.WAKES: {
        const [begin, until, at, id] = [from.number(), from.number(), from.number(), from.text()];
        const after = id === '' ? undefined : { id, at };
        return async () => {
          const wakes = await page(store.due(begin, until, after));
          return (out) => frames.writeWakes(out, wakes);
        };
      }
      case frames.IDS: {
        const [kind, after] = [from.text(), from.text()];
        return async () => {
          const ids = await page(store.ids(kind, after === '' ? undefined : after));
          return (out) => frames.writeIds(out, ids);
        };
      }
      case frames.FORGET: {
        const [id, version] = [from.text(), from.number()];
        return () => store.forget(id, version) as Promise<undefined>;
      }
      case frames.EPOCH: {
        const partitions = frames.readPartitions(from) ?? [];
        return async () => {
          const epoch = await store.highestEpoch(partitions);
          return (out) => out.number(epoch);
        };
      }
      case frames.SERVE: {
        const partitions = frames.readPartitions(from);
        return () => store.serve(partitions) as Promise<undefined>;
      }
      case frames.ENTER: {
        const [writer, epoch] = [from.text(), from.number()];
        return () => store.enter(writer, epoch) as Promise<undefined>;
      }
      case frames.REVOKE: {
        const writer = from.text();
        return () => store.revoke(writer) as Promise<undefined>;
      }
      case frames.BACKUP: {
        const path = from.text();
        return () => store.backup(path) as Promise<undefined>;
      }
    }
    throw storeFailed(`the store knows no operation ${operation}`);
  }

  #answer(outcome: number, number: number, write: Answer): void {
    if (this.#isEnded && this.#changing === 0) this.#port.done();
    if (this.#isMute) return this.#goOn();
    this.#out.byte(outcome);
    this.#out.count(number);
    write(this.#out);
    if (this.#out.length > frames.STORE_PIECE_BYTES) this.#flush();
    else if (!this.#isFlushing) {
      this.#isFlushing = true;
      // Answers of the same turn of the loop go in one frame.
      queueMicrotask(() => this.#flush());
    }
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#out.length === 0) return;
    for (const frame of frames.framesOf(this.#out)) {
      if (this.#isMute) break;
      if (this.#held.length > 0 || this.#link.blocked) this.#held.push(frame);
      else this.#link.write(frame);
    }
    this.#goOn();
  }
}

async function page<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of from) {
    found.push(one);
    if (found.length === STORE_PAGE) break;
  }
  return found;
}
