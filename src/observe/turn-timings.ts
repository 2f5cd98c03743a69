/**
 * How long messages wait in mailboxes, and how long their handlers take, by kind: sampled while somebody looks. A minute after the last
 * look nothing is measured any more, and a turn pays for one field that is undefined. Every message of a slow kind is measured, and few of a fast one.
 */
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { ActorRates } from './actor-rates.ts';
import { type Arrival, SampledMessages } from './sampled-messages.ts';
import { WATCHED_MS } from './loop-watch.ts';
import { type FlowCount, type FlowPair, FlowWatch, type KindFlow } from './message-flow.ts';
import { Sampler, samplesOfKind, SAMPLING_PERIOD_MS } from '../structures/sampler.ts';
import { traceParts } from './trace-context.ts';
import { type Timing, TIMING_WINDOW_MS, TimingWindow } from './timing.ts';

/** Milliseconds until the first figures of single actors. */
export const FIRST_RATES_MS = 1_000;

/** Turns that are measured, to one arrival. */
const TURNS_PER_ARRIVAL = 4;

/** The flag of W3C of a trace that is exported: nobody could look another one up. */
const SAMPLED = 1;

/** A turn that is measured. */
export interface TurnSample {
  readonly cell: object;
  readonly at: number;
  /** Of how many turns of its kind it is the sample. */
  readonly weight: number;
  /** Undefined while nobody looks at the flow of messages. */
  readonly pair: FlowPair | undefined;
}

/** Of the messages of one kind in one process. */
export class KindTimings {
  readonly #clock: Clock;
  readonly #sampled: () => void;
  readonly #arrived = new SampledMessages();
  readonly handling: TimingWindow = new TimingWindow();
  readonly waiting: TimingWindow = new TimingWindow();
  readonly #arrivals: Sampler;
  readonly #turns: Sampler;
  /** Undefined while nobody looks at single actors. */
  rates: ActorRates | undefined;
  /** Undefined while nobody looks at the flow of messages. */
  flow: KindFlow | undefined;

  /** `perSecond`: samples of turns; `sampled`: called for each sample. */
  constructor(clock: Clock, perSecond: number, random: () => number, sampled: () => void) {
    this.#clock = clock;
    this.#sampled = sampled;
    this.#arrivals = new Sampler(perSecond / TURNS_PER_ARRIVAL, random);
    this.#turns = new Sampler(perSecond, random);
  }

  /** Once for each message that comes into a mailbox: whether its waiting is measured, so that `arrives` is to be called. */
  isArrivalDue(): boolean {
    return this.#arrivals.isDue();
  }

  arrives(envelope: Envelope): void {
    this.#sampled();
    this.#arrived.add({ envelope, at: this.#clock.now(), weight: this.#arrivals.take() });
  }

  /** Once for each turn: whether it, or the waiting of its message, is measured, so that `begins` is to be called. */
  isTurnDue(envelope: Envelope): boolean {
    return this.#turns.isDue() || this.#arrived.has(envelope);
  }

  /** Its handler is called now. Undefined: the turn is not measured. */
  begins(cell: object, envelope: Envelope): TurnSample | undefined {
    const weight = this.#turns.take();
    if (weight > 0) this.#sampled();
    const arrival = this.#arrived.take(envelope);
    if (arrival === undefined && weight === 0) return undefined;
    return this.#measure(cell, envelope, weight, arrival);
  }

  #measure(cell: object, envelope: Envelope, weight: number, arrival: Arrival | undefined): TurnSample | undefined {
    const at = this.#clock.now();
    const pair = this.flow?.pairOf(envelope);
    if (arrival !== undefined) {
      this.waiting.add(at - arrival.at, arrival.weight);
      pair?.waiting.add(at - arrival.at, arrival.weight);
    }
    if (weight === 0) return undefined;
    pair?.add(weight);
    return { cell, at, weight, pair };
  }

  /** The handler of a sample is done, or has thrown. `trace`: the context of its turn, where it has one. */
  ends({ cell, at, weight, pair }: TurnSample, trace?: string): void {
    const ms = this.#clock.now() - at;
    pair?.handling.add(ms, weight);
    this.handling.add(ms, weight);
    this.rates?.add(cell, ms, weight);
    if (trace !== undefined) this.#trace(trace, ms);
  }

  /** How many messages are measured, from now on; `ms`: since the last time. False: that stays until the next sample. */
  adapt(ms: number): boolean {
    const isOfArrivals = this.#arrivals.adapt(ms);
    return this.#turns.adapt(ms) || isOfArrivals;
  }

  #trace(text: string, ms: number): void {
    const parts = traceParts(text);
    if (parts === undefined || (parts.flags & SAMPLED) === 0) return;
    const { traceId, spanId } = parts;
    this.handling.trace({ ms, traceId, spanId, at: this.#clock.wall() });
  }
}

/** Kinds that are measured; behaviours of actors are such. */
export interface Timed {
  timings: KindTimings | undefined;
}

