/**
 * The thread that owns the store, as the master sees it. It dies exactly when the system does, and its event loop is not
 * that of the control plane: no hand-off waits for a disk. A thread that fails is started again; who waits for an answer of
 * it is told that the commit may be written or not.
 */
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Log } from '../observe/log.ts';
import { asError, errorFromData } from '../vocabulary/errors.ts';
import { STORE_CLOSE_MS } from '../vocabulary/shutdown-times.ts';
import type { LinkPeer } from '../wire/link.ts';
import type { DataCheck } from '../store/data-check.ts';
import type { FromOwner, OwnerBoot, OwnerSeed, ToOwner } from './owner-messages.ts';

export interface OwnerNews {
  missing(pages: number): void;
  checked(check: DataCheck): void;
}

const THREAD_PROGRAM = new URL('../store-service/store-thread.js', import.meta.url);
/** Milliseconds until a thread that failed is started again, doubled each time it fails at once. */
const RESTART_MS = 100;
export const RESTART_MS_MAX = 5_000;

export class StoreSupervisor {
  readonly #seed: OwnerSeed;
  readonly #log: Log;
  readonly #news: OwnerNews;
  #thread: Worker | undefined;
  #deaths: MessagePort | undefined;
  #failure: string | undefined;
  #restartMs = RESTART_MS;
  #isClosed = false;
  #restart: NodeJS.Timeout | undefined;
  #path = '';
  #startedAt: number | undefined;
  #entered: { readonly writer: string; readonly epoch: number } | undefined;

  private constructor(seed: OwnerSeed, log: Log, news: OwnerNews) {
    this.#seed = seed;
    this.#log = log;
    this.#news = news;
  }

  /** Resolves once it can be asked. Throws STORE_FAILED where the store cannot be opened. */
  static async start(seed: OwnerSeed, log: Log, news: OwnerNews): Promise<StoreSupervisor> {
    const owner = new StoreSupervisor(seed, log, news);
    await owner.#begin();
    return owner;
  }

  /** Where it listens, also after a restart. */
  get path(): string {
    return this.#path;
  }

  /** Of its first start, as a database counts them; undefined: there is none. */
  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  /** A process has died: who reads from now on sees all that it committed. Call it before anybody acts on that death. */
  died(peer: LinkPeer): void {
    this.#deaths?.postMessage({ index: peer.index, incarnation: peer.incarnation });
  }

  /** From now on whatever is asked fails. */
  fail(reason: string): void {
    this.#failure = reason;
    this.#say({ type: 'fail', reason });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    const thread = this.#thread;
    if (!thread) return;
    const ended = once(thread, 'exit');
    this.#say({ type: 'close' });
    const timer = setTimeout(() => void thread.terminate(), STORE_CLOSE_MS);
    await ended;
    clearTimeout(timer);
    this.#deaths?.close();
  }

  #say(message: ToOwner): void {
    this.#thread?.postMessage(message);
  }

  async #begin(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    const { postgres } = this.#seed;
    // One that follows another goes on under the name of that.
    const place = postgres && { ...postgres, ...this.#entered };
    const boot: OwnerBoot = { ...this.#seed, postgres: place, deaths: port2, failure: this.#failure };
    const thread = new Worker(THREAD_PROGRAM, {
      workerData: boot,
      transferList: [port2],
      name: 'troupe-store',
      // Options that the program was started with are for its own code: a loader, an inspector.
      execArgv: [],
      env: databaseEnv(),
    });
    // The system has its own reasons to live.
    thread.unref();
    port1.unref();
    this.#thread = thread;
    this.#deaths = port1;
    await new Promise<void>((resolve, reject) => {
      const failed = (error: unknown): void => reject(asError(error));
      const hasFailed = (error: Error): void => {
        this.#log.error({ err: error }, 'the thread of the store failed');
        failed(error);
      };
      thread.on('message', (message: FromOwner) => {
        if (message.type === 'ready') {
          this.#path = message.path;
          this.#startedAt ??= message.startedAt;
          resolve();
        } else if (message.type === 'refused') failed(errorFromData(message.error));
        else if (message.type === 'failed') hasFailed(errorFromData(message.error));
        else if (message.type === 'entered') this.#entered = { writer: message.writer, epoch: message.epoch };
        else if (message.type === 'missing') this.#news.missing(message.pages);
        else if (message.type === 'printed') this.#log.debug({ text: message.text }, 'the thread of the store printed');
        else this.#news.checked(message.check);
      });
      thread.on('error', hasFailed);
      thread.once('exit', () => {
        failed(new Error('the thread of the store ended before it was ready'));
        this.#ended(thread, port1);
      });
    });
    this.#restartMs = RESTART_MS;
  }

  #ended(thread: Worker, deaths: MessagePort): void {
    deaths.close();
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    // One that never was ready is its starter's business.
    if (this.#isClosed || this.#path === '') return;
    this.#log.error({ inMs: this.#restartMs }, 'the thread of the store has ended; it is started again');
    this.#restart = setTimeout(() => {
      this.#begin().catch((error) => this.#log.error({ err: error }, 'the store could not be opened again'));
    }, this.#restartMs).unref();
    this.#restartMs = Math.min(RESTART_MS_MAX, this.#restartMs * 2);
  }
}

/** Passwords and certificates of a database may be told by the environment, as everywhere. */
function databaseEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('PG')));
}
