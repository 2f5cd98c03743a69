/** Turn journals that last as long as these objects; processes that share them see what the dead among them have left. */
import type { ActorId } from '../vocabulary/address.ts';
import { type JournalLine, JournalPage } from './journal-page.ts';
import type { Deaths, TurnJournal } from './turn-journal.ts';

export class MemoryJournals {
  readonly #living = new Map<string, JournalPage>();
  readonly #dead = new Set<JournalPage>();

  /** `isDead`: it notes nothing any more, though nobody may know yet. */
  open(process: string, isDead: () => boolean = () => false): TurnJournal {
    const page = new JournalPage();
    this.#living.set(process, page);
    return new MemoryJournal(page, this.#dead, isDead, () => this.#living.delete(process));
  }

  /** Everybody knows from now on. */
  died(process: string): void {
    const page = this.#living.get(process);
    this.#living.delete(process);
    if (page && !page.isEmpty) this.#dead.add(page);
  }

  /** Everything begins anew: whoever was there before is dead. */
  takeOver(): void {
    for (const process of [...this.#living.keys()]) this.died(process);
  }
}

class MemoryJournal implements TurnJournal {
  readonly #page: JournalPage;
  readonly #dead: ReadonlySet<JournalPage>;
  readonly #isDead: () => boolean;
  readonly #closed: () => void;
  #known: JournalPage[] = [];
  #isClosed = false;

  constructor(page: JournalPage, dead: ReadonlySet<JournalPage>, isDead: () => boolean, closed: () => void) {
    this.#page = page;
    this.#dead = dead;
    this.#isDead = isDead;
    this.#closed = closed;
  }

  begun(id: ActorId, trial: string, at: number): void {
    this.#note(['begun', id, trial, at]);
  }

  over(id: ActorId, trial: string): void {
    this.#note(['over', id, trial]);
  }

  gone(id: ActorId, trial: string): void {
    this.#note(['gone', id, trial]);
  }

  forgive(id: ActorId, trial: string): void {
    if (!this.#isDead()) for (const page of this.#known) page.apply(['gone', id, trial]);
  }

  look(): void {
    this.#known = [...this.#dead];
  }

  deathsOf(id: ActorId, now: number): Map<string, Deaths> {
    const deaths = new Map<string, Deaths>();
    for (const page of this.#known) page.countFor(id, now, deaths);
    return deaths;
  }

  close(): void {
    if (this.#isDead()) return;
    this.#isClosed = true;
    this.#closed();
  }

  #note(line: JournalLine): void {
    if (!this.#isClosed && !this.#isDead()) this.#page.apply(line);
  }
}
