/**
 * How a store runs transactions of the engine. Where a process does other work too, the engine's own thread commits, and
 * the event loop goes on. A thread that does nothing but own the store commits by itself: each hop between threads costs
 * more than the commit (D1, one in flight), and what arrives meanwhile shares the next transaction.
 */
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { storeFailed } from './commit-rules.ts';
import type { Environment } from './lmdb-environment.ts';

export interface Transactions {
  /**
   * `work` reads and writes, and throws a TroupeError before its first write to take no part. With `sync` it is done once
   * it is on disk. Throws STORE_FAILED.
   */
  run(work: () => void, sync: boolean): Promise<void>;
  /** All that was begun is over. */
  close(): Promise<void>;
}

export class EngineTransactions implements Transactions {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  async run(work: () => void, sync: boolean): Promise<void> {
    const environment = this.#environment;
    let refused: unknown;
    try {
      const committed = environment.transaction(() => {
        try {
          work();
        } catch (error) {
          refused = error;
        }
      });
      // Taken now: a later batch would put its own in this place.
      const flushed = sync ? new Promise<unknown>((resolve) => environment.flushed.then(resolve, resolve)) : undefined;
      await committed;
      if (refused === undefined) await flushed;
    } catch (error) {
      throw commitFailed(error);
    }
    if (refused instanceof TroupeError) throw refused;
    if (refused !== undefined) throw commitFailed(refused);
  }

  async close(): Promise<void> {}
}

interface Asked {
  readonly work: () => void;
  readonly sync: boolean;
  resolve(): void;
  reject(error: TroupeError): void;
}

/** The engine's flags: its commit is not flushed by itself, and runs in the thread that asks for it. */
const UNFLUSHED = 0x1_0000;
const IN_THIS_THREAD = 2;

export class BlockingTransactions implements Transactions {
  readonly #environment: Environment;
  #asked: Asked[] = [];
  #isScheduled = false;
  /** The flush runs in a thread of the pool, so that reads go on beside it. */
  #isFlushing = false;
  #whenIdle: (() => void)[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  run(work: () => void, sync: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ work, sync, resolve, reject });
      this.#schedule();
    });
  }

  async close(): Promise<void> {
    if (this.#isScheduled || this.#isFlushing) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isFlushing) return;
    this.#isScheduled = true;
    // Behind all that has arrived by now, from whichever process.
    setImmediate(() => this.#commit());
  }

  #commit(): void {
    this.#isScheduled = false;
    const asked = this.#asked;
    this.#asked = [];
    const written: Asked[] = [];
    try {
      this.#environment.transactionSync(() => {
        for (const one of asked) if (takesPart(one)) written.push(one);
      }, UNFLUSHED | IN_THIS_THREAD);
    } catch (error) {
      for (const one of asked) one.reject(commitFailed(error));
      return this.#over();
    }
    const unflushed = written.filter(({ sync }) => sync);
    for (const one of written) if (!one.sync) one.resolve();
    if (unflushed.length === 0) return this.#over();
    this.#isFlushing = true;
    flush(this.#environment, (error) => {
      this.#isFlushing = false;
      for (const one of unflushed) error ? one.reject(commitFailed(error)) : one.resolve();
      this.#over();
    });
  }

  #over(): void {
    if (this.#asked.length > 0) return this.#schedule();
    for (const goOn of this.#whenIdle.splice(0)) goOn();
  }
}

/** Only what is thrown before anything is written may be told to its caller alone; all else ends the transaction. */
function takesPart({ work, reject }: Asked): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error;
    reject(error);
    return false;
  }
}

/** The engine has it, its types do not. */
function flush(environment: Environment, done: (error?: Error | null) => void): void {
  (environment as unknown as { sync(done: (error?: Error | null) => void): void }).sync(done);
}

/** The engine's reason follows in a promise of its own, which nobody else listens to. */
function commitFailed(error: unknown): TroupeError {
  (error as { commitError?: Promise<unknown> }).commitError?.catch(() => {});
  return storeFailed(`the commit failed: ${asError(error).message}`, error);
}
