/** The last turns of actors, in a process that keeps them: the option `history`. Fed by what a trace is told; without it nothing is. */
import { type ActorId, isKind, kindOf } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { cutText } from '../vocabulary/error-reading.ts';
import { inspect } from '../plain-data/inspect.ts';
import { unknownOption } from '../vocabulary/names.ts';
import type { Trace, TraceEvent } from './trace.ts';

/** Turns kept of one actor, at most; where nothing else is said. */
export const HISTORY_TURNS_MAX = 1_000;
export const HISTORY_TURNS = 100;
/** Turns kept in a process; of the actors that were first to have one, all go. */
export const HISTORY_KEPT_MAX = 200_000;
/** Characters of a type that are kept. */
export const HISTORY_TYPE_MAX = 256;

/** Option `history`: the last turns of actors are kept, in memory. */
export interface HistoryOptions {
  /** Turns of each actor, from 1 to 1 000; at most 200 000 of all in a process. Default 100. */
  turns?: number | undefined;
  /** Of these kinds only. Default: of all. */
  kinds?: readonly string[] | undefined;
}

/** The faults of the option. */
export function validateHistory(history: unknown): string[] {
  if (history === undefined) return [];
  if (typeof history !== 'object' || history === null || Array.isArray(history))
    return [`history: expected { turns, kinds }; got ${inspect(history)}`];
  const { turns = 1, kinds = [], ...rest } = history as HistoryOptions;
  const faults = Object.keys(rest).map((name) => unknownOption(`history.${name}`, name, ['turns', 'kinds']));
  if (!Number.isInteger(turns) || turns < 1 || turns > HISTORY_TURNS_MAX)
    faults.push(`history.turns: expected a whole number from 1 to ${HISTORY_TURNS_MAX}; got ${inspect(turns)}`);
  if (!Array.isArray(kinds) || !kinds.every(isKind))
    faults.push(`history.kinds: expected a list of kinds; got ${inspect(kinds)}`);
  return faults;
}

/** A turn that is over, or runs. */
export interface PastTurn {
  /** Type of the message; undefined: a turn of its own, of a machine's clock say, or the end of a watched actor. */
  type: string | undefined;
  /** The actor that sent it. */
  sender: ActorId | undefined;
  /** When it began, in milliseconds since the Unix epoch. */
  at: number;
  /** Milliseconds until it ended; undefined: it runs, or was given up. */
  ms: number | undefined;
  /** `given-up`: it was ended with its incarnation, by a kill say. */
  outcome: 'running' | 'done' | 'failed' | 'refused' | 'given-up';
}

type TurnEvent = Extract<TraceEvent, { topic: 'turn'; step: 'begun' | 'ended' }>;

export class TurnHistory implements Trace {
  readonly #clock: Clock;
  readonly #turnsMax: number;
  readonly #kinds: ReadonlySet<string> | undefined;
  readonly #keptMax: number;
  /** Oldest turn first; in the order of the first turn that is known of each actor. */
  readonly #turns = new Map<ActorId, PastTurn[]>();
  #kept = 0;

  constructor(clock: Clock, { turns = HISTORY_TURNS, kinds }: HistoryOptions, keptMax: number = HISTORY_KEPT_MAX) {
    this.#clock = clock;
    this.#turnsMax = turns;
    this.#kinds = kinds && new Set(kinds);
    this.#keptMax = keptMax;
  }

  note(event: TraceEvent): void {
    if (event.topic !== 'turn' || event.step === 'committed') return;
    if (this.#kinds?.has(kindOf(event.id)) === false) return;
    if (event.step === 'begun') this.#begun(event);
    else this.#ended(event);
  }

  /** The last ones, the oldest of them first. */
  of(id: ActorId, last: number): PastTurn[] {
    return (this.#turns.get(id) ?? []).slice(-last).map((turn) => ({ ...turn }));
  }

  #begun({ id, sender, verb, message }: TurnEvent): void {
    let turns = this.#turns.get(id);
    if (turns === undefined) this.#turns.set(id, (turns = []));
    const before = turns.at(-1);
    if (before?.outcome === 'running') before.outcome = 'given-up';
    const { type } = (verb === 'message' ? message : {}) as { type?: string };
    const kept = type !== undefined && type.length > HISTORY_TYPE_MAX ? cutText(type, HISTORY_TYPE_MAX) : type;
    turns.push({ type: kept, sender, at: this.#clock.wall(), ms: undefined, outcome: 'running' });
    starts.set(turns.at(-1) as PastTurn, this.#clock.now());
    this.#kept++;
    if (turns.length > this.#turnsMax) {
      turns.shift();
      this.#kept--;
    }
    if (this.#kept > this.#keptMax) this.#dropFirst();
  }

  #ended({ id, outcome }: TurnEvent): void {
    const turn = this.#turns.get(id)?.at(-1);
    if (turn?.outcome !== 'running') return;
    turn.outcome = outcome ?? 'done';
    turn.ms = this.#clock.now() - (starts.get(turn) ?? this.#clock.now());
  }

  #dropFirst(): void {
    for (const [id, turns] of this.#turns) {
      this.#turns.delete(id);
      this.#kept -= turns.length;
      return;
    }
  }
}

/** On `Clock.now()`. */
const starts = new WeakMap<PastTurn, number>();

/** Both are told. */
export function bothTraces(one: Trace | undefined, other: Trace | undefined): Trace | undefined {
  if (!one || !other) return one ?? other;
  return {
    note: (event) => {
      one.note(event);
      other.note(event);
    },
  };
}