export class TurnWatch {
  readonly #clock: Clock;
  readonly #kinds: ReadonlyMap<string, Timed>;
  readonly #random: () => number;
  #timer: Timer | undefined;
  #period: Timer | undefined;
  #periodFrom = 0;
  #windowFrom = 0;
  #rates: ActorRates | undefined;
  #ratesUntil = 0;
  #flow: FlowWatch | undefined;
  #flowUntil = 0;

  constructor(clock: Clock, kinds: ReadonlyMap<string, Timed>, random: () => number) {
    this.#clock = clock;
    this.#kinds = kinds;
    this.#random = random;
  }

  get isMeasuring(): boolean {
    return this.#timer !== undefined;
  }

  /** It is measured from now on, for a minute. */
  look(): void {
    const now = this.#clock.now();
    this.#endUnseen(now);
    const perSecond = samplesOfKind(this.#kinds.size);
    for (const kind of this.#kinds.values())
      kind.timings ??= new KindTimings(this.#clock, perSecond, this.#random, this.#sampled);
    if (this.#timer === undefined) this.#windowFrom = now;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(WATCHED_MS, () => this.close());
    if (now - this.#windowFrom < TIMING_WINDOW_MS) return;
    this.#windowFrom = now;
    for (const { timings } of this.#kinds.values()) {
      timings?.handling.turn();
      timings?.waiting.turn();
    }
  }

  /** Turns of single actors are counted from now on, for a minute; at the first call it takes a second to know some. */
  async lookAtActors(): Promise<void> {
    this.look();
    const isFirst = this.#rates === undefined;
    const now = this.#clock.now();
    this.#rates ??= new ActorRates(now);
    this.#ratesUntil = now + WATCHED_MS;
    for (const { timings } of this.#kinds.values()) if (timings) timings.rates = this.#rates;
    if (isFirst) await this.#firstFigures();
    this.#rates?.look(this.#clock.now());
  }

  /** The flow of messages is counted from now on, for a minute; at the first call it takes a second to know some. */
  async lookAtFlow(): Promise<FlowCount[]> {
    this.look();
    const isFirst = this.#flow === undefined;
    this.#flow ??= new FlowWatch(this.#clock);
    this.#flowUntil = this.#clock.now() + WATCHED_MS;
    for (const [kind, { timings }] of this.#kinds) if (timings) timings.flow = this.#flow.of(kind);
    if (isFirst) await this.#firstFigures();
    return this.#flow?.counts() ?? [];
  }

  /** An idle process has no periods, and is not woken for them. */
  readonly #sampled = (): void => {
    if (this.#period === undefined && this.#timer !== undefined) this.#beginPeriod(this.#clock.now());
  };

  #beginPeriod(now: number): void {
    this.#periodFrom = now;
    this.#period = this.#clock.setTimer(SAMPLING_PERIOD_MS, () => this.#endPeriod());
  }

  /** As many as there are kinds, twenty times a second at most: a message pays nothing for it. */
  #endPeriod(): void {
    const now = this.#clock.now();
    const ms = Math.max(1, now - this.#periodFrom);
    let isBusy = false;
    for (const { timings } of this.#kinds.values()) if (timings?.adapt(ms)) isBusy = true;
    this.#period = undefined;
    if (isBusy) this.#beginPeriod(now);
  }

  #firstFigures(): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(FIRST_RATES_MS, resolve));
  }

  /** Those who scrape metrics look at neither, and may do so for good. */
  #endUnseen(now: number): void {
    if (this.#rates !== undefined && now >= this.#ratesUntil) this.#rates = undefined;
    if (this.#flow !== undefined && now >= this.#flowUntil) this.#flow = undefined;
    for (const { timings } of this.#kinds.values()) {
      if (timings === undefined) continue;
      if (this.#rates === undefined) timings.rates = undefined;
      if (this.#flow === undefined) timings.flow = undefined;
    }
  }

  /** Actors whose turns were counted, with their turns in a second and the milliseconds of one; some may have ended. */
  eachCounted(visit: (cell: object, perSecond: number, ms: number) => void): void {
    this.#rates?.each(visit);
  }

  /** Turns in a second, and milliseconds of one; undefined: not known. */
  rateOf(cell: object): { perSecond: number; ms: number } | undefined {
    return this.#rates?.of(cell);
  }

  /** Undefined: nothing was measured yet. */
  of(kind: string): { handlingMs: Timing | undefined; waitMs: Timing | undefined } {
    const { handling, waiting } = this.#kinds.get(kind)?.timings ?? {};
    return {
      handlingMs: handling && handling.total.count > 0 ? handling.timing() : undefined,
      waitMs: waiting && waiting.total.count > 0 ? waiting.timing() : undefined,
    };
  }

  /** Nothing is measured, and no timer is left. */
  close(): void {
    this.#timer?.cancel();
    this.#period?.cancel();
    this.#timer = undefined;
    this.#period = undefined;
    this.#rates = undefined;
    this.#flow = undefined;
    for (const kind of this.#kinds.values()) kind.timings = undefined;
  }
}
