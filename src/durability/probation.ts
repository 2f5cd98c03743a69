/**
 * Counts the deaths of processes in the turns of one actor. What is suspect, because it is tried again after a process died,
 * is noted in the record before its turn begins; the commit of the turn takes the note back. A note that another process has
 * left is a death in that turn. Nothing is noted of the first try of anything, so the common turn pays nothing; the death that
 * made it suspect counts as the first of three all the same.
 */
import { PROCESS_DEATHS_MAX } from '../supervision/process-deaths.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { encodeValue } from '../wire/codec.ts';
import { MARK_KEPT_MS } from './handled.ts';
import { PROBATION, type ProbationRecord } from '../commit/record.ts';
import type { TurnBatch } from '../commit/turn-batch.ts';

/** Messages of an actor whose deaths are remembered; beyond, the one that was counted first is forgotten. */
export const DEATHS_KEPT_MAX = 256;
/** Milliseconds for which what ended too many processes in an actor's start, or in a beat of its reminder, is not tried again. */
export const CONDEMNED_PAUSE_MS = 600_000;
/** Milliseconds from the start of an actor after a crash in which its own turns, those of a machine's clock say, are suspect. */
export const OWN_SUSPECT_MS = 10_000;

/** The start of an incarnation, and turns that no message has brought. */
export const START = 'start';
export const OWN = 'own';

interface Deaths {
  count: number;
  /** Milliseconds since the Unix epoch: when the last of these turns began. */
  at: number;
}

/** The same for every try. Undefined: nobody sends it again. */
export function trialOf({ verb, stamp }: Envelope): string | undefined {
  if (verb === 'run') return OWN;
  if (stamp?.turn !== undefined) return stamp.turn;
  return stamp !== undefined && stamp.number > 0 ? `${stamp.stream}:${stamp.number}` : undefined;
}

export class Probation {
  /** Of this process, as notes tell it. */
  readonly #process: string;
  #deaths = new Map<string, Deaths>();
  #current: { trial: string; at: number } | undefined;

  constructor(process: string) {
    this.#process = process;
  }

  get isEmpty(): boolean {
    return this.#deaths.size === 0;
  }

  reset(record: ProbationRecord | undefined, now: number): void {
    this.#deaths = new Map();
    this.#current = undefined;
    if (!record) return;
    for (const [trial, count, at] of record.deaths) {
      if (at > now - MARK_KEPT_MS) this.#deaths.set(trial, { count, at });
    }
    const { current, process, at } = record;
    // A note of this process: its turn was given up, and nobody died.
    if (current !== undefined && process !== this.#process) this.#count(current, at);
  }

  deathsIn(trial: string): number {
    return this.#deaths.get(trial)?.count ?? 0;
  }

  /**
   * Of a start, or a turn that no message has brought: too many have died of it, the last of them a short while ago. Each of
   * them is noted: an incarnation that merely lived in a process that died has not begun it.
   */
  isCondemned(trial: string, now: number): boolean {
    const { count, at } = this.#deaths.get(trial) ?? { count: 0, at: 0 };
    return count >= PROCESS_DEATHS_MAX && now < at + CONDEMNED_PAUSE_MS;
  }

  begin(trial: string, at: number, batch: TurnBatch): void {
    this.#current = { trial, at };
    this.#write(batch);
  }

  /** No death counts for it from now on. */
  pause(batch: TurnBatch): void {
    if (!this.#current) return;
    this.#current = undefined;
    this.#write(batch);
  }

  /** It will not come again. */
  end(trial: string, batch: TurnBatch): void {
    if (this.#current?.trial === trial) this.#current = undefined;
    else if (!this.#deaths.has(trial)) return;
    this.#deaths.delete(trial);
    this.#write(batch);
  }

  #count(trial: string, at: number): void {
    const count = this.deathsIn(trial) + 1;
    this.#deaths.delete(trial);
    this.#deaths.set(trial, { count, at });
    const first = this.#deaths.keys().next().value;
    if (this.#deaths.size > DEATHS_KEPT_MAX && first !== undefined) this.#deaths.delete(first);
  }

  #write(batch: TurnBatch): void {
    if (!this.#current && this.isEmpty) return batch.erase(PROBATION);
    const deaths = [...this.#deaths].map(([trial, { count, at }]): [string, number, number] => [trial, count, at]);
    const { trial: current, at = 0 } = this.#current ?? {};
    batch.write(PROBATION, encodeValue({ process: this.#process, current, at, deaths } satisfies ProbationRecord));
  }
}
