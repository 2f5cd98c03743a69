/**
 * One system per dataDir. Each start takes the next number by creating the file that bears it, which only one of those that
 * start at once can; it listens on a socket before, so that later ones see that it lives for as long as it does. The lock of
 * a process that is gone is taken over, and what is left of its workers is ended first: one that hung while its master died
 * may still believe in its table.
 *
 *   owner-<number>   who holds it, as JSON; its time of change is the last sign of life
 *   <random>.sock    on which the owner listens
 *   worker-<pid>     a worker process of the owner
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { storeFailed } from '../store/commit-rules.ts';
import { isListening, type LockSocket, openLockSocket } from './lock-socket.ts';
import { endProcess, isInSight, isOfThisMachine, isRunning, markOf, type ProcessMark } from './process-mark.ts';

/** Milliseconds until a worker that outlived its master must be gone. */
export const OUTLIVED_MS_MAX = 10_000;
/** Milliseconds between two signs of life of an owner. */
export const SIGN_MS = 5_000;
/** Milliseconds without a sign after which an owner whom nobody here can look at counts as dead. */
export const SILENT_MS_MAX = 60_000;
/** Milliseconds until a file that was created is written. */
const WRITTEN_MS_MAX = 1_000;
const LOCK_FOLDER = 'lock';
const OWNER = /^owner-(\d{12})$/;
const WORKER = /^worker-(\d+)$/;

export interface Owner extends ProcessMark {
  readonly system: string;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  /** Later than any start before it. */
  readonly startedAt: number;
  /** On which it listens; undefined where there are no sockets. */
  readonly socket: string | undefined;
  /** It has gone in order. */
  readonly isReleased?: boolean;
}

interface Found extends Partial<Owner> {
  readonly number: number;
  readonly seenAt: number;
}

export class DataDirLock {
  readonly #folder: string;
  readonly #path: string;
  readonly #owner: Owner;
  readonly #socket: LockSocket | undefined;
  readonly #file: string;

  private constructor(folder: string, number: number, owner: Owner, socket: LockSocket | undefined) {
    this.#folder = folder;
    this.#path = pathOf(folder, number);
    this.#owner = owner;
    this.#socket = socket;
    this.#file = identityOf(this.#path);
  }

