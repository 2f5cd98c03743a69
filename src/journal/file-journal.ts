/**
 * The turn journal of one process: a file that it appends to, and empties once nothing is noted any more. Written at once,
 * without an fsync: what a process has written outlives it. No fault of the disk ends a process here, or a turn.
 */
import { closeSync, constants, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../observe/log.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { DeadJournals } from './dead-journals.ts';
import { NEXT } from './journal-folder.ts';
import { type JournalLine, JournalPage, textOf } from './journal-page.ts';
import type { Deaths, TurnJournal } from './turn-journal.ts';

/** Bytes of a journal from which on it is written anew each time it has doubled. */
export const REWRITE_BYTES: number = 256 * 1024;

const ANEW = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_APPEND;

export interface FileJournalOptions {
  /** Of journals. */
  folder: string;
  /** As `processName` has it. */
  process: string;
  log: Log;
  /** Whether what ends this process now is code that runs in it, as far as it knows. Default: so it is. */
  endsItself?: () => boolean;
}

export class FileJournal implements TurnJournal {
  readonly #path: string;
  readonly #log: Log;
  readonly #endsItself: () => boolean;
  readonly #page = new JournalPage();
  readonly #dead: DeadJournals;
  /** Undefined as long as nothing was noted. */
  #file: number | undefined;
  #size = 0;
  /** As it was last written anew. */
  #sizeAnew = 0;
  #isTold = false;
  #isClosed = false;
  /** Of an exception that nobody caught, too, and of a rejection: the process may end in code that a handler left behind. */
  readonly #exited = (): void => {
    if (!this.#page.isEmpty && this.#endsItself()) this.#guarded(() => this.#append(textOf(['ended'])));
  };

  constructor({ folder, process, log, endsItself = () => true }: FileJournalOptions) {
    this.#path = join(folder, process);
    this.#log = log;
    this.#endsItself = endsItself;
    this.#dead = new DeadJournals(folder, (error) => this.#troubled(error));
  }

  begun(id: ActorId, trial: string, at: number): void {
    this.#note(['begun', id, trial, at]);
  }

  over(id: ActorId, trial: string): void {
    if (this.#page.has(id, trial)) this.#note(['over', id, trial]);
  }

  gone(id: ActorId, trial: string): void {
    if (this.#page.has(id, trial)) this.#note(['gone', id, trial]);
  }

  forgive(id: ActorId, trial: string): void {
    this.#guarded(() => this.#dead.forgive(id, trial));
  }

  look(): void {
    this.#guarded(() => this.#dead.look());
  }

  deathsOf(id: ActorId, now: number): Map<string, Deaths> {
    return this.#dead.deathsOf(id, now);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.off('exit', this.#exited);
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    this.#guarded(() => {
      rmSync(this.#path, { force: true });
      closeSync(file);
    });
  }

  #note(line: JournalLine): void {
    if (this.#isClosed) return;
    this.#page.apply(line);
    this.#guarded(() => {
      if (this.#page.isEmpty) this.#empty();
      else this.#append(textOf(line));
      if (this.#size > REWRITE_BYTES && this.#size > this.#sizeAnew * 2) this.#rewrite();
    });
  }

  #append(text: string): void {
    this.#file ??= this.#open();
    this.#size += writeSync(this.#file, text);
  }

  #open(): number {
    const file = openSync(this.#path, 'a', 0o600);
    process.on('exit', this.#exited);
    return file;
  }

  #empty(): void {
    if (this.#size === 0 || this.#file === undefined) return;
    ftruncateSync(this.#file);
    this.#size = 0;
    this.#sizeAnew = 0;
  }

  /** Beside the old one, which holds until the new one takes its place. */
  #rewrite(): void {
    const next = this.#path + NEXT;
    const { text } = this.#page;
    const file = openSync(next, ANEW, 0o600);
    try {
      this.#sizeAnew = writeSync(file, text);
      renameSync(next, this.#path);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    this.#size = this.#sizeAnew;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = file;
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#troubled(error);
    }
  }

  #troubled(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#log.warn({ err: error, file: this.#path }, 'deaths of processes in suspect turns may not be counted');
  }
}
