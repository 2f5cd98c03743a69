/**
 * One system per dataDir. Who holds it, and which worker processes belong to it, stands in a small environment beside the
 * store; a transaction of it decides between two that start at once. The lock of a process that is gone is taken over, and
 * what is left of its workers is ended first: a worker that hung while its master died may still believe in its table.
 */
import { join } from 'node:path';
import { TroupeError } from '../vocabulary/errors.ts';
import { storeFailed } from './commit-rules.ts';
import { type Environment, openEnvironment } from './lmdb-environment.ts';
import { endProcess, isRunning, markOf, type ProcessMark } from './process-identity.ts';

/** Milliseconds until a worker that outlived its master must be gone. */
export const OUTLIVED_MS_MAX = 10_000;
/** Milliseconds between two signs of life of an owner. */
export const SIGN_MS = 5_000;
/** Milliseconds without a sign after which an owner on another host, which nobody here can look at, counts as dead. */
export const SILENT_MS_MAX = 60_000;

const OWNER = [0, 'owner'];
const WORKER = 1;
const STARTED_AT = [2, 'started-at'];

interface Owner extends ProcessMark {
  readonly system: string;
  /** Milliseconds since the Unix epoch; it shows that it lives every so often. */
  readonly since: number;
  readonly seenAt: number;
}

export class DataDirLock {
  readonly #environment: Environment;
  /** When this system began: later than any before it on this dataDir, even if the clock was put back. */
  readonly startedAt: number;

  private constructor(environment: Environment, startedAt: number) {
    this.#environment = environment;
    this.startedAt = startedAt;
  }

  /** Throws STORE_LOCKED, telling by whom. Resolves once no process of an earlier system is left. */
  static async acquire(dataDir: string, system: string, now: number): Promise<DataDirLock> {
    const environment = openEnvironment(join(dataDir, 'lock'));
    try {
      const startedAt = environment.transactionSync(() =>
        take(environment, dataDir, { ...markOf(process.pid), system, since: now, seenAt: now }),
      );
      const lock = new DataDirLock(environment, startedAt);
      await lock.#endOutlived();
      return lock;
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  /** A worker of this system; ended by the next one, should it be left behind. */
  addWorker(pid: number): void {
    const mark = markOf(pid);
    this.#environment.transactionSync(() => this.#environment.putSync([WORKER, pid], write(mark)));
  }

  removeWorker(pid: number): void {
    this.#environment.transactionSync(() => this.#environment.removeSync([WORKER, pid]));
  }

  /** A sign of life. */
  sign(now: number): void {
    const environment = this.#environment;
    environment.transactionSync(() => {
      const owner = read<Owner>(environment, OWNER);
      if (owner?.pid === process.pid) environment.putSync(OWNER, write({ ...owner, seenAt: now }));
    });
  }

  async release(): Promise<void> {
    const environment = this.#environment;
    environment.transactionSync(() => {
      const owner = read<Owner>(environment, OWNER);
      if (owner?.pid === process.pid) environment.removeSync(OWNER);
    });
    await environment.close();
  }

  async #endOutlived(): Promise<void> {
    const environment = this.#environment;
    const left = [...environment.getRange({ start: [WORKER], end: [WORKER + 1] })];
    for (const { key, value } of left) {
      const mark = JSON.parse(Buffer.from(value).toString()) as ProcessMark;
      // One of another host went with its owner.
      if (mark.host === markOf(process.pid).host && !(await endProcess(mark, OUTLIVED_MS_MAX))) {
        throw storeFailed(
          `no worker of an earlier system is left on the dataDir; got process ${mark.pid}, which does not end`,
        );
      }
      environment.transactionSync(() => environment.removeSync(key));
    }
  }
}

/** Inside a transaction: becomes the owner, or throws. */
function take(environment: Environment, dataDir: string, owner: Owner): number {
  const holder = read<Owner>(environment, OWNER);
  if (holder && isAlive(holder, owner)) {
    const { pid, host, system, since } = holder;
    const text = `one system at a time uses the dataDir ${dataDir}; got it in use by '${system}', process ${pid} on ${host}, since ${new Date(since).toISOString()}`;
    throw new TroupeError('STORE_LOCKED', text);
  }
  const startedAt = Math.max(owner.since, (read<number>(environment, STARTED_AT) ?? 0) + 1);
  environment.putSync(OWNER, write(owner));
  environment.putSync(STARTED_AT, write(startedAt));
  return startedAt;
}

/** Of a host with another name, a container that was made anew say, only the signs of life tell. */
function isAlive(holder: Owner, { host, since }: Owner): boolean {
  return holder.host === host ? isRunning(holder) : since - holder.seenAt < SILENT_MS_MAX;
}

function read<T>(environment: Environment, key: (string | number)[]): T | undefined {
  const bytes = environment.get(key);
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as T);
}

function write(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
