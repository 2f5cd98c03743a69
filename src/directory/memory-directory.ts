/** A directory in memory, and an engine behind it that can be slow, gone, silent about a write, or put back to a backup. */
import type { Clock } from '../vocabulary/clock.ts';
import {
  checkEntry,
  type Directory,
  type Entry,
  type Watch,
  type WatchListener,
  type WriteAnswer,
} from './directory.ts';
import { type Known, type Listed, PollingWatch } from './polling-watch.ts';

/** The fate of one request. `lost`: made, and nobody hears of it; `late`: made after its sender gave up; `never`: not made, without a word. */
export type RequestFate = 'answered' | 'lost' | 'late' | 'never' | 'refused';

type Entries = Map<string, { readonly value: Uint8Array; readonly revision: string }>;

export class MemoryEngine {
  #entries: Entries = new Map();
  #revisions = 0;
  #lineage = 0;
  /** Milliseconds until a request arrives, and until its answer does. */
  delayMs: () => number = () => 0;
  fateOf: (isWrite: boolean) => RequestFate = () => 'answered';
  /** While it is so, no request is taken. */
  isGone = false;
  /** Requests arrive by its time, answers by that of the machine that asked. */
  readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  read(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry && { key, ...entry };
  }

  list(prefix: string): Entry[] {
    return [...this.#entries].flatMap(([key, entry]) => (key.startsWith(prefix) ? [{ key, ...entry }] : []));
  }

  /** Undefined as a value removes; undefined as a revision creates. */
  write(key: string, value: Uint8Array | undefined, expected: string | undefined): WriteAnswer {
    if (this.#entries.get(key)?.revision !== expected) return { is: 'conflict' };
    const revision = `${this.#lineage}-${++this.#revisions}`;
    if (value) this.#entries.set(key, { value: value.slice(), revision });
    else this.#entries.delete(key);
    return { is: 'done', revision };
  }

  /** A backup of this moment: calling it restores that. */
  backup(): () => void {
    const kept = new Map(this.#entries);
    return () => {
      this.#entries = new Map(kept);
      this.#lineage++;
    };
  }
}

export class MemoryDirectory implements Directory {
  readonly #engine: MemoryEngine;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #watches = new Set<Watch>();
  #isClosed = false;

  constructor(engine: MemoryEngine, clock: Clock, deadlineMs: number) {
    this.#engine = engine;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  create(key: string, value: Uint8Array): Promise<WriteAnswer> {
    checkEntry(key, value);
    return this.#write(() => this.#engine.write(key, value, undefined));
  }

  update(key: string, value: Uint8Array, expected: string): Promise<WriteAnswer> {
    checkEntry(key, value);
    return this.#write(() => this.#engine.write(key, value, expected));
  }

  remove(key: string, expected: string): Promise<WriteAnswer> {
    checkEntry(key);
    return this.#write(() => this.#engine.write(key, undefined, expected));
  }

  async readLinearizable(key: string): Promise<Entry | undefined | 'unavailable'> {
    checkEntry(key);
    const answer = await this.#ask(false, () => this.#engine.read(key));
    return answer.is === 'made' ? answer.value : 'unavailable';
  }

  watch(prefix: string, listener: WatchListener): Watch {
    const list = async (known: Known): Promise<Listed[]> => {
      const answer = await this.#ask(false, () => this.#engine.list(prefix));
      if (answer.is !== 'made') throw new Error('the engine gave no answer');
      return answer.value.map((entry) =>
        known.get(entry.key) === entry.revision ? { ...entry, value: undefined } : entry,
      );
    };
    const watch = new PollingWatch(list, listener, this.#clock);
    this.#watches.add(watch);
    return {
      look: () => watch.look(),
      close: () => {
        this.#watches.delete(watch);
        watch.close();
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }

  async #write(make: () => WriteAnswer): Promise<WriteAnswer> {
    const answer = await this.#ask(true, make);
    return answer.is === 'made' ? answer.value : { is: answer.is };
  }

  #ask<T>(isWrite: boolean, make: () => T): Promise<{ is: 'made'; value: T } | { is: 'unknown' | 'unavailable' }> {
    const engine = this.#engine;
    return new Promise((resolve) => {
      const fate = engine.fateOf(isWrite);
      if (this.#isClosed || engine.isGone || fate === 'refused') return resolve({ is: 'unavailable' });
      const late = this.#clock.setTimer(this.#deadlineMs, () => resolve({ is: 'unknown' }));
      const there = engine.delayMs() + (fate === 'late' ? 2 * this.#deadlineMs : 0);
      if (fate === 'never') return;
      after(engine.clock, there, () => {
        const value = make();
        if (fate !== 'answered') return;
        after(this.#clock, engine.delayMs(), () => {
          late.cancel();
          resolve({ is: 'made', value });
        });
      });
    });
  }
}

function after(clock: Clock, ms: number, run: () => void): void {
  if (ms > 0) clock.setTimer(ms, run);
  else clock.soon(run);
}
