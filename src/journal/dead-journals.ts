/** Journals that dead processes have left in their folder, as one living process has read it. */
import { appendFileSync, constants, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ActorId } from '../vocabulary/address.ts';
import { deadIn } from './journal-folder.ts';
import { JournalPage, NOTES_BYTES_MAX, textOf } from './journal-page.ts';
import type { Deaths } from './turn-journal.ts';

/** Bytes of a journal beyond which it is none of ours: nobody writes so many. */
export const JOURNAL_BYTES_MAX: number = NOTES_BYTES_MAX * 8;

/** A file that is gone is not made again. */
const APPEND = constants.O_WRONLY | constants.O_APPEND;

interface Read {
  readonly size: number;
  /** Undefined: it cannot be read, and counts nothing. */
  readonly page: JournalPage | undefined;
}

export class DeadJournals {
  readonly #folder: string;
  readonly #troubled: (error: unknown) => void;
  #read = new Map<string, Read>();

  constructor(folder: string, troubled: (error: unknown) => void) {
    this.#folder = folder;
    this.#troubled = troubled;
  }

  /** Reads what is new, or was written since. */
  look(): void {
    const read = new Map<string, Read>();
    for (const name of deadIn(this.#folder)) {
      const size = statSync(join(this.#folder, name), { throwIfNoEntry: false })?.size ?? 0;
      const known = this.#read.get(name);
      read.set(name, known?.size === size ? known : { size, page: this.#open(name, size) });
    }
    this.#read = read;
  }

  deathsOf(id: ActorId, now: number): Map<string, Deaths> {
    const deaths = new Map<string, Deaths>();
    for (const { page } of this.#read.values()) page?.countFor(id, now, deaths);
    return deaths;
  }

  /** Behind what the dead have written, so that it goes when they go. */
  forgive(id: ActorId, trial: string): void {
    for (const [name, { page }] of this.#read) {
      if (!page?.has(id, trial)) continue;
      page.apply(['gone', id, trial]);
      // The line before it may be torn.
      this.#append(name, `\n${textOf(['gone', id, trial])}`);
    }
  }

  #append(name: string, text: string): void {
    try {
      // The type of the option knows names of flags only; the function takes numbers, as `open` does.
      appendFileSync(join(this.#folder, name), text, { flag: APPEND as unknown as string });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#troubled(error);
    }
  }

  #open(name: string, size: number): JournalPage | undefined {
    const path = join(this.#folder, name);
    try {
      if (size > JOURNAL_BYTES_MAX) throw new Error(`at most ${JOURNAL_BYTES_MAX} bytes are expected; got ${size}`);
      const page = JournalPage.read(readFileSync(path, 'utf8'));
      if (page) return page;
      throw new Error(`${path} has lines of a journal; got others`);
    } catch (error) {
      this.#troubled(error);
      return undefined;
    }
  }
}