  /** Throws STORE_LOCKED, telling by whom. Resolves once no process of an earlier system is left. */
  static async acquire(dataDir: string, system: string, now: number): Promise<DataDirLock> {
    const folder = resolve(dataDir, LOCK_FOLDER);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw storeFailed(`cannot use the dataDir ${dataDir}: ${asError(error).message}`, error);
    }
    const socket = await openLockSocket(folder);
    try {
      const { number, owner } = await take(folder, dataDir, { system, now, socket: socket?.name });
      const lock = new DataDirLock(folder, number, owner, socket);
      await lock.#endOutlived();
      return lock;
    } catch (error) {
      socket?.close();
      throw error;
    }
  }

  /** When this system began: later than any before it on this dataDir, even if the clock was put back. */
  get startedAt(): number {
    return this.#owner.startedAt;
  }

  /** A worker of this system; ended by the next one, should it be left behind. */
  addWorker(pid: number): void {
    writeFileSync(join(this.#folder, `worker-${pid}`), JSON.stringify(markOf(pid)), { mode: 0o600 });
  }

  removeWorker(pid: number): void {
    rmSync(join(this.#folder, `worker-${pid}`), { force: true });
  }

  /** A sign of life. Returns what has become of the lock where it is held no more: the folder was removed, say. */
  sign(now: number): string | undefined {
    if (identityOf(this.#path) !== this.#file) return `${this.#path} was removed or replaced`;
    const last = Math.max(...numbersIn(this.#folder));
    if (pathOf(this.#folder, last) !== this.#path) return `${pathOf(this.#folder, last)} was written by another system`;
    utimesSync(this.#path, now / 1_000, now / 1_000);
    return undefined;
  }

  release(): void {
    this.#socket?.close();
    if (identityOf(this.#path) !== this.#file) return;
    try {
      writeFileSync(this.#path, JSON.stringify({ ...this.#owner, isReleased: true }), { mode: 0o600 });
    } catch {
      // A disk that takes nothing: that nobody listens any more tells the next one enough.
    }
  }

  async #endOutlived(): Promise<void> {
    for (const name of readdirSync(this.#folder)) {
      if (!WORKER.test(name)) continue;
      const path = join(this.#folder, name);
      const mark = readJson<ProcessMark>(path);
      // One out of sight went with its container, or its machine.
      if (mark && isInSight(mark) && !(await endProcess(mark, OUTLIVED_MS_MAX))) {
        throw storeFailed(`process ${mark.pid}, a worker of an earlier system on the dataDir, does not end`);
      }
      rmSync(path, { force: true });
    }
  }
}

interface Taker {
  system: string;
  now: number;
  socket: string | undefined;
}

/** Becomes the owner, or throws. */
async function take(folder: string, dataDir: string, taker: Taker): Promise<{ number: number; owner: Owner }> {
  for (;;) {
    const holder = await newest(folder);
    if (holder && (await isAlive(folder, holder, taker.now))) throw lockedBy(dataDir, holder, taker.now);
    const number = (holder?.number ?? 0) + 1;
    const startedAt = Math.max(taker.now, (holder?.startedAt ?? 0) + 1);
    const { system, now: since, socket } = taker;
    const owner: Owner = { ...markOf(process.pid), system, since, startedAt, socket };
    if (!create(pathOf(folder, number), owner, since)) continue;
    // A process that was frozen since its look may have created a number that was free again: then a later one is there.
    const last = await newest(folder);
    if (last?.number !== number) {
      rmSync(pathOf(folder, number), { force: true });
      continue;
    }
    removeOld(folder, number);
    return { number, owner };
  }
}

/** False where somebody else was first. */
function create(path: string, owner: Owner, now: number): boolean {
  try {
    writeFileSync(path, JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
    utimesSync(path, now / 1_000, now / 1_000);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw storeFailed(`cannot take the lock of the dataDir: ${asError(error).message}`, error);
  }
}

/** The last one stays, for who looks at it right now. */
function removeOld(folder: string, number: number): void {
  for (const name of readdirSync(folder)) {
    const old = Number(OWNER.exec(name)?.[1] ?? number);
    if (old < number - 1) rmSync(join(folder, name), { force: true });
    else if (old === number - 1) {
      const { socket } = readJson<Owner>(join(folder, name)) ?? {};
      if (socket !== undefined) rmSync(join(folder, socket), { force: true });
    }
  }
}

async function newest(folder: string): Promise<Found | undefined> {
  const number = Math.max(0, ...numbersIn(folder));
  if (number === 0) return undefined;
  const path = pathOf(folder, number);
  const until = Date.now() + WRITTEN_MS_MAX;
  let owner = readJson<Owner>(path);
  // One that was created and not written, after that time, was created by a process that died.
  while (owner === undefined && Date.now() < until) {
    await new Promise<void>((done) => setTimeout(done, 20));
    owner = readJson<Owner>(path);
  }
  return { ...owner, number, seenAt: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
}

async function isAlive(folder: string, holder: Found, now: number): Promise<boolean> {
  if (holder.pid === undefined || holder.isReleased) return false;
  const mark = holder as Owner;
  if (isOfThisMachine(mark)) {
    const isThere = mark.socket === undefined ? undefined : await isListening(folder, mark.socket);
    if (isThere !== undefined) return isThere;
    if (isInSight(mark)) return isRunning(mark);
  }
  return now - holder.seenAt < SILENT_MS_MAX;
}

function lockedBy(dataDir: string, holder: Found, now: number): TroupeError {
  const { pid, host, system, since } = holder as Owner & Found;
  const of = `'${system}', process ${pid} on ${host}, since ${new Date(since).toISOString()}`;
  const left = Math.ceil((SILENT_MS_MAX - (now - holder.seenAt)) / 1_000);
  const hint = isOfThisMachine(holder as Owner)
    ? ''
    : `; if it is dead, which cannot be seen from here, the dataDir is free in ${left} s`;
  const text = `the dataDir ${dataDir} is in use by ${of}${hint}`;
  return new TroupeError('STORE_LOCKED', text);
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder).map((name) => Number(OWNER.exec(name)?.[1] ?? 0));
}

function pathOf(folder: string, number: number): string {
  return join(folder, `owner-${String(number).padStart(12, '0')}`);
}

/** Undefined where there is none, or it is not written yet. */
function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Tells a file from another one of its name; '' where there is none. */
export function identityOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${stat.dev}:${stat.ino}`;
}
