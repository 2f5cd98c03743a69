/**
 * The flow of messages from kind to kind: how many a second, how long they wait and how long they are handled. It is counted where they are handled, while
 * somebody looks at it, and until a minute after: from the samples that are measured for their kind. While there are few that is each message; of more it
 * is one in so many, and the error of what they stand for is told.
 */
import type { Clock } from '../vocabulary/clock.ts';
import { kindOf } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { type Timing, TimingWindow } from './timing.ts';

/** Pairs of kinds that a process counts; what comes from further kinds is counted as from `OTHER_KINDS`. */
export const FLOW_PAIRS_MAX = 500;
/** So many standard deviations hold 95 of 100 cases. */
const DEVIATIONS = 1.96;
/** Pairs in one answer, those with the most messages. */
export const FLOW_SHOWN_MAX = 200;
/** Milliseconds that rates go back, at least where it was counted for so long; twice as many at most. */
export const FLOW_WINDOW_MS = 10_000;
/** Senders that are no actors: the program, clients, brokers. No kind can be named so. */
export const OUTSIDE = '(outside)';
export const OTHER_KINDS = '(other)';

/** A pair of kinds in one process. */
export interface FlowCount {
  readonly from: string;
  readonly to: string;
  readonly perSecond: number;
  readonly error: number;
  /** Messages since it is counted. */
  readonly count: number;
  readonly waitMs: Timing | undefined;
  readonly handlingMs: Timing | undefined;
}

/** The answer of one process. */
export interface FlowAnswer {
  readonly worker: number;
  readonly pairs: readonly FlowCount[];
}

/** Messages of one kind to another one, of the whole system. Times are milliseconds, of the last 10 to 20 seconds. */
export interface Flow {
  /** A kind, `OUTSIDE` or `OTHER_KINDS`. */
  readonly from: string;
  readonly to: string;
  readonly perSecond: number;
  /** By what part of itself `perSecond` may be off, in 95 of 100 cases; 0: every message was counted. */
  readonly error: number;
  /** Messages since it is counted. */
  readonly count: number;
  /** From the mailbox to the call of the handler. */
  readonly waitMs: FlowTimes | undefined;
  /** From the call of the handler to its end. */
  readonly handlingMs: FlowTimes | undefined;
}

export type FlowTimes = Pick<Timing, 'p50' | 'p99'>;

export interface MessageFlow {
  /** The busiest first. */
  readonly flows: readonly Flow[];
  /** Pairs that are left out, since there are too many. */
  readonly more: number;
  /** Workers that did not answer: their event loop is blocked, or they are ending. */
  readonly silent: readonly number[];
}

/** Counts of one pair, from samples. */
export class FlowPair {
  readonly waiting: TimingWindow = new TimingWindow();
  readonly handling: TimingWindow = new TimingWindow();
  count = 0;
  /** Of `count`: the variance that comes from the messages that were not seen. */
  #variance = 0;
  #before = { count: 0, variance: 0 };
  #turned = { count: 0, variance: 0 };

  /** A message was handled that stands for so many. */
  add(weight: number): void {
    this.count += weight;
    this.#variance += weight * (weight - 1);
  }

  /** Messages of the window that runs, and of the one before. */
  get recent(): number {
    return this.count - this.#before.count;
  }

  /** By what part of itself `recent` may be off, in 95 of 100 cases. */
  get error(): number {
    const variance = this.#variance - this.#before.variance;
    return variance === 0 ? 0 : (DEVIATIONS * Math.sqrt(variance)) / this.recent;
  }

  /** A new window begins. */
  turnWindow(): void {
    this.#before = this.#turned;
    this.#turned = { count: this.count, variance: this.#variance };
    this.waiting.turn();
    this.handling.turn();
  }
}

/** The messages that come to one kind. */
export class KindFlow {
  readonly #watch: FlowWatch;
  readonly pairs: Map<string, FlowPair> = new Map();

  constructor(watch: FlowWatch) {
    this.#watch = watch;
  }

  pairOf({ sender }: Envelope): FlowPair {
    const from = sender === undefined ? OUTSIDE : kindOf(sender);
    return this.pairs.get(from) ?? this.#newPair(from);
  }

  #newPair(from: string): FlowPair {
    const isRoom = this.#watch.takeRoom();
    const name = isRoom ? from : OTHER_KINDS;
    const pair = this.pairs.get(name) ?? new FlowPair();
    this.pairs.set(name, pair);
    return pair;
  }
}

/** All pairs of one process. */
export class FlowWatch {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #kinds = new Map<string, KindFlow>();
  #pairs = 0;
  #from: number;
  #windowFrom: number;

  constructor(clock: Clock, max: number = FLOW_PAIRS_MAX) {
    this.#clock = clock;
    this.#max = max;
    this.#from = this.#windowFrom = clock.now();
  }

  /** Of the actors of one kind. */
  of(kind: string): KindFlow {
    let flow = this.#kinds.get(kind);
    if (flow === undefined) this.#kinds.set(kind, (flow = new KindFlow(this)));
    return flow;
  }

  /** False: there are as many pairs as there may be. */
  takeRoom(): boolean {
    if (this.#pairs >= this.#max) return false;
    this.#pairs++;
    return true;
  }

  counts(): FlowCount[] {
    const now = this.#clock.now();
    const seconds = Math.max(1, now - this.#from) / 1_000;
    const counts = [...this.#kinds].flatMap(([to, { pairs }]) =>
      [...pairs].map(([from, pair]): FlowCount => {
        const { count, recent, error, waiting, handling } = pair;
        const [waitMs, handlingMs] = [waiting.timing(), handling.timing()];
        return { from, to, perSecond: recent / seconds, error, count, waitMs, handlingMs };
      }),
    );
    if (now - this.#windowFrom >= FLOW_WINDOW_MS) this.#turn(now);
    return counts;
  }

  /** Pairs that were quiet for a whole window make room for others. */
  #turn(now: number): void {
    this.#from = this.#windowFrom;
    this.#windowFrom = now;
    for (const { pairs } of this.#kinds.values())
      for (const [from, pair] of pairs) {
        pair.turnWindow();
        if (pair.recent > 0) continue;
        pairs.delete(from);
        if (from !== OTHER_KINDS) this.#pairs--;
      }
  }
}
