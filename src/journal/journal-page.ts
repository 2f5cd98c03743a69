/** The notes of one process, as its lines tell them; the same for who writes them and for who reads what a dead one has left. */
import { Buffer } from 'node:buffer';
import type { ActorId } from '../vocabulary/address.ts';
import { type Deaths, NOTE_KEPT_MS } from './turn-journal.ts';

/** Turns that a process has noted and that are not gone, at most; beyond, the one that was noted first is forgotten. */
export const NOTES_MAX = 4_096;
/** Bytes of their lines, likewise. */
export const NOTES_BYTES_MAX: number = 1024 * 1024;

export type JournalLine =
  | readonly [what: 'begun', id: ActorId, trial: string, at: number]
  | readonly [what: 'over' | 'gone', id: ActorId, trial: string]
  /** The process ends by what its own code has done. */
  | readonly [what: 'ended'];

interface Note {
  readonly id: ActorId;
  readonly trial: string;
  readonly at: number;
  readonly bytes: number;
  isOver: boolean;
}

export class JournalPage {
  /** In the order in which they have begun. */
  readonly #notes = new Map<string, Note>();
  #bytes = 0;
  #isEnded = false;
  /** Made as somebody asks, and no more once a note has changed: those of the dead hardly do. */
  #byId: Map<ActorId, Note[]> | undefined;

  /** Undefined: it is damaged. A torn end is none, nor are those behind it who forgive. */
  static read(text: string): JournalPage | undefined {
    const page = new JournalPage();
    let isTorn = false;
    for (const part of text.split('\n')) {
      if (part === '') continue;
      const line = lineOf(part);
      if (line === undefined ? isTorn : isTorn && line[0] !== 'gone') return undefined;
      if (line) page.apply(line);
      else isTorn = true;
    }
    return page;
  }

  get isEmpty(): boolean {
    return this.#notes.size === 0;
  }

  has(id: ActorId, trial: string): boolean {
    return this.#notes.has(keyOf(id, trial));
  }

  apply(line: JournalLine): void {
    if (line[0] === 'ended') {
      this.#isEnded = true;
      return;
    }
    this.#byId = undefined;
    const [what, id, trial, at] = line;
    const key = keyOf(id, trial);
    const note = this.#notes.get(key);
    if (what === 'over') {
      if (note) note.isOver = true;
      return;
    }
    if (note) this.#remove(key, note);
    if (what === 'begun')
      this.#add(key, { id, trial, at: at as number, bytes: Buffer.byteLength(textOf(line)), isOver: false });
  }

  /** The same notes, and nothing that is gone. */
  get text(): string {
    let text = '';
    for (const { id, trial, at, isOver } of this.#notes.values()) {
      text += textOf(['begun', id, trial, at]);
      if (isOver) text += textOf(['over', id, trial]);
    }
    return text;
  }

  /** As the page of a process that has died: adds one death to each of the actor's turns that were not gone. */
  countFor(id: ActorId, now: number, deaths: Map<string, Deaths>): void {
    for (const { trial, at, isOver } of this.#notesOf(id)) {
      if (at <= now - NOTE_KEPT_MS) continue;
      const isIn = !isOver || this.#isEnded;
      const known = deaths.get(trial) ?? { inTurn: 0, beforeCommit: 0, at: 0 };
      deaths.set(trial, {
        inTurn: known.inTurn + (isIn ? 1 : 0),
        beforeCommit: known.beforeCommit + (isIn ? 0 : 1),
        at: Math.max(known.at, at),
      });
    }
  }

  #add(key: string, note: Note): void {
    this.#notes.set(key, note);
    this.#bytes += note.bytes;
    for (const [first, oldest] of this.#notes) {
      if (first === key || (this.#notes.size <= NOTES_MAX && this.#bytes <= NOTES_BYTES_MAX)) return;
      this.#remove(first, oldest);
    }
  }

  #remove(key: string, { bytes }: Note): void {
    this.#notes.delete(key);
    this.#bytes -= bytes;
  }

  #notesOf(id: ActorId): readonly Note[] {
    if (this.#byId === undefined) {
      this.#byId = new Map();
      for (const note of this.#notes.values()) {
        const notes = this.#byId.get(note.id);
        if (notes) notes.push(note);
        else this.#byId.set(note.id, [note]);
      }
    }
    return this.#byId.get(id) ?? [];
  }
}

export function textOf(line: JournalLine): string {
  return `${JSON.stringify(line)}\n`;
}

function keyOf(id: ActorId, trial: string): string {
  return `${id}\n${trial}`;
}

function lineOf(text: string): JournalLine | undefined {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(line)) return undefined;
  const [what, id, trial, at] = line as unknown[];
  if (what === 'ended') return ['ended'];
  if (typeof id !== 'string' || typeof trial !== 'string') return undefined;
  if (what === 'begun') return typeof at === 'number' ? [what, id, trial, at] : undefined;
  return what === 'over' || what === 'gone' ? [what, id, trial] : undefined;
}
