/**
 * The folder of turn journals in a dataDir, as the one process treats it that holds the dataDir: it knows who is dead, and
 * says so by the name of a file, before anybody acts on that death. It removes only what bears such a name.
 *
 *   ~<index>.<incarnation>@<start>        of a process that lives; there is none as long as nothing was suspect
 *   ~<index>.<incarnation>@<start>.dead   of one that died with something noted
 */
import { mkdirSync, readdirSync, renameSync, rmSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Log } from '../observe/log.ts';
import { NOTE_KEPT_MS } from './turn-journal.ts';

/** Journals of dead processes that are kept, at most; the oldest go first. */
export const JOURNALS_KEPT_MAX = 256;
/** Bytes of them all. */
export const JOURNALS_BYTES_MAX: number = 16 * 1024 * 1024;
export const DEAD = '.dead';
/** While a file is written anew. */
export const NEXT = '.next';

export const JOURNAL_FOLDER = 'journal';
const NAME = /^~\d+\.\d+@\d+(\.dead|\.next)?$/;

/** No other process is called so, in this system or one after it. */
export function processName(address: string, startedAt: number): string {
  return `${address}@${startedAt}`;
}

export class JournalFolder {
  /** Absolute. */
  readonly path: string;
  readonly #log: Log;
  readonly #now: () => number;

  constructor(dataDir: string, log: Log, now: () => number = Date.now) {
    this.path = resolve(dataDir, JOURNAL_FOLDER);
    this.#log = log;
    this.#now = now;
  }

  /** Every process that was here before is dead. */
  takeOver(): void {
    this.#guarded(() => {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
      for (const name of namesIn(this.path)) {
        if (name.endsWith(NEXT)) rmSync(join(this.path, name), { force: true });
        else if (!name.endsWith(DEAD)) this.#declareDead(name);
      }
      this.#trim();
    });
  }

  /** Call it before anybody acts on that death. */
  died(process: string): void {
    this.#guarded(() => {
      rmSync(join(this.path, process + NEXT), { force: true });
      if (this.#declareDead(process)) this.#trim();
    });
  }

  /** False: it has left nothing. */
  #declareDead(process: string): boolean {
    const path = join(this.path, process);
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0) renameSync(path, path + DEAD);
    else rmSync(path, { force: true });
    return size > 0;
  }

  #trim(): void {
    let count = 0;
    let bytes = 0;
    for (const { path, size, mtimeMs } of this.#dead()) {
      count++;
      bytes += size;
      const isOld = mtimeMs <= this.#now() - NOTE_KEPT_MS;
      if (isOld || count > JOURNALS_KEPT_MAX || bytes > JOURNALS_BYTES_MAX) rmSync(path, { force: true });
    }
  }

  /** The newest first. */
  #dead(): { path: string; size: number; mtimeMs: number }[] {
    const found = deadIn(this.path).map((name) => {
      const path = join(this.path, name);
      const { size = 0, mtimeMs = 0 }: Partial<Stats> = statSync(path, { throwIfNoEntry: false }) ?? {};
      return { path, size, mtimeMs };
    });
    return found.sort((a, b) => b.mtimeMs - a.mtimeMs);
  }

  /** A disk that takes nothing costs counts of deaths, and no process. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.warn({ err: error, folder: this.path }, 'deaths of processes may not be counted');
    }
  }
}

/** Of dead processes, as names of files. */
export function deadIn(folder: string): string[] {
  return namesIn(folder).filter((name) => name.endsWith(DEAD));
}

function namesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => NAME.test(name));
}
